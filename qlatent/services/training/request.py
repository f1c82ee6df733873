"""The request for a training run. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qlatent.services.runs.specs import Source


@dataclass(frozen=True)
class TrainingRequest:
    """A request to train `head` with `objective` on the vectors of `dataset` by the encoder `encoder_key`.

    Without a key, the only encoder with stored vectors is used. `settings` are flat, as on the command line. With
    `source` "images", a backbone and the head are trained on the images; with "retrieval", queries are trained to find
    their answers: items of the same label, or those that the file `judgements` names.
    """

    dataset: str
    encoder_key: str | None = None
    head: str = "acqua"
    objective: str = "acqua"
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    source: Source = "vectors"
    judgements: str = ""
