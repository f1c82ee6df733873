"""The event log of a run: repeated steps, and incremental reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.services.runs import event_log
from qlatent.store.runs.run_folder import RunFolder


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "r1", {})


def step(number: int, **losses: float | None) -> dict[str, Any]:
    return {"type": "step", "step": number, "epoch": 1, "time": 5.0, "rate": None, "losses": losses}


def test_events_are_sorted_by_their_kind_and_step(folder: RunFolder) -> None:
    for event in (
        {"type": "start", "steps": 2, "attempt": 1},
        step(1, total=3.0),
        {"type": "evaluation", "step": 1, "epoch": 1, "metrics": {"pair_error": 0.5}},
        {"type": "snapshot", "step": 1, "file": "step-00000001.npz", "metrics": {"spearman": 0.9}},
        {"type": "probe", "step": 1, "accuracy": 0.25},
        {"type": "checkpoint", "step": 1},
        {"type": "start", "steps": 2, "attempt": 2},
        {"type": "finish", "step": 1, "metrics": {"total": 3.0}},
    ):
        folder.append(event)
    found = event_log.read_log(folder)
    assert found.start["attempt"] == 2
    assert found.steps == {1: {"total": 3.0, "epoch": 1, "time": 5.0, "rate": None}}
    assert found.evaluations == {1: {"epoch": 1, "pair_error": 0.5}}
    assert found.snapshots == {1: {"spearman": 0.9}}
    assert found.probes[1]["accuracy"] == 0.25
    assert found.finish["metrics"] == {"total": 3.0}


def test_of_a_step_made_twice_the_last_occurrence_counts(folder: RunFolder) -> None:
    for number, total in [(1, 9.0), (2, 8.0), (3, 7.0), (2, 8.5)]:
        folder.append(step(number, total=total))
    found = event_log.columns(event_log.read_log(folder).steps)
    np.testing.assert_array_equal(found["step"], [1, 2, 3])
    np.testing.assert_array_equal(found["total"], [9.0, 8.5, 7.0])


def test_a_second_look_reads_only_what_was_added(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    read, offsets = RunFolder.events, []

    def events(self: RunFolder, after: int = 0) -> tuple[list[dict[str, Any]], int]:
        offsets.append(after)
        return read(self, after)

    monkeypatch.setattr(RunFolder, "events", events)
    folder.append(step(1, total=2.0))
    first = event_log.read_log(folder)
    length = (folder.path / "events.jsonl").stat().st_size
    folder.append(step(2, total=1.0))
    assert event_log.read_log(folder) is first
    assert offsets == [0, length]
    assert sorted(first.steps) == [1, 2]


def test_only_the_event_logs_used_last_are_cached(tmp_path: Path) -> None:
    folders = [RunFolder.create(tmp_path / f"r{n}", {}) for n in range(event_log.KEPT + 1)]
    first, second = (event_log.read_log(folder) for folder in folders[:2])
    event_log.read_log(folders[0])  # used again: the second is the oldest now
    for folder in folders[2:]:
        event_log.read_log(folder)
    assert event_log.read_log(folders[0]) is first
    assert event_log.read_log(folders[1]) is not second


def test_columns_are_in_the_order_of_steps_with_nan_where_a_step_lacks_a_figure() -> None:
    found = event_log.columns({4: {"a": 1.0, "b": None}, 2: {"a": 2.0}, 3: {"c": 7.0}})
    np.testing.assert_array_equal(found["step"], [2, 3, 4])
    np.testing.assert_array_equal(found["a"], [2.0, np.nan, 1.0])
    np.testing.assert_array_equal(found["b"], [np.nan] * 3)
    np.testing.assert_array_equal(found["c"], [np.nan, 7.0, np.nan])
    assert list(event_log.columns({})) == ["step"]


def test_a_run_is_trained_when_it_says_so_and_its_model_is_there(folder: RunFolder) -> None:
    assert not event_log.is_trained(folder)
    folder.append({"type": "finish", "step": 1, "metrics": {}})
    assert not event_log.is_trained(folder)  # killed before the model was written
    (folder.model_path / "config.json").write_text("{}")
    assert event_log.is_trained(folder)
    other = RunFolder.create(folder.path.with_name("r2"), {})
    (other.model_path / "config.json").write_text("{}")
    assert not event_log.is_trained(other)
