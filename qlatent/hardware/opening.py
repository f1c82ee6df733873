"""Open the runner of a device by its name. Torch-free; what a runner needs is imported with its first job."""

from __future__ import annotations

from pathlib import Path

from qlatent.errors import InputError
from qlatent.hardware.local.local_runner import LocalRunner
from qlatent.hardware.runner import AbstractRunner

SIMULATORS = {
    "exact": "Exact expectation values, without shots and without noise.",
    "shots": "A finite number of shots, without noise.",
}
"""Devices without an account and without noise."""


def open_runner(device: str, *, seed: int = 0, folder: Path | None = None) -> AbstractRunner:
    """The runner of "exact" or "shots".

    Runners that compute here keep their jobs in `folder`; another process that passes the same one goes on with them.
    Raises `InputError` for an unknown device.
    """
    if device == "exact":
        from qlatent.hardware.local.ideal import Exact

        return LocalRunner(device, Exact, folder=folder, packages=("torch",))
    if device == "shots":
        from qlatent.hardware.local.ideal import Shots

        return LocalRunner(
            device, lambda work: Shots(work, seed=seed), folder=folder, packages=("torch", "numba")
        )
    raise InputError(f"There is no device {device!r}.", remedy=f"Known: {', '.join(SIMULATORS)}.")
