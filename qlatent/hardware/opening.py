"""Open the runner of a device by its name. Torch-free; what a runner needs is imported with its first job."""

from __future__ import annotations

from pathlib import Path

from qlatent.errors import InputError
from qlatent.hardware.local.local_runner import LocalRunner
from qlatent.hardware.local.session import AbstractSession
from qlatent.hardware.runner import AbstractRunner
from qlatent.hardware.work import Work

SIMULATORS = {
    "exact": "Exact expectation values, without shots and without noise.",
    "shots": "A finite number of shots, without noise.",
}
"""Devices without an account and without noise."""


TWIN = "twin:"
"""Prefix of the twins of devices with a bundled calibration, such as "twin:fake_paris"."""

PENNYLANE = "pennylane:"
"""Prefix of PennyLane's devices, such as "pennylane:default.qubit"."""


def open_runner(
    device: str, *, seed: int = 0, folder: Path | None = None, access: Path | None = None
) -> AbstractRunner:
    """The runner of "exact", "shots", "twin:fake_paris" (or "twin:paris"), "pennylane:default.qubit" or "ibm_fez".

    Other names without a prefix are devices of IBM's: with a visitor's key, `access` is the folder of its broker.

    Runners that compute here keep their jobs in `folder`; another process that passes the same one goes on with them.
    A twin imports Qiskit: open it in the main thread of a worker process. Raises `InputError` for an unknown device.
    """
    if device == "exact":
        from qlatent.hardware.local.ideal import Exact

        return LocalRunner(device, Exact, folder=folder, packages=("torch",))
    if device == "shots":
        from qlatent.hardware.local.ideal import Shots

        return LocalRunner(
            device, lambda work: Shots(work, seed=seed), folder=folder, packages=("torch", "numba")
        )
    if device.startswith(TWIN):
        return _twin(device.removeprefix(TWIN), seed=seed, folder=folder)
    if device.startswith(PENNYLANE):
        return _pennylane(device.removeprefix(PENNYLANE), seed=seed, folder=folder)
    if ":" not in device:
        from qlatent.hardware.ibm.opening import open_ibm

        return open_ibm(device, access)
    raise InputError(
        f"There is no device {device!r}.",
        remedy=f"Known: {', '.join(SIMULATORS)}, {TWIN}fake_paris and other twins, {PENNYLANE}default.qubit and "
        "other devices of PennyLane.",
    )


def _twin(name: str, *, seed: int, folder: Path | None) -> AbstractRunner:
    from qlatent.hardware import twins
    from qlatent.hardware.local.noisy import NoisyTwin

    name = twins.known(name)

    def opened(work: Work) -> AbstractSession:
        if work.options.mitigation in ("trex", "zne"):
            from qlatent.hardware.ibm.estimated_twin import EstimatedTwin

            return EstimatedTwin(work, device=name, seed=seed)
        return NoisyTwin(work, device=name, seed=seed)

    return LocalRunner(
        f"{TWIN}{name}",
        opened,
        folder=folder,
        packages=("qiskit", "qiskit-aer", "qiskit-ibm-runtime"),
        calibration=twins.calibrated(name),
    )


def _pennylane(name: str, *, seed: int, folder: Path | None) -> AbstractRunner:
    from qlatent.hardware.local.pennylane_device import PennyLaneDevice

    def opened(work: Work) -> PennyLaneDevice:
        return PennyLaneDevice(work, device=name, seed=seed)

    return LocalRunner(f"{PENNYLANE}{name}", opened, folder=folder, packages=("pennylane",))
