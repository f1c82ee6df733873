from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from qlatent.circuits import layouts
from qlatent.circuits.circuit import Circuit, Operation, Parameter, constant, input_, weight
from qlatent.circuits.gates import GATES
from qlatent.errors import CircuitError
from tests.circuits import exported

Z0 = ((("Z", 0),),)


@pytest.mark.parametrize(
    "circuit",
    [
        layouts.dressed(4, 6),
        layouts.qssl_ring(3, 2),
        Circuit(2, (Operation("RX", (1,), (constant(0.5),)),), ((("X", 0), ("Y", 1)),), "named", 20),
    ],
)
def test_json_gives_an_equal_circuit_with_the_same_hash(circuit: Circuit) -> None:
    again = Circuit.from_json(circuit.to_json())
    assert again == circuit
    assert hash(again) == hash(circuit)


CHILD = """
import pickle, sys
from qlatent.circuits import layouts
circuit = pickle.loads(bytes.fromhex(sys.stdin.read()))
again = layouts.qssl_ring(3, 2)
assert circuit == again and circuit in {again}
print(hash(circuit), hash(again))
"""


def test_a_hash_is_the_same_after_pickling_and_in_every_process() -> None:
    circuit = layouts.qssl_ring(3, 2)
    wanted = hash(circuit)
    assert hash(pickle.loads(pickle.dumps(circuit))) == wanted  # noqa: S301
    for salt in ("1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", CHILD], input=pickle.dumps(circuit).hex(), text=True, check=True,
            capture_output=True, env={**os.environ, "PYTHONHASHSEED": salt},
        )  # fmt: skip
        assert run.stdout.split() == [str(wanted)] * 2


def test_equal_circuits_have_equal_hashes_for_any_number_types() -> None:
    plain = Circuit(2, (Operation("RX", (1,), (constant(0.0),)), Operation("RY", (0,), (weight(0),))), Z0)
    ways = [
        Circuit(
            np.int64(2),  # type: ignore[arg-type]
            [
                Operation("RX", np.array([1]), [constant(np.float32(-0.0))]),  # type: ignore[arg-type]
                Operation("RY", (np.uint8(0),), (weight(np.int32(0)),)),  # type: ignore[arg-type]
            ],
            [[["Z", np.int16(0)]]],  # type: ignore[arg-type, list-item]
        ),
        Circuit.from_json(plain.to_json()),
    ]
    for circuit in ways:
        assert circuit == plain and hash(circuit) == hash(plain)
        assert circuit.to_json() == plain.to_json()
        assert all(type(wire) is int for operation in circuit.operations for wire in operation.wires)


def test_a_matrix_of_numpy_is_taken_for_its_rows() -> None:
    swap = np.eye(4)[[0, 2, 1, 3]]
    circuit = Circuit(2, (Operation("Unitary", (0, 1), matrix=swap),), Z0)  # type: ignore[arg-type]
    assert Circuit.from_json(circuit.to_json()) == circuit


@pytest.mark.parametrize(
    ("wires", "message"),
    [
        ((0.0,), r"RX: a wire is 0\.0, expected a whole number"),
        (("0",), r"RX: a wire is '0', expected a whole number"),
        ((None,), r"RX: a wire is None"),
        (0, r"the wires are 0, expected a tuple"),
        ("01", r"the wires are '01', expected a tuple"),
    ],
)
def test_wires_that_are_no_whole_numbers_are_refused_at_once(wires: Any, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        Operation("RX", wires, (weight(0),))


def test_angles_and_matrices_of_no_numbers_are_refused_at_once() -> None:
    with pytest.raises(CircuitError, match=r"the index is 0\.5, expected a whole number"):
        weight(0.5)  # type: ignore[arg-type]
    with pytest.raises(CircuitError, match="the value is 'π', expected a number"):
        constant("π")  # type: ignore[arg-type]
    with pytest.raises(CircuitError, match="the matrix holds no rows of numbers"):
        Operation("Unitary", (0,), matrix=("01", None))  # type: ignore[arg-type]
    with pytest.raises(CircuitError, match=r"The number of qubits is 2\.0"):
        Circuit(2.0, (), Z0)  # type: ignore[arg-type]


def test_counts_inputs_and_weights_by_their_indices() -> None:
    shared = Circuit(
        1,
        (
            Operation("RY", (0,), (input_(0),)),
            Operation("RX", (0,), (weight(0),)),
            Operation("RZ", (0,), (weight(0),)),
            Operation("RZ", (0,), (weight(1),)),
        ),
        Z0,
    )
    assert (shared.inputs, shared.weights) == (1, 2)


def test_a_circuit_is_real_while_all_its_gates_are() -> None:
    assert layouts.dressed(4, 6).real
    assert not layouts.qssl_ring(4, 1).real
    assert {name for name, gate in GATES.items() if gate.real} == {
        *("H", "X", "Z", "RY", "CNOT", "CZ", "CRY", "SWAP"),
    }


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (Operation("CNTO", (0, 1)), r"Operation 1 \(CNTO on wires 0, 1\): there is no such gate.*'CNOT'"),
        (Operation("H", (2,)), r"Operation 1 \(H on wires 2\): there is no wire 2\. Use wires 0 to 1"),
        (Operation("H", (-1,)), r"there is no wire -1"),
        (Operation("CNOT", (1, 1)), r"CNOT takes 2 different wires"),
        (Operation("H", (0, 1)), r"H takes 1 different wires"),
        (Operation("RY", (0,)), r"RY takes 1 angles, got 0"),
        (Operation("H", (0,), (weight(0),)), r"H takes 0 angles, got 1"),
        (Operation("RY", (0,), (weight(2),)), r"No operation uses weight 0, but weight 2 is used"),
        (Operation("RY", (0,), (input_(1),)), r"No operation uses input 0, but input 1 is used"),
        (Operation("RY", (0,), (weight(-1),)), r"negative index -1"),
        (Operation("RY", (0,), (constant(float("nan")),)), r"the constant nan is not finite"),
        (Operation("RY", (0,), (Parameter("angle"),)), r"unknown kind of parameter 'angle'"),  # type: ignore[arg-type]
    ],
)
def test_an_inconsistent_operation_is_named(operation: Operation, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        Circuit(2, (Operation("H", (0,)), operation), Z0)


@pytest.mark.parametrize(
    ("observables", "message"),
    [
        ((), "measures nothing"),
        (((),), "not a Pauli word"),
        (((("W", 0),),), "not a Pauli word"),
        (((("Z", 0), ("X", 0)),), "not a Pauli word"),
        (((("Z", 2),),), "names a wire that does not exist"),
        (((("Z", -1),),), "names a wire that does not exist"),
        (((("Z", 0.0),),), r"a wire is 0\.0, expected a whole number"),
        ((("Z", 0),), r"\('Z', 0\) is not a Pauli word.*Pair letters with wires"),
    ],
)
def test_an_impossible_observable_is_named(observables: tuple, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        Circuit(2, (), observables)


def test_more_than_16_qubits_must_be_asked_for_and_the_memory_is_named() -> None:
    with pytest.raises(CircuitError, match=r"20 qubits need 8 MiB for each sample.*qubit_limit=20"):
        layouts.dressed(20, 1)
    assert layouts.dressed(20, 1, qubit_limit=20).qubits == 20


def test_a_circuit_without_qubits_is_refused() -> None:
    with pytest.raises(CircuitError, match="0 qubits"):
        Circuit(0, (), Z0)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "not json"])
def test_another_document_is_not_a_circuit(text: str) -> None:
    with pytest.raises(CircuitError, match="not a circuit document"):
        Circuit.from_json(text)


def test_an_unknown_kind_of_parameter_in_json_is_refused() -> None:
    document = json.loads(layouts.dressed(2, 1).to_json())
    document["operations"][-1][2] = [{"gradient": 0}]
    with pytest.raises(CircuitError, match="not a circuit document"):
        Circuit.from_json(json.dumps(document))


def test_a_newer_format_is_refused() -> None:
    document = json.loads(layouts.dressed(2, 1).to_json()) | {"format": 2}
    with pytest.raises(CircuitError, match="format 2, expected 1"):
        Circuit.from_json(json.dumps(document))


def test_circuits_can_be_described_and_drawn_without_torch() -> None:
    code = (
        "import sys; from qlatent.circuits import circuit, gates, layouts; "
        "from qlatent.circuits.drawings import svg, text; from qlatent.circuits.engines import fused_program;"
        "fused_program.fused(layouts.dressed(4, 6)); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "circuit", [exported.ASYMMETRIC, exported.AMPLITUDES], ids=lambda circuit: circuit.name
)
def test_matrices_sequences_and_amplitudes_survive_json(circuit: Circuit) -> None:
    assert Circuit.from_json(circuit.to_json()) == circuit


def test_a_rot_is_three_rotations_the_first_angle_first() -> None:
    rot = Operation("Rot", (1,), (weight(0), input_(0), constant(0.5)))
    circuit = Circuit(2, (rot,), ((("Z", 0),),))
    assert circuit.elementary == (
        Operation("RZ", (1,), (weight(0),)),
        Operation("RY", (1,), (input_(0),)),
        Operation("RZ", (1,), (constant(0.5),)),
    )


@pytest.mark.parametrize(
    ("operation", "message"),
    [
        (Operation("Unitary", (0,)), "a matrix belongs to 'Unitary'"),
        (Operation("X", (0,), matrix=((0, 1), (1, 0))), "a matrix belongs to 'Unitary'"),
        (Operation("Unitary", (0,), matrix=((1, 1), (0, 1))), r"not unitary: U·U† is 1 away"),
        (Operation("Unitary", (0,), matrix=((float("nan"), 0), (0, 1))), "not unitary"),
        (Operation("Unitary", (0,), matrix=((1,),)), r"shape \(1, 1\)"),
        (Operation("Unitary", (0,), matrix=exported.SHUFFLE), "takes 2 different wires"),
        (Operation("Rot", (0,), (weight(0),)), "Rot takes 3 angles, got 1"),
    ],
)
def test_wrong_matrices_and_sequences_are_refused(operation: Operation, message: str) -> None:
    with pytest.raises(CircuitError, match=message):
        Circuit(2, (operation,), ((("Z", 0),),))


def test_amplitudes_leave_no_room_for_input_angles() -> None:
    turned = (Operation("RX", (0,), (input_(0),)),)
    with pytest.raises(CircuitError, match="inputs are the amplitudes"):
        Circuit(1, turned, ((("Z", 0),),), encoding="amplitudes")
    with pytest.raises(CircuitError, match="Unknown encoding 'bits'"):
        Circuit(1, (), ((("Z", 0),),), encoding="bits")  # type: ignore[arg-type]
