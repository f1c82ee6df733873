"""Run Qiskit in a subprocess: circuit exports and device noise, usable from any thread. Torch-free.

If Qiskit 2.6.2 is first imported in a thread that ends, its use in another thread crashes the process, and a web server
handles each visit in such a thread. So only `qiskit_worker` imports it: a subprocess that starts on first use, restarts
after a crash, and ends with its parent.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from qlatent.circuits.circuit import Circuit
from qlatent.companion import Companion


def exported(circuit: Circuit, format: Literal["qasm3", "qpy"], inputs: ArrayLike | None = None) -> bytes:
    """The circuit as OpenQASM 3 (UTF-8) or QPY with symbolic angles; `inputs` (inputs,) are bound if given.

    Raises `UnavailableError` if Qiskit is not installed, or its process times out or crashes twice.
    """
    row = None if inputs is None else np.asarray(inputs, dtype=float).tolist()
    text: str = ask(format, circuit=circuit.to_json(), inputs=row)
    return base64.b64decode(text) if format == "qpy" else text.encode()


def devices() -> list[str]:
    """Names of devices with a noise snapshot; `UnavailableError` without qiskit-ibm-runtime."""
    found: list[str] = ask("devices")
    return found


@dataclass(frozen=True)
class OnDevice:
    """What a device would measure for one sample, and what it would run for it."""

    device: str
    calibrated: str  # when, ISO 8601
    values: tuple[float, ...]  # (observables,), without shot noise
    qubits: tuple[int, ...]  # the device's qubit that is read for each wire
    pair_gates: int  # two-qubit gates after transpiling
    pair_depth: int
    readout: float  # mean probability of misreading a bit


def on_device(circuit: Circuit, inputs: ArrayLike, weights: ArrayLike, *, device: str) -> OnDevice:
    """The expectation values of one sample, inputs (inputs,) and weights (weights,), on the twin of a device.

    Raises `InputError` for an unknown or too small device, and for more qubits than a density matrix can have.
    """
    angles = {"inputs": np.asarray(inputs, float).tolist(), "weights": np.asarray(weights, float).tolist()}
    found = ask("on_device", circuit=circuit.to_json(), device=device, **angles)
    return OnDevice(**found | {"values": tuple(found["values"]), "qubits": tuple(found["qubits"])})


@dataclass(frozen=True)
class Level:
    """A circuit as a device would run it after transpiling at one optimisation level."""

    level: int
    pair_gates: int  # two-qubit gates
    pair_depth: int  # layers of them
    depth: int  # layers of all gates
    swaps: int  # inserted to bring wires together; a swap is up to three two-qubit gates
    gates: Mapping[str, int]  # by the device's names
    start: tuple[int, ...]  # the device's qubit of each wire at the start
    end: tuple[int, ...]  # and where it is read
    pairs: tuple[tuple[int, int], ...]  # the couplings that have its two-qubit gates
    seconds: float  # of one execution with its reading; nan if the device tells no durations
    drawing: str  # SVG


@dataclass(frozen=True)
class Transpilings:
    """A circuit on a device, by optimisation level."""

    device: str
    calibrated: str  # ISO 8601
    levels: tuple[Level, ...]


def transpilings(
    circuit: Circuit, weights: ArrayLike, *, device: str, inputs: ArrayLike | None = None, seed: int = 0
) -> Transpilings:
    """The circuit with `weights` (weights,) bound, transpiled for a device such as "fake_paris" at every level.

    `inputs` are needed for amplitudes alone. Raises `InputError` for an unknown or too small device.
    """
    row = None if inputs is None else np.asarray(inputs, dtype=float).tolist()
    angles = {"inputs": row, "weights": np.asarray(weights, dtype=float).tolist()}
    return read(ask("levels", circuit=circuit.to_json(), device=device, seed=seed, **angles))


def read(found: Mapping[str, Any]) -> Transpilings:
    """What `levels.py` tells as JSON values."""
    levels = tuple(
        Level(
            **each
            | {"start": tuple(each["start"]), "end": tuple(each["end"])}
            | {"pairs": tuple((a, b) for a, b in each["pairs"])}
        )
        for each in found["levels"]
    )
    return Transpilings(found["device"], found["calibrated"], levels)


def ask(task: str, **arguments: Any) -> Any:
    """The worker's response to a task; arguments and response are JSON."""
    return _helper.ask(task, arguments)


_helper = Companion("qlatent.hardware.qiskit_worker", name="Qiskit")
