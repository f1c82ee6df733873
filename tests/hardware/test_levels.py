"""A circuit on a device by optimisation level, against Qiskit's own counts."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip("qiskit_ibm_runtime", reason="needs requirements.txt")
from qiskit import transpile
from qiskit_ibm_runtime import fake_provider

from qlatent.circuits.bridges import to_qiskit
from qlatent.circuits.layouts import amplitude, qssl_ring
from qlatent.errors import InputError
from qlatent.hardware import levels, qiskit_process

RING = qssl_ring(4, 1)
WEIGHTS = np.linspace(0.5, 2.5, RING.weights)


def test_each_level_has_qiskits_counts_and_the_weights_are_bound() -> None:
    found = levels.on_snapshot(RING, None, WEIGHTS, device="lima")
    backend = fake_provider.FakeLimaV2()
    for each in found["levels"]:
        wanted = transpile(
            to_qiskit.bind(RING, weights=WEIGHTS), backend,
            optimization_level=each["level"], seed_transpiler=0,
        )  # fmt: skip
        assert each["gates"] == dict(wanted.count_ops())
        assert each["depth"] == wanted.depth() and each["pair_gates"] == each["gates"]["cx"]
        assert each["end"] == list(wanted.layout.final_index_layout())
        assert 1e-6 < each["seconds"] < 1e-4 and len(set(each["start"])) == 4
    first, last = found["levels"][0], found["levels"][-1]
    assert last["depth"] < first["depth"] and first["swaps"] > 0


def test_the_drawing_shows_every_gate_on_the_devices_qubits() -> None:
    (level,) = [
        each
        for each in levels.on_snapshot(RING, None, WEIGHTS, device="lima")["levels"]
        if each["level"] == 3
    ]
    drawn = ElementTree.fromstring(level["drawing"])
    texts = ["".join(each.itertext()) for each in drawn.iter() if each.tag.endswith("text")]
    assert {f"Q{qubit}" for qubit in level["start"]} <= set(texts)
    gates = [each for each in drawn.iter() if "data-gate" in each.attrib]
    assert len(gates) == sum(level["gates"].values()) + 1  # and the start state
    assert any(re.search(r"x0", text) for text in texts) and "√X" in texts
    assert all(len(text) < 20 for text in texts)


@pytest.mark.slow
def test_another_process_tells_the_same_and_amplitudes_are_bound() -> None:
    found = qiskit_process.transpilings(RING, WEIGHTS, device="fake_lima")
    here = levels.on_snapshot(RING, None, WEIGHTS, device="lima")
    assert [each.drawing for each in found.levels] == [each["drawing"] for each in here["levels"]]
    assert found.device == "fake_lima"
    loaded = amplitude(2, 1)
    rows = qiskit_process.transpilings(
        loaded, np.ones(loaded.weights), device="lima", inputs=np.arange(1.0, 5.0)
    )
    assert rows.levels[3].pair_gates >= 2
    with pytest.raises(InputError, match="circuit has 6 qubits, the device 5"):
        qiskit_process.transpilings(qssl_ring(6, 1), np.zeros(12), device="lima")
