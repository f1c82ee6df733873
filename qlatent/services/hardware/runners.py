"""Open the runner of a job. Torch-free; Qiskit is imported by the runner, so call this in a process's main thread."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from qlatent.hardware.runner import AbstractRunner
from qlatent.registry import resolve
from qlatent.services.runs.specs import HardwareJob

Opened = Callable[..., AbstractRunner]
_OPEN = "qlatent.hardware.opening:open_runner"


def opened(spec: HardwareJob, *, folder: Path | None, broker: str = "") -> AbstractRunner:
    """The runner of a job's device; what computes here keeps its parts in `folder`.

    `broker` is the folder of the process that holds a visitor's key, "" where the key is in the environment or in the
    secrets file. Raises `InputError` for an unknown device and `KeyNeededError` without a key.
    """
    access: dict[str, Any] = {"access": Path(broker)} if broker else {}
    made: AbstractRunner = resolve(_OPEN)(spec.runs_on, seed=spec.options.seed, folder=folder, **access)
    return made
