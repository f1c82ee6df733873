"""Twins of devices against Qiskit's own simulation of the whole device, and known errors against closed forms."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("qiskit_aer", reason="needs requirements.txt")
pytest.importorskip("qiskit_ibm_runtime", reason="needs requirements.txt")
from qiskit import QuantumCircuit
from qiskit.circuit import Measure
from qiskit.circuit.library import CXGate, RZGate, SXGate, XGate
from qiskit.transpiler import InstructionProperties, Target, generate_preset_pass_manager
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, ReadoutError, depolarizing_error, pauli_error
from qiskit_ibm_runtime import fake_provider

from qlatent.circuits.bridges import to_qiskit
from qlatent.circuits.circuit import Circuit, Operation, input_
from qlatent.circuits.layouts import each_z, qssl_ring
from qlatent.errors import AbsentError, InputError
from qlatent.hardware import transpiling, twins
from qlatent.hardware.local import noisy
from qlatent.hardware.local.noisy import NoisyTwin
from qlatent.hardware.opening import open_runner
from qlatent.hardware.work import Outcome, RunOptions, Work
from tests.circuits.exported import AMPLITUDES, ASYMMETRIC, drawn, exact

RING = qssl_ring(3, 1)
WEIGHTS, ANGLES = np.linspace(0.5, 2.5, RING.weights), np.linspace(0, 3, 12).reshape(4, 3)


def ring(**options: object) -> Work:
    return Work(RING, WEIGHTS, ANGLES, RunOptions(**options))  # type: ignore[arg-type]


def carried_out(device: str, work: Work, *, seed: int = 0) -> Outcome:
    runner = open_runner(device, seed=seed)
    handle = runner.submit(work, tag="a")
    while runner.poll(handle).state == "running":
        pass
    return runner.fetch(handle)


def on_the_whole_device(work: Work, found: Outcome) -> np.ndarray:
    """⟨Z⟩ by Qiskit's simulation of FakeLimaV2, on the twin's line, before reading."""
    backend, line = fake_provider.FakeLimaV2(), found.calibration["line"]
    noise = NoiseModel.from_backend(backend, readout_error=False)
    values = []
    for row in work.angles:
        circuit = to_qiskit.bind(work.circuit, row, work.weights)
        manager = generate_preset_pass_manager(
            optimization_level=0, target=backend.target, initial_layout=line, seed_transpiler=0
        )
        made = manager.run(circuit)
        made.save_probabilities(list(reversed(made.layout.final_index_layout())))
        result = AerSimulator(method="density_matrix", noise_model=noise).run(made, shots=1).result()
        states = np.arange(8)[:, None] >> np.array([2, 1, 0]) & 1
        values.append(result.data(0)["probabilities"] @ (1 - 2 * states))
    return np.array(values)


def test_the_twin_is_the_device_with_its_readout_errors_on_top() -> None:
    work = ring(shots=0, optimization_level=0)
    found = carried_out("twin:fake_lima", work)
    before = on_the_whole_device(work, found)
    at = found.calibration["qubits"]
    known = fake_provider.FakeLimaV2().properties()
    up, down = (
        np.array([known.qubit_property(qubit)[name][0] for qubit in at])
        for name in ("prob_meas1_prep0", "prob_meas0_prep1")
    )
    np.testing.assert_allclose(found.expectations, (1 - up - down) * before + down - up, atol=1e-9)
    assert np.abs(found.expectations - exact(RING, ANGLES, WEIGHTS)).max() > 0.03
    assert found.calibration["calibrated"][:4] == "2021" and found.calibration["device"] == "fake_lima"


@pytest.mark.parametrize("circuit", [ASYMMETRIC, AMPLITUDES], ids=lambda circuit: circuit.name)
def test_without_errors_every_observable_is_exact(circuit: Circuit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twins, "of_snapshot", lambda device, qubits: known_twin(qubits, depolarizing=0))
    x, w = (np.asarray(each)[: 3 if each.ndim == 2 else None] for each in drawn(circuit))
    session = NoisyTwin(Work(circuit, w, x, RunOptions(shots=0)), device="known", seed=0)
    np.testing.assert_allclose(session.measure(range(len(x))).expectations, exact(circuit, x, w), atol=1e-7)


def known_twin(qubits: int, *, depolarizing: float, up: float = 0.0, down: float = 0.0) -> twins.Twin:
    """Qubits whose CNOTs depolarise the target by `depolarizing`, and that are misread with these probabilities."""
    target = Target(num_qubits=qubits)
    single = {(qubit,): None for qubit in range(qubits)}
    for gate in (RZGate(to_qiskit.Symbol("angle")), SXGate(), XGate(), Measure()):
        target.add_instruction(gate, single)
    target.add_instruction(
        CXGate(),
        {(a, b): InstructionProperties(error=0.0) for a in range(qubits) for b in range(qubits) if a != b},
    )
    made = twins.Twin("known", tuple(range(qubits)), target, np.tile([up, down], (qubits, 1)), "")
    noise = NoiseModel()
    if depolarizing:
        target_alone = pauli_error([("I", 1)]).expand(depolarizing_error(depolarizing, 1))
        noise.add_quantum_error(target_alone, ["cx"], [0, 1])
    for qubit in range(qubits):
        noise.add_readout_error(ReadoutError([[1 - up, up], [down, 1 - down]]), [qubit])
    made.__dict__["noise"] = noise
    return made


@pytest.mark.parametrize(("mitigation", "slope", "offset"), [("none", 0.837, 0.03), ("readout", 0.9, 0.0)])
def test_known_noise_is_found_and_readout_errors_are_inverted(
    mitigation: str, slope: float, offset: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One depolarising channel of 0.1 leaves 0.9 of ⟨Z⟩; reading leaves 1 − 0.02 − 0.05 of it and adds 0.03."""
    known = known_twin(2, depolarizing=0.1, up=0.02, down=0.05)
    monkeypatch.setattr(twins, "of_snapshot", lambda device, qubits: known)
    x = np.linspace(0, 3, 9)[:, None]
    # the CNOT's control is 0, so that it only brings its noise
    circuit = Circuit(2, (Operation("RX", (1,), (input_(0),)), Operation("CNOT", (0, 1))), each_z(2)[1:])
    options = RunOptions(shots=0, mitigation=mitigation, optimization_level=0)  # type: ignore[arg-type]
    session = NoisyTwin(Work(circuit, np.zeros(0), x, options), device="known", seed=0)
    shown = session.measure(range(9)).expectations
    fitted = np.polyfit(np.cos(x[:, 0]), shown[:, 0], 1)
    np.testing.assert_allclose(fitted, [slope, offset], atol=1e-6)
    assert session.slope() == pytest.approx(slope)


def test_shots_of_a_twin_are_repeatable_and_split_as_one_likes(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = carried_out("twin:fake_paris", ring(shots=200, mitigation="readout"), seed=3)
    monkeypatch.setattr(noisy, "_PART", 0.1)
    again = carried_out("twin:paris", ring(shots=200, mitigation="readout"), seed=3)
    np.testing.assert_array_equal(again.counts, whole.counts)
    np.testing.assert_allclose(again.expectations, whole.expectations, atol=1e-12)
    plain = carried_out("twin:paris", ring(shots=200), seed=3)
    np.testing.assert_array_equal(plain.counts, whole.counts)
    assert (plain.expectations != whole.expectations).any() and (plain.errors < whole.errors).any()
    assert "measured_readout" in whole.calibration and "measured_readout" not in plain.calibration


def test_beyond_ten_qubits_shots_are_trajectories(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noisy, "DENSITY_QUBITS", 2)
    with pytest.raises(InputError, match="more than 2 qubits measures shots"):
        open_runner("twin:paris").estimate(ring(shots=0))
    monkeypatch.setattr(noisy, "DENSITY_QUBITS", 10)
    wanted = carried_out("twin:paris", ring(shots=0)).expectations
    monkeypatch.setattr(noisy, "DENSITY_QUBITS", 2)
    found = carried_out("twin:paris", ring(shots=400))
    np.testing.assert_allclose(found.expectations, wanted, atol=5 / 400**0.5)
    assert found.calibration["method"] == "trajectories"
    assert np.isnan(open_runner("twin:paris").estimate(ring(shots=10)).slope)
    with pytest.raises(InputError, match="Device noise of 13 qubits is not simulated"):
        open_runner("twin:paris").submit(Work(qssl_ring(13, 1), np.zeros(26), np.zeros((1, 13))), tag="a")


def test_an_estimate_has_the_transpiled_circuit_and_what_is_sent() -> None:
    work = ring(shots=400)
    found = open_runner("twin:paris").estimate(work)
    assert found.pair_gates > 6 and found.depth >= 6  # six CNOTs in three CRX, and a swap for the ring's last
    assert (found.circuits, found.executions, found.standard_error) == (1, 1600, pytest.approx(0.05))
    assert 0.5 < found.slope < 0.99 and found.seconds > 0
    assert found.payload_bytes < 5000 + 90 * 4
    many = replace(work, angles=np.tile(ANGLES, (100, 1)))
    (program,) = transpiling.programs(many, twins.of_snapshot("fake_paris", 3).target)
    assert transpiling.payload_bytes([program], many) < found.payload_bytes + 90 * 396
    mitigated = open_runner("twin:paris").estimate(ring(shots=400, mitigation="readout"))
    assert (mitigated.circuits, mitigated.executions) == (3, 2400)
    assert mitigated.standard_error > found.standard_error and mitigated.slope > found.slope


def test_each_item_may_have_its_own_circuit_and_order_of_wires() -> None:
    bits = [(1, 0, 0), (0, 1, 0), (1, 1, 1)]
    circuits = tuple(
        Circuit(3, tuple(Operation("X", (wire,)) for wire in range(3) if row[wire]), each_z(3))
        for row in bits
    )
    work = Work(circuits[0], np.zeros(0), np.zeros((3, 0)), RunOptions(shots=0), circuits)
    found = carried_out("twin:paris", work).expectations
    np.testing.assert_allclose(found, 1 - 2 * np.array(bits), atol=0.15)


def test_a_line_leaves_out_what_was_out_of_order() -> None:
    for device, qubits, said in (("kyoto", 8, "no line of 8"), ("lima", 6, "has 6 qubits, fake_lima has 5")):
        with pytest.raises(InputError, match=said):
            twins.of_snapshot(device, qubits)
    with pytest.raises(InputError, match="no snapshot of a device 'nowhere'"):
        open_runner("twin:nowhere")


def test_a_job_is_found_by_its_tag_and_has_the_time_of_the_calibration(tmp_path: Path) -> None:
    runner = open_runner("twin:paris", folder=tmp_path)
    assert runner.find("mine") is None
    handle = runner.submit(ring(), tag="mine")
    assert runner.find("mine") == handle and runner.calibration().startswith("2021-03-15T")
    with pytest.raises(AbsentError):
        open_runner("twin:fez", folder=tmp_path).poll(handle)


def test_swaps_layout_and_duration_are_those_of_the_transpiled_circuit() -> None:
    backend = fake_provider.FakeParisV2()
    circuit = QuantumCircuit(3)
    for pair in ((0, 1), (1, 2), (2, 0)):
        circuit.cx(*pair)
    (made,) = transpiling.transpiled([circuit], backend.target)
    assert made.swaps == 1 and made.pair_gates in (5, 6) and sorted(made.start) != [0, 1, 2]
    measured = backend.target["measure"][(made.end[0],)].duration
    shortest = min(each.duration for each in backend.target["cx"].values())
    assert made.seconds(backend.target) > measured + 3 * shortest


def test_controlled_rotations_lose_what_qiskit_loses_on_the_whole_device() -> None:
    """A ring of three, transpiled and simulated by Qiskit alone."""
    circuit = qssl_ring(3, 2)
    rng = np.random.default_rng(0)
    w, x = rng.uniform(-np.pi, np.pi, circuit.weights), rng.uniform(-np.pi, np.pi, (4, 3))
    session = NoisyTwin(Work(circuit, w, x, RunOptions(shots=0)), device="lima", seed=0)
    wanted = exact(circuit, x, w)
    backend = fake_provider.FakeLimaV2()
    manager = generate_preset_pass_manager(
        optimization_level=3, target=backend.target, initial_layout=list(session.twin.line), seed_transpiler=0
    )
    made = manager.run(to_qiskit.bind(circuit, weights=w))
    made.save_probabilities(list(reversed(made.layout.final_index_layout())))
    simulator = AerSimulator(
        method="density_matrix",
        noise_model=NoiseModel.from_backend(backend, readout_error=False),
        max_parallel_threads=1,
    )
    bits = np.arange(8)[:, None] >> np.array([2, 1, 0]) & 1
    names = [f"x{wire}" for wire in range(3)]
    bound = [made.assign_parameters(dict(zip(names, row, strict=True))) for row in x]
    result = simulator.run(bound, shots=1).result()
    shown = [result.data(item)["probabilities"] @ (1 - 2 * bits) for item in range(len(x))]
    misread = np.array([backend.target["measure"][(q,)].error for q in made.layout.final_index_layout()])
    by_qiskit = noisy.fitted_slope(wanted, np.array(shown) * (1 - 2 * misread))
    ours = noisy.fitted_slope(wanted, session.measure(range(4)).expectations)
    assert ours == pytest.approx(by_qiskit, abs=0.015) and ours < 0.95


def test_the_slope_of_any_backend_is_expected_from_its_twin() -> None:
    backend = fake_provider.FakeLimaV2()
    plain, read = (
        noisy.expected_slope(ring(mitigation=each), backend, device="lima") for each in ("none", "trex")
    )
    session = NoisyTwin(ring(shots=0), device="fake_lima", seed=0)
    wanted = noisy.fitted_slope(exact(RING, ANGLES, WEIGHTS), session.measure(range(4)).expectations)
    assert plain == pytest.approx(wanted) and plain < read < 1
    assert np.isnan(noisy.expected_slope(ring(mitigation="zne"), backend, device="lima"))
    six = Work(qssl_ring(6, 1), np.zeros(12), np.zeros((1, 6)))
    assert np.isnan(noisy.expected_slope(six, backend, device="lima"))
