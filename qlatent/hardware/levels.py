"""A circuit as a device would run it, by optimisation level: gates, swaps, places, duration, drawing. Torch-free.

It imports Qiskit: see `transpiling`. `qiskit_process` asks for it from any thread.
"""

from __future__ import annotations

import re
from typing import Any

from qiskit.providers import BackendV2

from qlatent.circuits.bridges import to_qiskit
from qlatent.circuits.circuit import Circuit, Operation
from qlatent.circuits.drawings import svg
from qlatent.circuits.measurements import measurements
from qlatent.hardware import snapshots, transpiling, twins

LEVELS = (0, 1, 2, 3)
_NAMES = {"cx": "CNOT", "sx": "√X", "swap": "SWAP"}
_NUMBER = re.compile(r"\d+\.\d+")


def on_snapshot(circuit: Circuit, inputs: Any, weights: Any, *, device: str, seed: int = 0) -> dict[str, Any]:
    """The circuit on the device "fake_paris" at each level, as JSON values.

    `inputs` (inputs,) are bound if they are amplitudes; angles stay symbolic, as in a job. Raises `InputError` for an
    unknown device, and one with fewer qubits than the circuit.
    """
    backend = snapshots.backend(device.removeprefix(twins.PREFIX))
    return on_backend(circuit, inputs, weights, backend, seed=seed) | {
        "device": twins.known(device),
        "calibrated": twins.calibrated(device),
    }


def on_backend(
    circuit: Circuit, inputs: Any, weights: Any, backend: BackendV2, *, seed: int = 0
) -> dict[str, Any]:
    """As `on_snapshot`, for any backend with a target; without its name and the time of its calibration."""
    first = measurements(circuit)[0].circuit
    bound = to_qiskit.bind(first, inputs if circuit.encoding == "amplitudes" else None, weights)
    return {"levels": [_level(bound, backend, level, seed) for level in LEVELS]}


def drawing(made: transpiling.Transpiled) -> str:
    """The transpiled circuit as SVG, one line for each of the device's qubits that it uses, labelled Q7."""
    own = list(made.start)
    used = {made.circuit.find_bit(bit).index for step in made.circuit.data for bit in step.qubits}
    rows = {qubit: row for row, qubit in enumerate([*own, *sorted(used - set(own))])}
    steps = tuple(
        Operation(
            _NAMES.get(step.operation.name, step.operation.name.upper()),
            tuple(rows[made.circuit.find_bit(bit).index] for bit in step.qubits),
            tuple(_angle(each) for each in step.operation.params),
        )
        for step in made.circuit.data
    )
    measured = tuple((("Z", rows[qubit]),) for qubit in made.end)
    name = made.circuit.name or "transpiled"
    return svg.draw(svg.Picture(steps, tuple(f"Q{qubit}" for qubit in rows), name=name, observables=measured))


def _angle(value: Any) -> Any:
    """A number with three digits; an expression of inputs as it is written."""
    try:
        return f"{float(value):.3g}"
    except TypeError:
        return _NUMBER.sub(lambda found: f"{float(found[0]):.3g}", str(value)).replace("*", "·")


def _level(circuit: Any, backend: BackendV2, level: int, seed: int) -> dict[str, Any]:
    (made,) = transpiling.transpiled([circuit], backend.target, level=level, seed=seed)
    return {
        "level": level,
        "pair_gates": made.pair_gates,
        "pair_depth": made.pair_depth,
        "depth": int(made.circuit.depth()),
        "swaps": made.swaps,
        "gates": {name: int(count) for name, count in made.circuit.count_ops().items()},
        "start": list(made.start),
        "end": list(made.end),
        "pairs": _pairs(made),
        "seconds": made.seconds(backend.target),
        "drawing": drawing(made),
    }


def _pairs(made: transpiling.Transpiled) -> list[list[int]]:
    """The couplings on which the circuit has two-qubit gates, each once."""
    places = [sorted(made.circuit.find_bit(bit).index for bit in step.qubits) for step in made.circuit.data]
    return [list(pair) for pair in sorted({tuple(each) for each in places if len(each) == 2})]
