"""What a runner that computes here asks of a simulator: one session a job, one part after the other. Torch-free."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.hardware.work import Mitigation, Work

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Part:
    """Results of some items, as in `Outcome`: (items, observables) each, `counts` (items, 0) where not sampled."""

    expectations: Array
    errors: Array
    raw: Array
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Sizes:
    """What a job consists of; the fields are those of `Estimate`."""

    circuits: int
    executions: int
    pair_gates: int
    depth: int
    standard_error: float
    payload_bytes: int = 0
    slope: float = 1.0


class AbstractSession(ABC):
    """A job that is being computed. The results of an item depend on the work and the seed, and on nothing else."""

    work: Work
    shots: int
    """Measurements of an item; 0 if the values are exact."""
    part: int
    """Items that are computed between two looks at the progress."""
    tried: int = 4
    """Items by which the CPU time is estimated."""

    @abstractmethod
    def sizes(self) -> Sizes:
        """What the job consists of."""

    @abstractmethod
    def calibration(self) -> Mapping[str, Any]:
        """With which errors and when measured, as JSON values."""

    @abstractmethod
    def measure(self, items: range) -> Part:
        """The results of these items of the work."""


def rng(seed: int, work: Work, item: int) -> np.random.Generator:
    """The generator of an item, the same however the items are split into parts."""
    return np.random.default_rng([seed % 2**63, work.options.seed % 2**63, item])


def refuse_mitigation(device: str, work: Work, *, allowed: tuple[Mitigation, ...] = ("none",)) -> None:
    """Raises `InputError` for a mitigation that this device would ignore."""
    if (wanted := work.options.mitigation) not in allowed:
        raise InputError(
            f"Mitigation {wanted!r} changes nothing on {device!r}, which has no noise of a device.",
            remedy="Use mitigation 'none' here, or a twin or a device.",
        )


def refuse_no_shots(what: str, work: Work) -> None:
    """Raises `InputError` for 0 shots."""
    if not work.options.shots:
        raise InputError(
            f"{what} measures shots, and 0 were asked for.",
            remedy="Ask for 1 or more, or use the device 'exact'.",
        )
