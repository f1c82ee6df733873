"""The bin: its list, and restoring by id or unique name."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from qlatent.errors import InputError
from qlatent.services import bin
from qlatent.services.runs import listing, queue
from qlatent.store.catalogue.records import Removed
from qlatent.store.workspace import Workspace
from tests.services.made_runs import made, training
from tests.services.run_workspace import small


@pytest.fixture
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with small(tmp_path_factory.mktemp("bin") / "workspace", count=8) as opened:
        yield opened


def removed(workspace: Workspace, name: str) -> str:
    """The id of a run of this name that was removed."""
    run = made(workspace, training(name=name), state="stopped")
    queue.remove(workspace, run)
    return run


def test_a_removed_thing_can_be_restored_for_a_day() -> None:
    assert bin.until(Removed("run", "r1", "One", 1000.0)) == 1000.0 + 24 * 3600


def test_what_was_removed_last_comes_first_and_one_kind_can_be_asked_for(workspace: Workspace) -> None:
    first, second = removed(workspace, "one"), removed(workspace, "two")
    assert [each.id for each in bin.content(workspace)] == [second, first]
    assert [each.name for each in bin.content(workspace, "run")] == ["two", "one"]
    assert bin.content(workspace, "head") == []


def test_an_id_or_the_only_thing_of_a_name_is_brought_back(workspace: Workspace) -> None:
    by_id, by_name = removed(workspace, "one"), removed(workspace, "two")
    assert bin.restore(workspace, by_id).id == by_id
    assert bin.restore(workspace, "two").id == by_name
    assert {run.id for run in listing.list_runs(workspace)} == {by_id, by_name}
    assert bin.content(workspace) == []


def test_several_of_a_name_are_named_by_their_ids(workspace: Workspace) -> None:
    twins = {removed(workspace, "one"), removed(workspace, "one")}
    with pytest.raises(InputError, match=r"^2 .* 'one'") as caught:
        bin.restore(workspace, "one")
    assert all(each in str(caught.value) for each in twins)
    with pytest.raises(InputError, match=r"^Nothing .* 'three'"):
        bin.restore(workspace, "three")
    with pytest.raises(InputError):
        bin.restore(workspace, next(iter(twins)), kind="dataset")


def test_only_what_was_removed_a_day_ago_is_deleted(workspace: Workspace) -> None:
    run = removed(workspace, "one")
    now = time.time()
    assert bin.empty(workspace, now=now + bin.DAY - 60) == []
    assert [each.id for each in bin.empty(workspace, now=now + bin.DAY + 60)] == [run]
    assert bin.content(workspace) == []
    assert not list(workspace.runs_path.rglob(run))
