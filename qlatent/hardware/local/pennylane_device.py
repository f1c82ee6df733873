"""Any device of PennyLane, installed with it or by a vendor's plug-in, asked row by row and waited for. Torch-free."""

from __future__ import annotations

from typing import Any

import numpy as np

from qlatent.circuits.circuit import Circuit
from qlatent.errors import QlatentError, RunError
from qlatent.hardware.local import ideal
from qlatent.hardware.local.session import AbstractSession, Part, Sizes, refuse_mitigation, rng
from qlatent.hardware.work import Work

_PART = 8


class PennyLaneDevice(AbstractSession):
    """Expectation values as the device gives them, with 0 shots if it can.

    Each item is one call, so that a device with a seed gives the same results however the items are split. Raises
    `CircuitError` for an unknown device; what a plug-in raises becomes a `RunError`.
    """

    part = _PART

    def __init__(self, work: Work, *, device: str, seed: int) -> None:
        from qlatent.circuits.bridges import to_pennylane  # seconds

        refuse_mitigation(f"pennylane:{device}", work)
        self.work, self.device, self.seed, self.shots = work, device, seed, work.options.shots
        self.repeatable = _asked(lambda: to_pennylane.takes_seed(device), device)

    def sizes(self) -> Sizes:
        return ideal.sizes(self.work, shots=self.work.options.shots)

    def calibration(self) -> dict[str, Any]:
        return {"device": self.device, "repeatable": self.repeatable}

    def measure(self, items: range) -> Part:
        rows = [row for batch in ideal.batches(self.work, items) for row in _rows(batch)]
        values = np.stack([self._measured(*row, item) for row, item in zip(rows, items, strict=True)])
        shots = self.work.options.shots
        if not shots:
            return Part(values, np.zeros_like(values), values, np.zeros((len(values), 0), np.int64))
        errors = np.sqrt(np.clip(1 - values**2, 0, None) / shots)
        return Part(values, errors, values, np.rint((1 - values) / 2 * shots).astype(np.int64))

    def _measured(self, circuit: Circuit, angles: np.ndarray, weights: np.ndarray, item: int) -> np.ndarray:
        from qlatent.circuits.bridges import to_pennylane

        seed = int(rng(self.seed, self.work, item).integers(2**31)) if self.repeatable else None
        shots = self.work.options.shots or None

        def measure() -> np.ndarray:
            node = to_pennylane.qnode(circuit, device=self.device, shots=shots, seed=seed)
            return np.array([float(value) for value in node(angles, weights)])

        found: np.ndarray = _asked(measure, self.device)
        return found


def _rows(batch: tuple[Circuit, np.ndarray, np.ndarray]) -> list[tuple[Circuit, np.ndarray, np.ndarray]]:
    circuit, angles, weights = batch
    return [(circuit, row, weights) for row in angles]


def _asked(ask: Any, device: str) -> Any:
    """What the device answers; whatever a plug-in raises becomes a `RunError`."""
    try:
        return ask()
    except QlatentError:
        raise
    except Exception as err:
        raise RunError(
            f"The PennyLane device {device!r} failed: {type(err).__name__}: {err}",
            remedy="Its plug-in says how to set it up; parts that are done are kept, and the run can be resumed.",
        ) from err
