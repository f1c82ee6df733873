from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from qiskit import qpy
from qiskit.quantum_info import Pauli, Statevector

from qlatent.circuits import layouts, merging, simulate
from qlatent.circuits.circuit import Circuit
from qlatent.errors import CircuitError, InputError
from qlatent.services.circuits import circuits
from qlatent.services.heads import kept_heads
from qlatent.services.workspaces import open_workspace


def test_every_layout_has_a_sentence() -> None:
    assert set(circuits.layout_names()) == set(layouts.LAYOUTS)
    assert all(text.endswith(".") or "weights" in text for text in circuits.layout_names().values())


def test_the_state_after_the_last_gate_is_what_the_engines_compute() -> None:
    view = circuits.of_layout("qssl_ring", qubits=4, layers=2, seed=3)
    found = circuits.states_gate_by_gate(view)
    assert len(found.bloch) == len(view.circuit.operations) + 1
    wanted = simulate.expectations(view.circuit, view.inputs[None], view.weights).numpy()[0]
    np.testing.assert_allclose(found.bloch[-1, :, 2], wanted, atol=1e-12)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)


def test_the_states_begin_at_the_start_state_and_are_computed_once() -> None:
    view = circuits.of_layout("dressed", qubits=3, layers=1)
    found = circuits.states_gate_by_gate(view)
    np.testing.assert_array_equal(found.probabilities[0], np.eye(8)[0])
    np.testing.assert_allclose(found.entropies[0], 0, atol=1e-9)
    assert circuits.states_gate_by_gate(circuits.of_layout("dressed", qubits=3, layers=1)) is found
    assert (
        circuits.states_gate_by_gate(circuits.of_layout("dressed", qubits=3, layers=1, seed=1)) is not found
    )


def test_the_drawing_names_the_gates_and_has_an_id_of_its_circuit() -> None:
    found = circuits.drawn(layouts.qssl_ring(2, 1))
    assert found.gates == (
        "the start state",
        "RX(x0) on 0", "RX(x1) on 1", "RY(w0) on 0", "RY(w1) on 1", "CRX(w2) on 0, 1", "CRX(w3) on 1, 0",
    )  # fmt: skip
    assert (
        found.id == circuits.drawn(layouts.qssl_ring(2, 1)).id != circuits.drawn(layouts.qssl_ring(2, 2)).id
    )


def test_seeds_decide_the_angles_and_changed_ones_count() -> None:
    first, second = (circuits.of_layout("dressed", qubits=2, layers=1, seed=seed) for seed in (0, 1))
    assert not np.allclose(first.weights, second.weights)
    changed = circuits.with_angles(first, np.zeros(4))
    end = circuits.states_gate_by_gate(changed).bloch[-1]
    np.testing.assert_allclose(end[:, 0], [1, 1], atol=1e-12)  # H alone: both wires point along x


def test_gate_rows_name_angles_and_their_values() -> None:
    view = circuits.of_layout("qssl_ring", qubits=2, layers=1)
    row = circuits.gate_rows(view)[-1]
    assert row == {"Gate": "CRX", "Wires": "1, 0", "Angles": "w3", "Radians": f"{view.weights[3]:.3f}"}


def test_exports_hold_the_circuit() -> None:
    view = circuits.of_layout("strongly_entangling", qubits=3, layers=2)
    assert Circuit.from_json(circuits.exported(view, "json").decode()) == view.circuit
    assert circuits.exported(view, "qasm3").startswith(b"OPENQASM 3")
    assert b"qml.Rot" in circuits.exported(view, "pennylane")
    assert circuits.exported(view, "qpy").startswith(b"QISKIT")
    amplitudes = circuits.of_layout("amplitude", qubits=2, layers=1)
    assert circuits.exported(amplitudes, "qasm3").startswith(b"OPENQASM 3")


def test_the_export_of_the_page_takes_angles_in_order() -> None:
    """Weights come before inputs, as in the page's tables, although Qiskit sorts parameters by name."""
    view = circuits.of_layout("dressed", qubits=4, layers=3, seed=1)
    wanted = simulate.expectations(view.circuit, view.inputs[None], view.weights).numpy()[0]
    (made,) = qpy.load(io.BytesIO(circuits.exported(view, "qpy")))
    state = Statevector(made.assign_parameters([*view.weights, *view.inputs]))
    got = [state.expectation_value(Pauli("Z"), [wire]).real for wire in range(4)]
    np.testing.assert_allclose(got, wanted, atol=1e-9)


def test_a_heads_circuit_comes_with_its_trained_weights(tmp_path: Path) -> None:
    import qlatent

    workspace = open_workspace(tmp_path / "workspace")
    rng = np.random.default_rng(0)
    pairs = {name: rng.normal(size=(40, 8)).astype(np.float32) for name in ("image", "text")}
    head = qlatent.create("acqua", input_dim=8, qubits=3, depth=2, seed=1, epochs=1).fit(pairs)
    head.save(tmp_path / "head")
    qlatent.create("acqua_twin", input_dim=8, qubits=3, seed=1, epochs=1).fit(pairs).save(tmp_path / "twin")
    for name in ("head", "twin"):
        kept_heads.keep(workspace, tmp_path / name, name=name, run_id=None, dataset_id=None)
    (found,) = circuits.heads_with_circuits(workspace)
    view = circuits.of_head(workspace, found.id, modality="text")
    assert view.circuit == layouts.dressed(3, 2)
    config = json.loads((workspace.heads_path / found.id / "config.json").read_text(encoding="utf-8"))
    assert config["config"]["qubits"] == 3
    inner = head.model_.cores["text"].weights.detach().numpy()
    np.testing.assert_array_equal(view.weights.astype(np.float32), inner)
    with pytest.raises(InputError, match="no circuit for vector"):
        circuits.of_head(workspace, found.id, modality="vector")


def test_an_unknown_layout_is_refused() -> None:
    with pytest.raises(InputError, match="no layout called 'star'"):
        circuits.of_layout("star", qubits=2, layers=1)


@pytest.mark.parametrize("kind", ["merge", "merge_cnot"])
def test_the_merges_of_a_projection_follow_one_another(kind: merging.Kind) -> None:
    """Against the closed form, merge by merge: the output of one is an input of the next."""
    views = circuits.of_merges(kind, inputs=7, outputs=3, seed=4)
    assert [(each.control, each.target) for each in views] == [(6, 3), (3, 0), (4, 1), (5, 2)]
    first, second = views[0], views[1]
    np.testing.assert_allclose(np.cos(second.circuit.inputs[0]), first.z, atol=1e-12)
    last = circuits.states_gate_by_gate(first.circuit).bloch[-1]
    np.testing.assert_allclose(last[1, 2], first.z, atol=1e-12)
    assert circuits.of_merges(kind, inputs=7, outputs=3, seed=5)[0].z != first.z
    with pytest.raises(CircuitError, match="13 inputs: circuits merge at most 12"):
        circuits.of_merges(kind, inputs=13, outputs=1)
