"""Trained networks on a device's noise: rows, what is measured again, and the report."""

from __future__ import annotations

import json

import numpy as np
import pytest

from qlatent.cli import reproducing
from qlatent.report import reproduction_on_device as report
from qlatent.services.experiments import on_device, reproduction
from qlatent.services.experiments.on_device import OnDevice
from qlatent.services.experiments.reproduction import Row
from qlatent.store.workspace import Workspace
from tests.carried_out import in_process
from tests.services.experiments.test_reproduction import archive

pytestmark = pytest.mark.usefixtures("narrow_backbone")


def row(variant: str, mode: str, seed: int, accuracy: float) -> Row:
    about = {
        "variant": variant,
        "mode": mode,
        "seed": seed,
        "width": 8,
        "device": "twin:fake_paris",
        "images": 900,
    }
    return about | {
        "shots": 100, "overlap": 0.99, "drawn": 0, "accuracy": accuracy, "low": 0.0, "high": 1.0, "n": 8,
        "classes": ["a", "b"], "confusion": [[3, 1], [0, 4]],
    }  # fmt: skip


def test_images_are_drawn_evenly_and_by_the_seed() -> None:
    labels = np.repeat([0, 1, 2], [50, 40, 4])
    chosen = on_device.drawn(labels, 30, seed=0)
    assert np.bincount(labels[chosen]).tolist() == [10, 10, 4]
    assert chosen.tolist() == on_device.drawn(labels, 30, seed=0).tolist()
    assert chosen.tolist() != on_device.drawn(labels, 30, seed=1).tolist()


def test_differences_are_taken_seed_by_seed_with_students_interval() -> None:
    rows = [row("ring", "device", seed, value) for seed, value in enumerate((0.40, 0.42, 0.46))]
    rows += [row("ring", "shots", seed, value) for seed, value in enumerate((0.42, 0.45, 0.47))]
    _, lines = report.difference_table(rows)
    (line,) = lines
    differences = np.array([-2.0, -3.0, -1.0])
    half = 4.302653 * differences.std(ddof=1) / 3**0.5  # t of 2 degrees of freedom
    assert line[2:] == ["-2.00", f"{-2 - half:+.2f} to {-2 + half:+.2f}", "3"]
    _, accuracies = report.accuracy_table([*rows, row("classical", "exact", 0, 0.5)])
    assert accuracies[0] == ["Classical twin, simulated exactly", "1", "50.00", "–", "47.27"]


@pytest.mark.slow
def test_the_command_trains_measures_and_measures_nothing_twice(
    tmp_path, capsys, monkeypatch, no_workers
) -> None:
    short = {
        "steps": 2,
        "batch_size": 4,
        "size": 16,
        "probe_steps": (2,),
        "unique_pairs": False,
        "snapshots": 2,
    }
    monkeypatch.setattr(reproduction, "TRAINING", short)
    monkeypatch.setattr(reproduction, "STEPS", (2,))
    workspace = Workspace.open(tmp_path / "workspace")
    monkeypatch.setattr("qlatent.cli.reproducing.POLL", 0.01)
    real, times = on_device._executed, []

    def counted(*arguments):
        times.append(arguments[1])
        return real(*arguments)

    monkeypatch.setattr(on_device, "_executed", counted)
    called = {
        "data": archive(tmp_path / "images.npz"), "variants": (), "seeds": 1, "workers": 1, "out": tmp_path / "out",
        "asked": OnDevice("shots", images=4, shots=50), "terminal": reproducing.Terminal(as_json=True),
    }  # fmt: skip
    with in_process():
        for _ in range(2):
            reproducing.reproduce_on_device(workspace, **called)
    assert times == list(on_device.MODES)
    rows = json.loads((tmp_path / "out" / reproducing.ON_DEVICE).read_text())["rows"]
    assert [(each["variant"], each["mode"]) for each in rows] == [
        ("classical", "exact"), *(("ring", mode) for mode in on_device.MODES)
    ]  # fmt: skip
    assert {each["n"] for each in rows} == {4}
    assert rows[-1]["reached"] == 4 and rows[-1]["mean_overlap"] >= 0.99
    text = (tmp_path / "out" / "qssl_on_device.md").read_text(encoding="utf-8")
    assert "Ring, on the twin, recompiled" in text
