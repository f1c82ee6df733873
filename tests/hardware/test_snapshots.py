"""Noise of devices against their snapshots and against Qiskit's own average infidelity."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from qlatent.errors import InputError, UnavailableError
from qlatent.hardware import snapshots

provider = pytest.importorskip("qiskit_ibm_runtime.fake_provider", reason="needs requirements.txt")


def test_medians_of_the_snapshot_become_channels_of_the_same_average_infidelity() -> None:
    from qiskit.quantum_info import Kraus, SuperOp, average_gate_fidelity

    def channel(p: float) -> SuperOp:
        paulis = [np.eye(2), [[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]]
        chances = [1 - p, p / 3, p / 3, p / 3]
        return SuperOp(Kraus([np.sqrt(q) * np.array(m) for q, m in zip(chances, paulis, strict=True)]))

    target = provider.FakeFez().target
    median = {
        g: np.median([e.error for e in target[g].values() if e.error is not None]) for g in ("sx", "cz")
    }
    noise = snapshots.noise("fez")
    one = channel(noise.depolarizing)
    pair = channel(noise.pair_depolarizing).tensor(channel(noise.pair_depolarizing))
    assert 1 - average_gate_fidelity(one) == pytest.approx(median["sx"])
    assert 1 - average_gate_fidelity(pair) == pytest.approx(median["cz"])
    assert 0 < noise.readout < 0.05


@pytest.mark.parametrize("name", ["paris", "almaden", "sherbrooke", "boston"])
def test_devices_of_every_generation_have_noise(name: str) -> None:
    noise = snapshots.noise(name)
    assert 0 < noise.depolarizing < noise.pair_depolarizing < 0.1


def test_an_unknown_device_and_one_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match="no snapshot of a device 'nowhere'"):
        snapshots.noise("nowhere")
    with pytest.raises(InputError, match="half the gates of 'kyoto' failed"):
        snapshots.noise("kyoto")


def test_without_the_package_its_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime.fake_provider", None)
    snapshots.names.cache_clear()
    with pytest.raises(UnavailableError, match="qiskit-ibm-runtime"):
        snapshots.names()
