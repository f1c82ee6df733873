"""The devices that a job can be executed on: simulators, twins of devices with a snapshot, and an account's own."""

from __future__ import annotations

from dataclasses import dataclass

from qlatent.circuits.circuit import QUBIT_LIMIT
from qlatent.errors import UnavailableError
from qlatent.hardware.opening import SIMULATORS
from qlatent.hardware.snapshot_list import snapshots


@dataclass(frozen=True, slots=True)
class Device:
    """A device by the name that a job takes; None where a device does not have something."""

    name: str
    kind: str  # simulator | twin | device
    qubits: int
    queue: int | None  # jobs that wait
    note: str = ""
    pair_error: float | None = None  # median of the two-qubit gates
    readout_error: float | None = None  # median
    calibrated: str = ""  # ISO 8601; of a twin the day of its snapshot
    online: bool = True


def offered() -> list[Device]:
    """The devices that need no account: simulators first, then twins by their qubits and names."""
    simulators = [Device(name, "simulator", QUBIT_LIMIT, 0, note) for name, note in SIMULATORS.items()]
    return [*simulators, *sorted(_twins(), key=lambda each: (each.qubits, each.name))]


def _twins() -> list[Device]:
    try:
        found = snapshots()
    except UnavailableError:  # simulators need no Qiskit
        return []
    return [
        Device(
            f"twin:{each.name}", "twin", each.qubits, 0, "Noise of a calibration snapshot, a best case.",
            each.pair_error, each.readout_error, each.time,
        )
        for each in found
    ]  # fmt: skip
