"""What somebody asks to be trained. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from qlatent.services.runs.specs import Source


@dataclass(frozen=True)
class TrainingRequest:
    """Train `head` towards `objective` on the vectors that encoder `encoder_key` made of `dataset`.

    Without a key the one encoder whose vectors are there is taken; `settings` are flat, as on the command
    line. With `source` "images" a backbone is trained under the head, from the images themselves; with "retrieval"
    queries learn to find their answers: items of their label, or what the file `judgements` names.
    """

    dataset: str
    encoder_key: str | None = None
    head: str = "acqua"
    objective: str = "acqua"
    settings: Mapping[str, Any] = field(default_factory=dict)
    name: str = ""
    source: Source = "vectors"
    judgements: str = ""
