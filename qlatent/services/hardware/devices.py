"""The devices that a job can be executed on: simulators, twins of devices with a snapshot, and an account's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qlatent.circuits.circuit import QUBIT_LIMIT
from qlatent.errors import UnavailableError
from qlatent.hardware.coupling import Coupling, of_snapshot
from qlatent.hardware.ibm.access import unattended
from qlatent.hardware.opening import SIMULATORS
from qlatent.hardware.snapshot_list import snapshots
from qlatent.settings import settings


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


def of_account(broker: str = "") -> list[Device]:
    """The devices of an account, online ones with the shortest queue first; empty without a key.

    `broker` is the folder of the process that holds a visitor's key. Without one the installation's own key is used,
    and Qiskit imported: call it in a process's main thread then. Raises the cause if IBM does not answer.
    """
    if broker:
        from qlatent.hardware.ibm.brokered import ask

        found: list[dict[str, Any]] = ask(Path(broker), "devices")
        return [_listed(**each) for each in found]
    given = unattended()
    if given is None:
        return []
    from qlatent.hardware.ibm import devices
    from qlatent.hardware.ibm.connection import Connection

    listed = devices.listed(Connection(given, url=settings().ibm_url))
    return [_listed(each.name, each.qubits, each.queue, each.status) for each in listed]


def _listed(name: str, qubits: int, queue: int | None, status: str) -> Device:
    return Device(name, "device", qubits, queue, f"Its status is {status}.", online=status == "online")


def coupling(device: str) -> Coupling:
    """Which qubits of a twin's device ("twin:fake_paris") are coupled, and their errors on the day of the snapshot."""
    return of_snapshot(device.removeprefix("twin:"))


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
