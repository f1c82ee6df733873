"""Trainings of a class: equal ones once, one at a time each, in turns, and gone with the class."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qlatent.errors import InputError
from qlatent.services.classes import joining, opening, trainings
from qlatent.services.runs import listing, naming, queue
from qlatent.store.catalogue.records import StudentRecord
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.run_workspace import request, small

DAY = 24 * 3600.0


@pytest.fixture
def workspace(tmp_path_factory: pytest.TempPathFactory, no_workers: LauncherDouble) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("trainings") / "workspace", count=12) as opened:
        yield opened


@pytest.fixture
def students(workspace: Workspace) -> list[StudentRecord]:
    opened = opening.open_class(workspace, name="Physics", lesson="one", step="start", keep_days=1)
    return [joining.join(workspace, opened.record.code, name).student for name in ("Mia", "Bo", "Cy")]


def test_equal_trainings_are_one_and_others_wait_in_turns(
    workspace: Workspace, students: list[StudentRecord], no_workers: LauncherDouble
) -> None:
    mia, bo, cy = students
    first = trainings.train(workspace, mia, request(seed=1))
    assert trainings.train(workspace, bo, request(seed=1)).id == first.id
    assert first.owner.startswith("Mia (") and no_workers.launched == [first.id]
    with pytest.raises(InputError, match="has not ended yet"):
        trainings.train(workspace, mia, request(seed=2))
    with pytest.raises(InputError, match="has not ended yet"):
        trainings.train(workspace, bo, request(seed=2))
    waiting = trainings.train(workspace, cy, request(seed=3))
    assert naming.waiting(listing.list_runs(workspace), waiting.id, workers=1).place == 1
    assert not trainings.stop(workspace, mia, first.id)  # Bo waits for it, too
    assert trainings.stop(workspace, cy, waiting.id)
    assert trainings.train(workspace, cy, request(seed=3)).id == waiting.id  # it goes on
    assert [each.id for each in trainings.own(workspace, cy)] == [waiting.id]


def test_trainings_that_a_class_made_go_with_the_last_class_that_asked_for_them(
    workspace: Workspace, students: list[StudentRecord]
) -> None:
    before = queue.start(
        workspace, trainings.training_spec(workspace, request(seed=8))
    )  # of the lesson, not of the class
    (mia, bo, _), classes = students, workspace.catalogue.classes
    assert trainings.train(workspace, mia, request(seed=8)).id == before
    made = trainings.train(workspace, bo, request(seed=9)).id
    other = opening.open_class(workspace, name="Second", lesson="one", step="start", keep_days=5)
    trainings.train(workspace, joining.join(workspace, other.record.code, "Ada").student, request(seed=9))
    opened = classes.one(mia.class_id).opened
    opening.sweep(workspace, now=opened + 2 * DAY)
    assert {each.id for each in listing.list_runs(workspace)} == {before, made}
    opening.sweep(workspace, now=opened + 9 * DAY)
    assert [each.id for each in listing.list_runs(workspace)] == [before] and classes.all() == []
