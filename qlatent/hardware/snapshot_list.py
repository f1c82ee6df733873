"""The devices with a calibration snapshot, read from the files of qiskit-ibm-runtime without importing Qiskit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

from qlatent.errors import InputError, UnavailableError

LEFT_OUT = {"armonk", "fractional", "nighthawk"}  # as in `snapshots.py`
MOST_ERROR = 0.5  # a device half of whose gates failed on that day is not offered
PAIR_GATES = ("ecr", "cz", "cx")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A device as it was on one day; `name` is that of its twin, such as "fake_paris"."""

    name: str
    qubits: int
    time: str  # ISO 8601
    pair_error: float  # median of the two-qubit gates
    readout_error: float  # median


@cache
def snapshots() -> tuple[Snapshot, ...]:
    """All snapshots by name; `UnavailableError` without qiskit-ibm-runtime."""
    read = [_read(folder) for folder in sorted(_root().iterdir()) if _offered(folder)]
    return tuple(each for each in read if each.pair_error <= MOST_ERROR)


def folder_of(name: str) -> Path:
    """The folder with the files of a snapshot, such as "fake_paris"; `InputError` for an unknown one."""
    if name not in {each.name for each in snapshots()}:
        raise InputError(
            f"There is no snapshot of a device {name!r}.", remedy="`qlatent hardware devices` lists them."
        )
    return _root() / name.removeprefix("fake_")


def _root() -> Path:
    found = find_spec("qiskit_ibm_runtime")
    if found is None or found.origin is None:
        raise UnavailableError(
            "The snapshots of IBM's devices come with qiskit-ibm-runtime, which is not installed.",
            remedy="Install it: pip install -r requirements.txt",
        )
    return Path(found.origin).parent / "fake_provider" / "backends"


def _offered(folder: Path) -> bool:
    return folder.name not in LEFT_OUT and (folder / f"props_{folder.name}.json").is_file()


def _read(folder: Path) -> Snapshot:
    configuration = json.loads((folder / f"conf_{folder.name}.json").read_bytes())
    properties = json.loads((folder / f"props_{folder.name}.json").read_bytes())
    pairs = [
        _value(gate["parameters"], "gate_error") for gate in properties["gates"] if gate["gate"] in PAIR_GATES
    ]
    readout = [_value(qubit, "readout_error") for qubit in properties["qubits"]]
    return Snapshot(
        f"fake_{folder.name}", int(configuration["n_qubits"]), str(properties["last_update_date"]),
        _median(pairs), _median(readout),
    )  # fmt: skip


def _value(parameters: list[dict[str, Any]], name: str) -> float | None:
    return next((float(each["value"]) for each in parameters if each["name"] == name), None)


def _median(values: list[float | None]) -> float:
    known = [each for each in values if each is not None]
    return float(median(known)) if known else float("nan")
