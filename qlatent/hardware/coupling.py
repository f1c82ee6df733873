"""Which qubits of a device are coupled, and their errors, read from a snapshot's files without importing Qiskit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.hardware.device_map import coordinates
from qlatent.hardware.lines import best_line
from qlatent.hardware.snapshot_list import PAIR_GATES, folder_of

_MOST_ERROR = 0.5  # a pair or qubit with a larger error was out of order, as in `twins.py`
_PREPARED = ("prob_meas1_prep0", "prob_meas0_prep1")
Pair = tuple[int, int]


@dataclass(frozen=True)
class Coupling:
    """Coupled pairs of qubits with the error of their gate, and the error of reading each qubit."""

    pairs: Mapping[Pair, float]
    readout: tuple[float, ...]

    @cached_property
    def places(self) -> NDArray[np.float64]:
        """Where the qubits are drawn (qubits, 2): `device_map.coordinates`, computed once."""
        return coordinates(self.pairs, qubits=len(self.readout))

    def line(self, length: int) -> tuple[int, ...]:
        """The line of neighbours that is expected to make the fewest errors; empty where there is none."""
        pairs = {pair: -log(1 - error) for pair, error in self.pairs.items() if error < _MOST_ERROR}
        qubits = {each: -log(1 - error) for each, error in enumerate(self.readout) if error < _MOST_ERROR}
        try:
            return best_line(pairs, qubits, length=length)
        except InputError:
            return ()


@lru_cache(maxsize=64)
def of_snapshot(name: str) -> Coupling:
    """The coupling of a device with a snapshot, such as "fake_paris"; `InputError` for an unknown one."""
    folder = folder_of(name)
    properties = json.loads((folder / f"props_{folder.name}.json").read_bytes())
    pairs: dict[Pair, float] = {}
    for gate in properties["gates"]:
        error = _value(gate["parameters"], "gate_error")
        if gate["gate"] in PAIR_GATES and error is not None:
            first, second = sorted(gate["qubits"])
            pairs[first, second] = min(pairs.get((first, second), 1.0), error)
    return Coupling(pairs, tuple(_readout(qubit) for qubit in properties["qubits"]))


def _readout(qubit: list[dict[str, Any]]) -> float:
    """The mean error of reading 0 and 1; 1 where either is out of order or not told."""
    mean = _value(qubit, "readout_error")
    both = [value for name in _PREPARED if (value := _value(qubit, name)) is not None]
    if len(both) < len(_PREPARED):
        return 1.0 if mean is None else mean
    return 1.0 if max(both) >= _MOST_ERROR else sum(both) / 2


def _value(parameters: list[dict[str, Any]], name: str) -> float | None:
    return next((float(each["value"]) for each in parameters if each["name"] == name), None)
