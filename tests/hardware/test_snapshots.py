"""Calibration snapshots of devices."""

from __future__ import annotations

import sys

import pytest

from qlatent.errors import InputError, UnavailableError
from qlatent.hardware import snapshots

provider = pytest.importorskip("qiskit_ibm_runtime.fake_provider", reason="needs requirements.txt")


@pytest.mark.parametrize("name", ["paris", "almaden", "sherbrooke", "boston"])
def test_devices_of_every_generation_have_a_snapshot(name: str) -> None:
    assert snapshots.backend(name).target.num_qubits >= 20


def test_what_is_no_device_is_left_out_and_an_unknown_one_is_refused() -> None:
    assert {"providerforbackend", "nighthawk", "armonk"}.isdisjoint(snapshots.names())
    with pytest.raises(InputError, match="no snapshot of a device 'nowhere'"):
        snapshots.backend("nowhere")


def test_without_the_package_its_name_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "qiskit_ibm_runtime.fake_provider", None)
    snapshots.names.cache_clear()
    with pytest.raises(UnavailableError, match="qiskit-ibm-runtime"):
        snapshots.names()
