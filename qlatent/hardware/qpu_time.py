"""What a job costs on a device: executions by mitigation, and QPU seconds by IBM's rule of thumb. Torch-free."""

from __future__ import annotations

from qlatent.hardware.work import Mitigation

JOB_SECONDS, EXECUTION_SECONDS = 2.0, 3.5e-4
"""Of each job, and of one execution: the pause between executions (250 µs), the circuit and its reading."""

NOISE_FACTORS = (1, 3, 5)
"""Zero-noise extrapolation repeats each item with its two-qubit gates folded this many times."""


def time_factor(mitigation: Mitigation, items: int) -> float:
    """How many times as many executions as without mitigation a job of `items` items takes."""
    calibrating = {"none": 0, "readout": 2, "trex": 1, "zne": 1}[mitigation]
    repeated = len(NOISE_FACTORS) if mitigation == "zne" else 1
    return repeated + calibrating / max(items, 1)


def qpu_seconds(executions: float, *, parts: int = 1) -> float:
    """QPU seconds of this many executions (items × shots, mitigation included) in `parts` jobs."""
    return JOB_SECONDS * parts + EXECUTION_SECONDS * executions
