"""Events that only training on images yields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from qlatent.training.core.events import Event
from qlatent.training.images.probe import ProbeResult

Matrix = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Probed(Event):
    """Result of the linear probe after `step` steps, on representations computed once."""

    epoch: int
    result: ProbeResult


@dataclass(frozen=True, slots=True)
class Views(Event):
    """Latents (m, k) of two views of the same m images after `step` steps, and the circuit's states (m, 2^W)."""

    latents: tuple[Matrix, Matrix]
    states: tuple[Matrix, Matrix] | None
