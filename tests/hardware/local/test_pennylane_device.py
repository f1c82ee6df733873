"""Devices of PennyLane as runners, with and without a seed, and those that fail."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.circuits.bridges import to_pennylane
from qlatent.circuits.layouts import qssl_ring
from qlatent.errors import CircuitError, InputError, RunError
from qlatent.hardware.local import pennylane_device
from qlatent.hardware.opening import open_runner
from qlatent.hardware.work import Outcome, RunOptions, Work
from tests.circuits.exported import ASYMMETRIC, drawn, exact

RING = qssl_ring(2, 1)
WORK = Work(
    RING, np.linspace(0.5, 2.5, RING.weights), np.linspace(0, 3, 6).reshape(3, 2), RunOptions(shots=200)
)


def carried_out(work: Work, *, seed: int = 0) -> Outcome:
    runner = open_runner("pennylane:default.qubit", seed=seed)
    handle = runner.submit(work, tag="a")
    while runner.poll(handle).state == "running":
        pass
    return runner.fetch(handle)


def test_without_shots_it_is_exact() -> None:
    x, w = (np.asarray(each) for each in drawn(ASYMMETRIC))
    found = carried_out(Work(ASYMMETRIC, w, x, RunOptions(shots=0)))
    np.testing.assert_allclose(found.expectations, exact(ASYMMETRIC, x, w), atol=1e-9)
    assert found.shots == 0 and not found.errors.any() and "pennylane" in found.versions


def test_shots_have_counts_and_repeat_by_the_seed_however_they_are_split(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = carried_out(WORK)
    np.testing.assert_allclose(whole.expectations, exact(RING, WORK.angles, WORK.weights), atol=5 / 200**0.5)
    np.testing.assert_allclose(1 - whole.counts / 100, whole.expectations)
    monkeypatch.setattr(pennylane_device.PennyLaneDevice, "part", 1)
    np.testing.assert_array_equal(carried_out(WORK).counts, whole.counts)
    assert (carried_out(WORK, seed=1).counts != whole.counts).any()
    assert whole.calibration == {"device": "default.qubit", "repeatable": True}


def test_unknown_devices_and_mitigations_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CircuitError, match=r"no device 'abacus\.qubit'"):
        open_runner("pennylane:abacus.qubit").estimate(WORK)
    mitigated = Work(RING, WORK.weights, WORK.angles, RunOptions(mitigation="trex"))
    with pytest.raises(InputError, match="'trex' changes nothing"):
        open_runner("pennylane:default.qubit").estimate(mitigated)

    def no_account(*_: object, **__: object) -> None:
        raise ValueError("no account")

    monkeypatch.setattr(to_pennylane, "qnode", no_account)
    with pytest.raises(RunError, match=r"'default\.qubit' failed: ValueError: no account"):
        carried_out(WORK)
