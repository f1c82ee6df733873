"""Trainings of a class: equal ones once, one at a time each, in turns, and gone with the class."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from qlatent.errors import InputError
from qlatent.services.classes import joining, opening, trainings
from qlatent.services.classes.trainings import UnderWay
from qlatent.services.runs import listing, naming, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.training.start import training_spec
from qlatent.store.catalogue.records import StudentRecord
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.run_workspace import request, small

DAY = 24 * 3600.0


@pytest.fixture
def workspace(tmp_path_factory: pytest.TempPathFactory, no_workers: LauncherDouble) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("trainings") / "workspace", count=12) as opened:
        yield opened


def trained(workspace: Workspace, student: StudentRecord, *, seed: int) -> RunSummary:
    return trainings.train(workspace, student, training_spec(workspace, request(seed=seed)))


@pytest.fixture
def students(workspace: Workspace) -> list[StudentRecord]:
    opened = opening.open_class(workspace, name="Physics", lesson="one", step="start", keep_days=1)
    return [joining.join(workspace, opened.record.code, name).student for name in ("Mia", "Bo", "Cy")]


def test_equal_trainings_are_one_and_others_wait_in_turns(
    workspace: Workspace, students: list[StudentRecord], no_workers: LauncherDouble
) -> None:
    mia, bo, cy = students
    first = trained(workspace, mia, seed=1)
    assert trained(workspace, bo, seed=1).id == first.id
    assert first.owner.startswith("Mia (") and no_workers.launched == [first.id]
    with pytest.raises(InputError, match="has not ended yet"):
        trained(workspace, mia, seed=2)
    with pytest.raises(InputError, match="has not ended yet"):
        trained(workspace, bo, seed=2)
    waiting = trained(workspace, cy, seed=3)
    assert naming.waiting(listing.list_runs(workspace), waiting.id, workers=1).place == 1
    assert trainings.under_way(workspace, mia.class_id) == UnderWay(running=0, waiting=2)
    with pytest.raises(InputError, match="has not ended yet"):
        trained(workspace, cy, seed=1)  # not even that of others, while her own is under way
    assert not trainings.leave(workspace, mia, first.id)  # Bo waits for it, too
    assert trainings.own(workspace, mia) == [] and listing.summary(workspace, first.id).active
    assert trainings.leave(workspace, cy, waiting.id)
    assert trainings.under_way(workspace, mia.class_id) == UnderWay(running=0, waiting=1)
    assert trained(workspace, cy, seed=3).id == waiting.id  # it goes on
    assert [each.id for each in trainings.own(workspace, cy)] == [waiting.id]


def test_who_started_a_training_is_known(workspace: Workspace, students: list[StudentRecord]) -> None:
    mia, bo, _ = students
    run = trained(workspace, mia, seed=4)
    assert [trainings.whose(workspace, each, run) for each in (mia, bo)] == ["own", "class"]
    alone = queue.start(workspace, training_spec(workspace, request(seed=5)))
    asked = trained(workspace, bo, seed=5)
    assert asked.id == alone and trainings.whose(workspace, bo, asked) == "others"
    assert trainings.wanted(workspace, alone)
    assert not trainings.leave(workspace, bo, alone)  # it is not his to stop
    assert listing.summary(workspace, alone).active and not trainings.wanted(workspace, alone)


def test_trainings_that_a_class_made_go_with_the_last_class_that_asked_for_them(
    workspace: Workspace, students: list[StudentRecord]
) -> None:
    before = queue.start(
        workspace, training_spec(workspace, request(seed=8))
    )  # of the lesson, not of the class
    (mia, bo, _), classes = students, workspace.catalogue.classes
    assert trained(workspace, mia, seed=8).id == before
    made = trained(workspace, bo, seed=9).id
    other = opening.open_class(workspace, name="Second", lesson="one", step="start", keep_days=5)
    trained(workspace, joining.join(workspace, other.record.code, "Ada").student, seed=9)
    opened = classes.one(mia.class_id).opened
    opening.sweep(workspace, now=opened + 2 * DAY)
    assert {each.id for each in listing.list_runs(workspace)} == {before, made}
    opening.sweep(workspace, now=opened + 9 * DAY)
    assert [each.id for each in listing.list_runs(workspace)] == [before] and classes.all() == []
