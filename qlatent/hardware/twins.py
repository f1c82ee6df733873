"""Twins of devices: the best line of as many qubits as a circuit has, with the errors of the device. Torch-free.

Simulating a whole device of 27 or 156 qubits takes a hundred times as long, and its other qubits change nothing. The
twin has the device's gates, durations, relaxation times and readout errors on its line; like every noise model of a
calibration it is a best case: no crosstalk, no drift, no idle errors. It imports Qiskit: see `transpiling`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import Target
from qiskit_aer.noise import NoiseModel, ReadoutError

from qlatent.errors import InputError
from qlatent.hardware import snapshots
from qlatent.hardware.lines import best_line

Array = NDArray[np.float64]
PREFIX = "fake_"
_MOST_ERROR = 0.5  # a pair or qubit with a larger error was out of order


@dataclass(frozen=True, eq=False)
class Twin:
    """A small device that behaves like the best line of a large one.

    `line` are the qubits of the device, in the order of the twin's qubits; `readout` (qubits, 2) are the probabilities
    of reading 1 after preparing 0, and 0 after preparing 1.
    """

    device: str
    line: tuple[int, ...]
    target: Target
    readout: Array
    calibrated: str  # when, ISO 8601; "" if unknown

    @cached_property
    def backend(self) -> BackendV2:
        """The twin as a backend of Qiskit."""
        return _Line(self.target, f"twin_{self.device}")

    @cached_property
    def noise(self) -> NoiseModel:
        """Qiskit Aer's noise model of its calibration: depolarising gates, relaxation, readout."""
        made = NoiseModel.from_backend(self.backend, readout_error=False)
        for qubit, (up, down) in enumerate(self.readout):
            made.add_readout_error(ReadoutError([[1 - up, up], [down, 1 - down]]), [qubit])
        return made

    def calibration(self) -> dict[str, Any]:
        """The device, its calibration's time, and the errors on the line, as JSON values."""
        return {
            "device": self.device,
            "calibrated": self.calibrated,
            "line": list(self.line),
            "readout": self.readout.tolist(),
            "pairs": [
                [self.line[a], self.line[b], error]
                for (a, b), error in sorted(pair_errors(self.target).items())
            ],
        }


class _Line(BackendV2):
    """A backend of this target alone."""

    def __init__(self, target: Target, name: str) -> None:
        super().__init__(name=name)
        self._own = target

    @property
    def target(self) -> Target:
        return self._own

    @property
    def max_circuits(self) -> None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def run(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError("A twin is simulated with its noise model.")


def known(name: str) -> str:
    """The name of a device with a bundled snapshot as "fake_paris", given so or as "paris"; else `InputError`."""
    short = name.removeprefix(PREFIX)
    snapshots.backend(short)
    return f"{PREFIX}{short}"


def calibrated(name: str) -> str:
    """When the device "fake_paris" was calibrated, ISO 8601; "" if unknown."""
    return _time(_properties(snapshots.backend(name.removeprefix(PREFIX))))


@lru_cache(maxsize=32)
def of_snapshot(name: str, qubits: int) -> Twin:
    """The twin of a device with a bundled snapshot, such as "fake_paris", with this many qubits.

    Raises `InputError` for an unknown device, or one without so many working neighbours.
    """
    return twin(snapshots.backend(name.removeprefix(PREFIX)), qubits, device=known(name))


def twin(backend: BackendV2, qubits: int, *, device: str) -> Twin:
    """The twin of any backend with a target and errors; raises `InputError` if it is too small."""
    target, properties = backend.target, _properties(backend)
    if qubits > (target.num_qubits or 0):
        raise InputError(
            f"The circuit has {qubits} qubits, {device} has {target.num_qubits}.",
            remedy="Choose a larger device, or a head with fewer qubits.",
        )
    readout = _readout(target, properties)
    good = {
        qubit: -log(1 - sum(errors) / 2) for qubit, errors in readout.items() if max(errors) < _MOST_ERROR
    }
    pairs = {pair: -log(1 - error) for pair, error in pair_errors(target).items() if error < _MOST_ERROR}
    line = best_line(pairs, good, length=qubits)
    return Twin(
        device,
        line,
        _reduced(target, line),
        np.array([readout[qubit] for qubit in line]),
        _time(properties),
    )


def pair_errors(target: Target) -> dict[tuple[int, int], float]:
    """The error of the two-qubit gate of each pair, the smallest one where it has several or both directions."""
    found: dict[tuple[int, int], float] = {}
    for name in target.operation_names:
        for qubits, properties in (target[name] or {}).items():
            if qubits is None or len(qubits) != 2 or properties is None or properties.error is None:
                continue
            pair = (min(qubits), max(qubits))
            found[pair] = min(found.get(pair, 1.0), properties.error)
    return found


def _properties(backend: BackendV2) -> Any:
    """The calibration of a device of IBM; None for a backend that has only a target."""
    read = getattr(backend, "properties", None)
    return read() if callable(read) else None


def _time(properties: Any) -> str:
    last = getattr(properties, "last_update_date", None)
    return last.isoformat() if last else ""


def _readout(target: Target, properties: Any) -> dict[int, tuple[float, float]]:
    """Of each qubit the probabilities of reading 1 after 0 and 0 after 1; equal where only their mean is known."""
    found = {}
    for (qubit,), measured in target["measure"].items():
        error = measured.error if measured and measured.error is not None else 0.0
        known = properties.qubit_property(qubit) if properties is not None else {}
        up, down = (known.get(name, (error,))[0] for name in ("prob_meas1_prep0", "prob_meas0_prep1"))
        found[qubit] = (float(up), float(down))
    return found


def _reduced(target: Target, line: tuple[int, ...]) -> Target:
    """The target of the qubits of the line alone, renumbered from 0.

    Leaving the others in without couplings makes Qiskit 2.6.2 panic.
    """
    number = {qubit: place for place, qubit in enumerate(line)}
    known = target.qubit_properties
    made = Target(
        num_qubits=len(line),
        dt=target.dt,
        qubit_properties=[known[qubit] for qubit in line] if known else None,
    )
    for name in target.operation_names:
        places = target[name]
        if places is None or None in places:  # control flow, on any qubits
            continue
        own = {
            tuple(number[qubit] for qubit in qubits): properties
            for qubits, properties in places.items()
            if all(qubit in number for qubit in qubits) and not _broken(qubits, properties)
        }
        if own:
            made.add_instruction(target.operation_from_name(name), own, name=name)
    return made


def _broken(qubits: tuple[int, ...], properties: Any) -> bool:
    error = getattr(properties, "error", None)
    return len(qubits) > 1 and error is not None and error >= _MOST_ERROR
