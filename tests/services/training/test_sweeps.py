"""Sweeps: the run of each training, starting missing runs, and progress."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import Encoding, TrainSpec
from qlatent.services.training import sweeps
from qlatent.services.training.training_key import training_key
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.made_runs import made, training
from tests.services.run_workspace import small


@dataclass
class Place:
    run: RunSummary | None = None
    spec: TrainSpec = field(default_factory=training)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("sweeps") / "workspace", count=12) as workspace:
        yield workspace


@pytest.fixture
def workspace(stored: Workspace, no_workers: LauncherDouble) -> Iterator[Workspace]:
    yield stored
    for record in stored.catalogue.runs():
        stored.run(record.id).write_status(state="stopped")
        queue.remove(stored, record.id)


def place(workspace: Workspace, **status: Any) -> Place:
    """A place whose run has this status."""
    return Place(listing.summary(workspace, made(workspace, **status)))


def test_of_runs_of_one_training_the_finished_one_stands_for_it_then_the_one_under_way(
    workspace: Workspace,
) -> None:
    key = training_key(training())
    made(workspace, training(created=1.0), state="failed")
    newest_failure = made(workspace, training(created=9.0), state="failed")
    assert sweeps.known(workspace)[key].id == newest_failure
    waiting = made(workspace, training(created=5.0))
    assert sweeps.known(workspace)[key].id == waiting
    running = made(workspace, training(created=4.0), state="running")
    assert sweeps.known(workspace)[key].id == running
    finished = made(workspace, training(created=3.0), state="finished")
    assert sweeps.known(workspace)[key].id == finished
    other = made(workspace, training(head="acqua_separable"))
    made(workspace, Encoding(name="x", created=1.0, dataset="pairs", encoder="builtin", settings={}))
    assert {run.id for run in sweeps.known(workspace).values()} == {finished, other}


def test_what_is_missing_is_queued_what_ended_early_goes_on_and_the_rest_is_left(
    workspace: Workspace, no_workers: LauncherDouble
) -> None:
    finished, stopped, failed, running = (
        place(workspace, state=each) for each in ("finished", "stopped", "failed", "running")
    )
    missing = Place(spec=training(head="acqua_separable"))
    sweeps.start(workspace, [finished, missing, running, stopped, failed], workers=9)
    assert finished.run and stopped.run and failed.run
    [new] = [run for run in listing.list_runs(workspace) if run.head == "acqua_separable"]
    assert set(no_workers.launched) == {new.id, stopped.run.id, failed.run.id}
    assert listing.summary(workspace, finished.run.id).state == "finished"


def test_no_more_work_at_once_than_is_allowed(workspace: Workspace, no_workers: LauncherDouble) -> None:
    sweeps.start(workspace, [Place() for _ in range(3)], workers=2)
    assert len(no_workers.launched) == 2
    assert len(listing.list_runs(workspace)) == 3


def test_progress_counts_finished_trainings_whole_and_those_under_way_by_their_share(
    workspace: Workspace,
) -> None:
    table = [
        place(workspace, state="finished", step=3, steps=20),
        place(workspace, state="running", step=5, steps=20),
        place(workspace, state="failed", step=10, steps=20, error="No room."),
        place(workspace, state="stopped"),
        Place(),
    ]
    told = sweeps.progress(workspace, table)
    assert (told.total, told.finished, told.active) == (5, 1, True)
    assert told.done == pytest.approx(1 + 5 / 20 + 10 / 20)
    assert told.failed == ("By hand: failed: No room.", "By hand: stopped")


def test_finished_runs_are_not_read_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    table = [place(workspace, state="finished"), place(workspace, state="stopped", step=1, steps=4)]
    finished: set[str] = set()
    first = sweeps.progress(workspace, table, finished=finished)
    assert finished == {table[0].run.id}  # type: ignore[union-attr]
    looked_at: list[str] = []
    summaries = listing.summaries

    def noted(workspace: Workspace, ids: list[str]) -> list[RunSummary]:
        looked_at.extend(ids)
        return summaries(workspace, ids)

    monkeypatch.setattr(listing, "summaries", noted)
    assert sweeps.progress(workspace, table, finished=finished) == first
    assert looked_at == [table[1].run.id]  # type: ignore[union-attr]
    assert (first.finished, first.done, first.active) == (1, 1.25, False)


def test_an_empty_table_is_done(workspace: Workspace) -> None:
    assert sweeps.progress(workspace, []) == sweeps.SweepProgress(0, 0, 0.0, (), False)
    assert sweeps.progress(workspace, [Place()]) == sweeps.SweepProgress(1, 0, 0.0, (), False)


def test_those_under_way_are_asked_to_stop_and_those_that_wait_leave_the_queue(workspace: Workspace) -> None:
    table = [place(workspace, state=each) for each in ("finished", "running", "queued")]
    ids = sweeps.ids([*table, Place()])
    assert ids == [each.run.id for each in table if each.run]
    sweeps.stop(workspace, ids)
    finished, running, waiting = (workspace.run(each) for each in ids)
    assert not finished.stop_requested()
    assert running.stop_requested()
    assert waiting.status().state == "stopped"


def test_a_run_that_ends_during_its_stop_request_is_not_an_error(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = place(workspace, state="running")
    assert running.run
    stop = queue.stop

    def ended(workspace: Workspace, run: str) -> None:
        workspace.run(run).write_status(state="finished")
        stop(workspace, run)

    monkeypatch.setattr(queue, "stop", ended)
    sweeps.stop(workspace, [running.run.id])
    assert listing.summary(workspace, running.run.id).state == "finished"
