"""Saved views: kept, renamed, removed and brought back, and honest about what they name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.errors import AbsentError, InputError
from qlatent.services import bin
from qlatent.services.datasets import datasets
from qlatent.services.views import saved
from qlatent.store.catalogue.bin import KEPT_SECONDS
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace

QUERY = {"dataset": "shop", "explore_encoder": "given", "explore_colour": "label"}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("views") / "workspace") as opened:
        yield opened


def test_a_view_is_kept_renamed_removed_and_brought_back(workspace: Workspace) -> None:
    first = saved.save(workspace, "explore", QUERY, name="  Ripe\nfruit ", named=[("dataset", "shop")])
    second = saved.save(workspace, "explore", {"run": "r1"}, name="Run", named=[("run", "r1")])
    newest, oldest = saved.listed(workspace, "explore")
    assert (oldest.name, dict(oldest.query), oldest.missing) == ("Ripe fruit", QUERY, ())
    assert newest.missing == ("The run r1 no longer exists.",)
    assert saved.listed(workspace, "data") == []
    saved.rename(workspace, first.id, name="Fruit")
    saved.remove(workspace, second.id)
    assert [each.name for each in saved.listed(workspace, "explore")] == ["Fruit"]
    with pytest.raises(AbsentError, match="no saved view"):
        saved.rename(workspace, second.id, name="again")
    with pytest.raises(AbsentError, match="no view"):
        saved.remove(workspace, second.id)
    bin.restore(workspace, second.id, kind="view")
    assert [each.id for each in saved.listed(workspace, "explore")] == [second.id, first.id]


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_name_is_asked_for(workspace: Workspace, name: str) -> None:
    with pytest.raises(InputError, match="expected 1 to 200"):
        saved.save(workspace, "explore", QUERY, name=name)


def test_a_view_outlives_what_it_names_and_is_deleted_after_a_day(tmp_path: Path) -> None:
    with shop_workspace.shop(tmp_path / "workspace") as workspace:
        view = saved.save(workspace, "explore", QUERY, name="Fruit", named=[("dataset", "shop")])
        datasets.remove(workspace, "shop")
        (found,) = saved.listed(workspace, "explore")
        assert found.missing == ("The dataset shop was removed and can be brought back.",)
        saved.remove(workspace, view.id)
        (removed,) = bin.content(workspace, "view")
        gone = bin.empty(workspace, now=removed.removed + KEPT_SECONDS + 1)
        assert view.id in {each.id for each in gone}
        with pytest.raises(InputError, match="Nothing in the bin"):
            bin.restore(workspace, view.id, kind="view")
