"""The list of snapshots as it is read from the files of qiskit-ibm-runtime."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qlatent.hardware import snapshot_list
from qlatent.hardware.snapshot_list import Snapshot


def write(root: Path, name: str, *, pairs: list[float]) -> None:
    """A device of three qubits with these errors of its two-qubit gates."""
    folder = root / name
    folder.mkdir()
    gates: list[dict[str, Any]] = [
        {
            "gate": "cz",
            "parameters": [{"name": "gate_length", "value": 1}, {"name": "gate_error", "value": error}],
        }
        for error in pairs
    ]
    gates.append({"gate": "sx", "parameters": [{"name": "gate_error", "value": 0.4}]})
    qubits = [
        [{"name": "T1", "value": 9}, {"name": "readout_error", "value": value}] for value in (0.01, 0.02, 0.5)
    ]
    properties = {"gates": gates, "qubits": qubits, "last_update_date": "2025-02-26T15:16:25-05:00"}
    (folder / f"conf_{name}.json").write_text(json.dumps({"n_qubits": 3}))
    (folder / f"props_{name}.json").write_text(json.dumps(properties))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(snapshot_list, "_root", lambda: tmp_path)
    snapshot_list.snapshots.cache_clear()
    yield tmp_path
    snapshot_list.snapshots.cache_clear()


def test_devices_are_listed_with_the_medians_of_their_errors(root: Path) -> None:
    write(root, "vigo", pairs=[0.001, 0.003, 1.0])
    write(root, "broken", pairs=[1.0, 1.0, 0.1])  # half of its gates failed
    write(root, "armonk", pairs=[])
    (root / "__pycache__").mkdir()
    assert snapshot_list.snapshots() == (Snapshot("fake_vigo", 3, "2025-02-26T15:16:25-05:00", 0.003, 0.02),)
