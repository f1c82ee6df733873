"""The devices of an instance: a list by one request, and the calibration of one device at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from qlatent.errors import AbsentError
from qlatent.hardware.ibm import causes
from qlatent.hardware.ibm.connection import Connection

ONLINE = "online"
_PAIR_GATES = ("cz", "ecr", "cx")


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """A device as the instance lists it; `queue` is None where it is not told."""

    name: str
    qubits: int
    queue: int | None
    status: str

    @property
    def online(self) -> bool:
        """Whether it takes jobs."""
        return self.status == ONLINE


@dataclass(frozen=True, slots=True)
class Calibration:
    """Errors of a device as of a calibration: by qubit and by coupled pair; `time` is ISO 8601."""

    device: str
    time: str
    readout: tuple[float, ...]  # (qubits,) mean error of reading 0 and 1; nan where not told
    pairs: Mapping[tuple[int, int], float]  # error of the two-qubit gate, each pair once
    single: float  # median error of √X

    @property
    def median_readout(self) -> float:
        """Over all qubits."""
        return _median(self.readout)

    @property
    def median_pair(self) -> float:
        """Over all pairs."""
        return _median(self.pairs.values())


def listed(connection: Connection) -> tuple[ListedDevice, ...]:
    """The devices of the connection's instance in order of their queues, without simulators; one request."""
    entries = connection.answer(connection.client.list_backends)
    found = [_listed(entry) for entry in entries if entry.get("class") != "mock"]
    return tuple(sorted(found, key=lambda each: (not each.online, each.queue or 0, each.name)))


def find(connection: Connection, name: str, *, qubits: int = 0) -> ListedDevice:
    """The device of this name that takes jobs of so many qubits, or the error that tells why there is none."""
    devices = listed(connection)
    for device in devices:
        if device.name == name:
            if not device.online:
                raise causes.in_maintenance(name, device.status)
            if device.qubits < qubits:
                raise causes.too_small(name, device.qubits, qubits)
            _require_operation(connection, name)
            return device
    raise causes.no_device(name, [device.name for device in devices])


def calibration(connection: Connection, name: str, *, before: Any = None) -> Calibration:
    """The calibration of a device that is in force, or was `before` a time (an aware datetime); one request.

    Raises `AbsentError` with the devices that the instance has, if this is none of them.
    """
    try:
        told = connection.answer(connection.client.backend_properties, name, datetime=before)
    except AbsentError as err:
        raise causes.no_device(name, [each.name for each in listed(connection)]) from err
    told = told or {}
    readout = [_value(qubit, "readout_error") for qubit in told.get("qubits", [])]
    pairs: dict[tuple[int, int], float] = {}
    singles: list[float] = []
    for gate in told.get("gates", []):
        error = _value(gate["parameters"], "gate_error")
        if gate["gate"] in _PAIR_GATES:
            a, b = gate["qubits"]
            pairs.setdefault((min(a, b), max(a, b)), error)
        elif gate["gate"] == "sx":
            singles.append(error)
    return Calibration(name, str(told.get("last_update_date", "")), tuple(readout), pairs, _median(singles))


def _require_operation(connection: Connection, name: str) -> None:
    """Raises if the device itself says that it takes no jobs, whatever the list says."""
    told = connection.answer(connection.client.backend_status, name)
    if not told["operational"]:
        raise causes.in_maintenance(name, told["status_msg"] or "not operational")


def _listed(entry: Mapping[str, Any]) -> ListedDevice:
    status = entry.get("status") or {}
    queue = entry.get("queue_length")
    return ListedDevice(
        entry["name"],
        int(entry.get("qubits") or entry.get("physical_qubits") or 0),
        None if queue is None else int(queue),
        str(status.get("name", ONLINE) if isinstance(status, Mapping) else status),
    )


def _value(values: list[dict[str, Any]], name: str) -> float:
    return next((float(value["value"]) for value in values if value["name"] == name), float("nan"))


def _median(values: Any) -> float:
    known = [value for value in values if value == value]
    return float(median(known)) if known else float("nan")
