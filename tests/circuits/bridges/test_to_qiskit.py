from __future__ import annotations

import importlib
import io
import re
import sys

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm3, qpy
from qiskit.quantum_info import Statevector

from qlatent.circuits.bridges import to_pennylane, to_qiskit
from qlatent.circuits.circuit import Circuit, Operation, input_, weight
from qlatent.circuits.layouts import dressed, each_z, qssl_ring
from qlatent.errors import CircuitError, UnavailableError
from tests.circuits.exported import AMPLITUDES, ASYMMETRIC, CIRCUITS, drawn, exact

by_name = pytest.mark.parametrize("circuit", CIRCUITS, ids=lambda circuit: circuit.name)
ANGLES = [circuit for circuit in CIRCUITS if circuit.encoding == "angles"]
angles_only = pytest.mark.parametrize("circuit", ANGLES, ids=lambda circuit: circuit.name)


def values(circuit: Circuit, bound: QuantumCircuit) -> list[float]:
    state = Statevector(bound)
    return [state.expectation_value(word).real for word in to_qiskit.observables(circuit)]


@by_name
def test_the_bound_circuit_agrees_with_the_simulator(circuit: Circuit) -> None:
    x, w = drawn(circuit)
    got = [values(circuit, to_qiskit.bind(circuit, row, w)) for row in x]
    np.testing.assert_allclose(got, exact(circuit, x, w), atol=1e-9)


def test_the_state_is_that_of_pennylane_with_its_phase() -> None:
    x, w = drawn(ASYMMETRIC)
    got = [Statevector(to_qiskit.bind(ASYMMETRIC, row, w)).reverse_qargs().data for row in x]
    np.testing.assert_allclose(got, to_pennylane.snapshots(ASYMMETRIC, x, w)[:, -1], atol=1e-9)


def test_wire_0_is_qubit_0_which_qiskit_writes_on_the_right() -> None:
    flip = Circuit(3, (Operation("X", (0,)),), (*each_z(3), (("X", 0), ("Y", 2))))
    assert Statevector(to_qiskit.quantum_circuit(flip)).to_dict() == {"001": 1}
    assert [word.paulis.to_labels() for word in to_qiskit.observables(flip)] == [
        ["IIZ"], ["IZI"], ["ZII"], ["YIX"],
    ]  # fmt: skip
    assert values(flip, to_qiskit.quantum_circuit(flip)) == [-1, 1, 1, 0]


def test_parameters_have_plain_names_padded_so_that_qiskit_keeps_their_order() -> None:
    few = [parameter.name for parameter in to_qiskit.quantum_circuit(dressed(2, 2)).parameters]
    assert few == ["w0", "w1", "w2", "w3", "x0", "x1"]
    many = [parameter.name for parameter in to_qiskit.quantum_circuit(qssl_ring(3, 2)).parameters]
    assert many == [f"w{i:02d}" for i in range(12)] + ["x0", "x1", "x2"]
    ten = [parameter.name for parameter in to_qiskit.quantum_circuit(dressed(5, 2)).parameters]
    assert ten[:10] == [f"w{i}" for i in range(10)]


WIDE = Circuit(
    2,
    tuple(
        operation
        for i in reversed(range(104))  # used in reverse order of their numbers
        for operation in (
            Operation("RX", (i % 2,), (weight(i),)),
            Operation("RZ", (0,), (input_(i % 12),)),
            Operation("CNOT", (0, 1)),
        )
    ),
    each_z(2),
    "wide",
)
"""A circuit whose weights need three digits and inputs two."""


@pytest.mark.parametrize("circuit", [*ANGLES, WIDE], ids=lambda circuit: circuit.name)
def test_angles_given_in_order_land_where_they_belong(circuit: Circuit) -> None:
    """Weights, then inputs, each in the order of their numbers, as `assign_parameters` and the Estimator take them."""
    pytest.importorskip("qiskit_qasm3_import")
    x, w = drawn(circuit)
    wanted = exact(circuit, x, w)[0]
    (back,) = qpy.load(io.BytesIO(to_qiskit.qpy(circuit)))
    read = qasm3.loads(to_qiskit.qasm3(circuit))
    for made in (to_qiskit.quantum_circuit(circuit), back, read):
        got = values(circuit, made.assign_parameters([*w, *x[0]]))
        np.testing.assert_allclose(got, wanted, atol=1e-9)


def test_openqasm_3_declares_the_angles_in_order() -> None:
    declared = re.findall(r"input float\[64\] ([wx])(\d+);", to_qiskit.qasm3(WIDE))
    assert [(letter, int(digits)) for letter, digits in declared] == [
        *(("w", i) for i in range(104)), *(("x", i) for i in range(12)),
    ]  # fmt: skip


def test_weights_can_be_bound_alone_and_inputs_later() -> None:
    circuit = ASYMMETRIC
    x, w = drawn(circuit)
    made = to_qiskit.bind(circuit, weights=w)
    assert {parameter.name for parameter in made.parameters} == {"x0", "x1", "x2"}
    later = made.assign_parameters({f"x{i}": value for i, value in enumerate(x[1])})
    np.testing.assert_allclose(values(circuit, later), exact(circuit, x, w)[1], atol=1e-9)


@angles_only
def test_qpy_comes_back_as_the_same_circuit(circuit: Circuit) -> None:
    _, w = drawn(circuit)
    (back,) = qpy.load(io.BytesIO(to_qiskit.qpy(circuit, weights=w)))
    assert {parameter.name for parameter in back.parameters} == {f"x{i}" for i in range(circuit.inputs)}
    check_symbolic(circuit, back)


def check_symbolic(circuit: Circuit, made: QuantumCircuit) -> None:
    """The exported circuit has our expectations with any combination of bound parameters."""
    x, w = drawn(circuit)
    numbers = {"x": x[0], "w": w}
    bound = made.assign_parameters({p.name: numbers[p.name[0]][int(p.name[1:])] for p in made.parameters})
    np.testing.assert_allclose(values(circuit, bound), exact(circuit, x, w)[0], atol=1e-9)


@angles_only
def test_openqasm_3_reads_back_with_the_same_expectations(circuit: Circuit) -> None:
    pytest.importorskip("qiskit_qasm3_import")
    text = to_qiskit.qasm3(circuit)
    for index in range(circuit.inputs):
        assert f"input float[64] x{index};" in text
    check_symbolic(circuit, qasm3.loads(text))


def test_amplitudes_are_exported_once_they_are_bound() -> None:
    pytest.importorskip("qiskit_qasm3_import")
    x, w = drawn(AMPLITUDES)
    wanted = exact(AMPLITUDES, x, w)[0]
    (back,) = qpy.load(io.BytesIO(to_qiskit.qpy(AMPLITUDES, x[0], w)))
    np.testing.assert_allclose(values(AMPLITUDES, back), wanted, atol=1e-9)
    read = qasm3.loads(to_qiskit.qasm3(AMPLITUDES, x[0], w))
    np.testing.assert_allclose(values(AMPLITUDES, read), wanted, atol=1e-9)


@pytest.mark.parametrize("export", [to_qiskit.quantum_circuit, to_qiskit.qasm3, to_qiskit.qpy])
def test_amplitudes_have_no_symbols(export: object) -> None:
    assert callable(export)
    with pytest.raises(CircuitError, match=r"inputs of this circuit are amplitudes.* pass inputs=row"):
        export(AMPLITUDES)


def test_a_circuit_keeps_its_name() -> None:
    assert to_qiskit.quantum_circuit(dressed(2, 1)).name == "dressed-2x1"


@pytest.mark.parametrize(
    ("inputs", "weights", "message"),
    [
        (np.zeros((3, 2)), None, r"inputs have shape \(3, 2\), expected \(2,\)\. Bind one sample"),
        (None, np.zeros(3), r"weights have shape \(3,\), expected \(2,\)"),
        (np.array([0.0, np.nan]), None, r"inputs hold numbers that are not finite"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(
    inputs: np.ndarray | None, weights: np.ndarray | None, message: str
) -> None:
    with pytest.raises(CircuitError, match=message):
        to_qiskit.bind(dressed(2, 1), inputs, weights)


def test_a_zero_vector_is_not_a_state() -> None:
    with pytest.raises(CircuitError, match="vector of zeros"):
        to_qiskit.bind(AMPLITUDES, np.zeros(AMPLITUDES.inputs))


@pytest.mark.parametrize("size", [1e-200, 1e200])
def test_amplitudes_of_any_size_are_the_same_state(size: float) -> None:
    x, w = drawn(AMPLITUDES)
    got = Statevector(to_qiskit.bind(AMPLITUDES, size * x[0], w)).data
    np.testing.assert_allclose(got, Statevector(to_qiskit.bind(AMPLITUDES, x[0], w)).data, atol=1e-12)


def test_float32_amplitudes_are_normalised_in_double_precision() -> None:
    x, w = drawn(AMPLITUDES)
    made = to_qiskit.bind(AMPLITUDES, x[0].astype(np.float32), w)
    assert np.linalg.norm(Statevector(made).data) == pytest.approx(1, abs=1e-12)


def test_an_input_may_be_used_by_several_gates() -> None:
    twice = Circuit(1, (Operation("RX", (0,), (input_(0),)), Operation("RX", (0,), (input_(0),))), each_z(1))
    assert values(twice, to_qiskit.bind(twice, [0.4])) == pytest.approx([np.cos(0.8)])


def test_without_qiskit_the_error_names_the_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qiskit", None)
    monkeypatch.delitem(sys.modules, "qlatent.circuits.bridges.to_qiskit")
    with pytest.raises(UnavailableError, match=r"pip install -r requirements\.txt"):
        importlib.import_module("qlatent.circuits.bridges.to_qiskit")
