"""Mitigation by the Estimator on a twin: each option changes the job, and undoes the errors it is about."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("qiskit_aer", reason="needs requirements.txt")
pytest.importorskip("qiskit_ibm_runtime", reason="needs requirements.txt")

from qlatent.circuits.circuit import Circuit, Operation, input_
from qlatent.circuits.layouts import each_z
from qlatent.errors import InputError
from qlatent.hardware import qpu_time, twins
from qlatent.hardware.ibm.estimated_twin import EstimatedTwin
from qlatent.hardware.ibm.programs import Programs
from qlatent.hardware.local.noisy import NoisyTwin
from qlatent.hardware.local.session import AbstractSession
from qlatent.hardware.opening import open_runner
from qlatent.hardware.work import Mitigation, RunOptions, Work
from tests.hardware.local.test_noisy import known_twin

X = np.array([[0.4], [2.2]])
CIRCUIT = Circuit(2, (Operation("RX", (1,), (input_(0),)), Operation("CNOT", (0, 1))), each_z(2)[1:])


def work(mitigation: Mitigation, *, shots: int = 2048) -> Work:
    return Work(CIRCUIT, np.zeros(0), X, RunOptions(shots=shots, mitigation=mitigation, optimization_level=0))


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> twins.Twin:
    """Reading loses 0.07 of ⟨Z⟩ and adds 0.03; the CNOT loses 0.1 of it."""
    made = known_twin(2, depolarizing=0.1, up=0.02, down=0.05)
    monkeypatch.setattr(twins, "of_snapshot", lambda device, qubits: made)
    return made


@pytest.mark.usefixtures("known")
def test_each_mitigation_undoes_its_errors() -> None:
    exact, spread = np.cos(X), 4.5 / 2048**0.5
    plain = NoisyTwin(work("none"), device="known", seed=0).measure(range(2))
    trex = EstimatedTwin(work("trex"), device="known", seed=0).measure(range(2))
    zne = EstimatedTwin(work("zne"), device="known", seed=0).measure(range(2))
    np.testing.assert_allclose(plain.expectations, 0.837 * exact + 0.03, atol=spread)
    np.testing.assert_allclose(trex.expectations, 0.9 * exact, atol=spread)
    np.testing.assert_allclose(zne.expectations, exact, atol=2 * spread)
    np.testing.assert_allclose(zne.raw, 0.9 * exact, atol=spread)  # the readout errors are undone before
    assert np.isnan(trex.raw).all() and trex.counts.shape == (2, 0)
    again = EstimatedTwin(work("trex"), device="known", seed=0).measure(range(1, 2))
    np.testing.assert_array_equal(again.expectations, trex.expectations[1:])


@pytest.mark.usefixtures("known")
def test_observables_in_two_bases_come_back_in_their_places() -> None:
    circuit = Circuit(2, CIRCUIT.operations, ((("Y", 1),), (("Z", 1),), (("Z", 0),)))
    both = Work(circuit, np.zeros(0), X, RunOptions(shots=2048, mitigation="trex", optimization_level=0))
    found = EstimatedTwin(both, device="known", seed=0).measure(range(2))
    wanted = np.hstack([-0.9 * np.sin(X), 0.9 * np.cos(X), np.ones((2, 1))])
    np.testing.assert_allclose(found.expectations, wanted, atol=4.5 / 2048**0.5)


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("mitigation", ["none", "readout", "trex", "zne"])
def test_the_time_factor_is_that_of_the_programs(mitigation: Mitigation, known: twins.Twin) -> None:
    found = Programs(work(mitigation), known.target).estimate(10**9)
    assert found.executions == qpu_time.time_factor(mitigation, 2) * 2 * 2048
    assert found.seconds == pytest.approx(qpu_time.qpu_seconds(found.executions))
    session: AbstractSession = (EstimatedTwin if mitigation in ("trex", "zne") else NoisyTwin)(
        work(mitigation), device="known", seed=0
    )
    assert session.sizes().executions == found.executions


@pytest.mark.usefixtures("known")
def test_what_is_expected_of_it() -> None:
    trex, zne = (EstimatedTwin(work(each), device="known", seed=0).sizes() for each in ("trex", "zne"))
    assert trex.slope == pytest.approx(0.9) and np.isnan(zne.slope)
    assert trex.standard_error == pytest.approx(1 / 2048**0.5 / 0.93)
    assert zne.standard_error == pytest.approx(trex.standard_error * (1 / 3 + 9 / 8) ** 0.5)


def test_a_twin_carries_it_out_and_refuses_what_it_cannot() -> None:
    runner = open_runner("twin:fake_lima")
    handle = runner.submit(work("trex", shots=64), tag="a")
    assert [runner.poll(handle).done, runner.poll(handle).state] == [1, "done"]
    found = runner.fetch(handle)
    assert found.shots == 64 and found.calibration["device"] == "fake_lima" and (found.errors > 0).all()
    with pytest.raises(InputError, match="Mitigation 'zne' measures shots, and 0 were asked for"):
        runner.submit(work("zne", shots=0), tag="b")
