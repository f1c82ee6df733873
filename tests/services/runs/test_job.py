"""The job of a run: progress in status and event log, and stop requests."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from qlatent.services.runs import job as jobs
from qlatent.services.runs.heartbeat import Heartbeat
from qlatent.services.runs.job import PROGRESS_SECONDS, Job
from qlatent.services.runs.specs import Measurement
from qlatent.store.runs.run_folder import RunFolder
from qlatent.types import Cancelled

SPEC = Measurement(name="Measure", created=1.0, dataset=None, runs=("r2",))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "r1", SPEC.document())


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The time of the job: `now`."""
    clock = SimpleNamespace(now=100.0)
    clock.monotonic = clock.time = lambda: clock.now
    monkeypatch.setattr(jobs, "time", clock)
    return clock


def job(folder: RunFolder, *, stop: bool = False) -> Job:
    return Job(folder, Heartbeat(folder), lambda: stop)


def told(folder: RunFolder) -> list[dict[str, Any]]:
    return folder.events()[0]


def test_a_job_knows_its_spec(folder: RunFolder) -> None:
    assert job(folder).spec == SPEC


def test_progress_is_told_at_once_then_a_few_times_a_second_and_at_the_end(
    folder: RunFolder, clock: SimpleNamespace
) -> None:
    work = job(folder)
    for done in range(10):
        work.progress(done, 10)
        clock.now += PROGRESS_SECONDS / 4
    work.progress(10, 10)  # too early after the one before, and yet told: it is the last
    assert [event["done"] for event in told(folder)] == [0, 4, 8, 10]
    assert {(event["type"], event["total"]) for event in told(folder)} == {("progress", 10)}


def test_progress_without_a_known_end_is_told_too(folder: RunFolder, clock: SimpleNamespace) -> None:
    job(folder).progress(3, None)
    [event] = told(folder)
    assert (event["done"], event["total"], event["seconds_left"], event["time"]) == (3, None, None, clock.now)


def test_work_that_is_to_stop_is_cancelled_after_its_progress_is_told(folder: RunFolder) -> None:
    job(folder).progress_or_cancel(1, 2)
    with pytest.raises(Cancelled):
        job(folder, stop=True).progress_or_cancel(2, 2)
    assert [event["done"] for event in told(folder)] == [1, 2]


def test_the_figures_a_run_ends_with_are_its_last_event(folder: RunFolder) -> None:
    assert job(folder).finish(accuracy=0.5) == "finished"
    assert told(folder)[-1]["type"] == "finish"
    assert told(folder)[-1]["metrics"] == {"accuracy": 0.5}
