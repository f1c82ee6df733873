"""What only a training from images says while it goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from qlatent.training.core.events import Event
from qlatent.training.images.probe import ProbeResult

Matrix = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Probed(Event):
    """The linear probe after `step` steps, on representations taken once."""

    epoch: int
    result: ProbeResult


@dataclass(frozen=True, slots=True)
class Views(Event):
    """Two views of the same m images after `step` steps: latents (m, k), and states (m, 2^W) of a circuit."""

    latents: tuple[Matrix, Matrix]
    states: tuple[Matrix, Matrix] | None
