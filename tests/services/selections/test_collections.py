"""Named collections of items: kept, changed, combined, undone, removed, and what imports do to them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qlatent.errors import AbsentError, InputError, StoreError
from qlatent.services import bin
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Column, Ids, Kept
from qlatent.services.selections.selections import resolve
from qlatent.store.catalogue.records import Change
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace

PEARS = Column(name="label", values=("pear",))


def ids(*numbers: int) -> Ids:
    return Ids(ids=tuple(f"item-{number:02}" for number in numbers))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("collections") / "workspace") as opened:
        yield opened


@pytest.fixture(autouse=True)
def emptied(workspace: Workspace) -> Iterator[None]:
    yield
    for each in collections.listed(workspace):
        workspace.catalogue.collections.delete(each.id)


def kept(workspace: Workspace, collection: str) -> list[int]:
    return resolve(workspace, "shop", Kept(collection=collection)).tolist()


def test_what_is_selected_is_kept_under_a_name(workspace: Workspace) -> None:
    made = collections.create(workspace, "shop", PEARS, name="  Best  pears ", now=5.0)
    assert (made.id, made.name, made.dataset, made.count, made.lost) == (
        "best-pears",
        "Best pears",
        "shop",
        9,
        0,
    )
    assert kept(workspace, made.id) == resolve(workspace, "shop", PEARS).tolist()
    assert collections.listed(workspace) == [made] == collections.listed(workspace, "shop")
    assert collections.listed(workspace, "other") == []
    assert collections.view(workspace, "Best pears") == made
    with pytest.raises(InputError, match="There is a collection 'Best pears' of this dataset already"):
        collections.create(workspace, "shop", PEARS, name="Best pears")
    with pytest.raises(InputError, match="Nothing is selected"):
        collections.create(workspace, "shop", Column(name="label", values=("none",)), name="Nothing")
    with pytest.raises(InputError, match="needs a name of at most 200 characters; got 0"):
        collections.create(workspace, "shop", PEARS, name=" ")
    with pytest.raises(AbsentError, match="There is no collection 'worst'"):
        collections.view(workspace, "worst")


def test_items_are_added_and_taken_out_and_the_last_change_is_undone(workspace: Workspace) -> None:
    name = collections.create(workspace, "shop", ids(1, 2), name="Few").id
    change = collections.add(workspace, name, ids(2, 3))
    assert (change.added, change.taken) == (1, 0)
    assert collections.take_out(workspace, "Few", ids(1, 9)).taken == 1
    assert kept(workspace, name) == [2, 3]
    assert collections.rename(workspace, name, name="Fewer").name == "Fewer"
    assert collections.rename(workspace, name, name="Fewer").id == name
    assert len(collections.history(workspace, name)) == 3
    collections.undo(workspace, name)
    collections.undo(workspace, name)
    assert collections.view(workspace, name).name == "Few" and kept(workspace, name) == [1, 2, 3]
    collections.undo(workspace, name)
    with pytest.raises(StoreError, match="no change that could be undone"):
        collections.undo(workspace, name)


def test_a_name_is_given_once_in_a_dataset(workspace: Workspace) -> None:
    one = collections.create(workspace, "shop", ids(1), name="One").id
    collections.create(workspace, "shop", ids(2), name="Two")
    with pytest.raises(InputError, match="There is a collection 'Two'"):
        collections.rename(workspace, one, name="Two")


def test_collections_are_combined_with_the_ids_that_are_gone(workspace: Workspace) -> None:
    one = collections.create(workspace, "shop", ids(1, 2, 3), name="One").id
    two = collections.create(workspace, "shop", ids(3, 4), name="Two").id
    workspace.catalogue.collections.change(two, Change(1.0, add=["lost"]))
    for how, expected, lost in (
        ("union", [1, 2, 3, 4], 1), ("intersection", [3], 0), ("difference", [1, 2], 0),
    ):  # fmt: skip
        made = collections.combine(workspace, [one, two], how=how, name=how)
        assert kept(workspace, made.id) == expected and made.lost == lost
    with pytest.raises(InputError, match="Collections have no 'sum'"):
        collections.combine(workspace, [one, two], how="sum", name="Sum")
    shop_workspace.add(workspace, "other", [shop_workspace.item(1)])
    other = collections.create(workspace, "other", ids(1), name="Other").id
    with pytest.raises(
        InputError, match="Collections of one dataset can be combined; got 'One' of shop, 'Other'"
    ):
        collections.combine(workspace, [one, other], how="union", name="Both")
    with pytest.raises(InputError, match="is of the dataset 'other', not of 'shop'"):
        kept(workspace, other)


def test_a_removed_collection_is_restored_within_a_day(workspace: Workspace) -> None:
    name = collections.create(workspace, "shop", ids(1, 2), name="Few").id
    collections.remove(workspace, "Few")
    assert collections.listed(workspace) == []
    assert [(each.kind, each.id) for each in bin.content(workspace, "collection")] == [("collection", name)]
    again = collections.create(workspace, "shop", ids(5), name="Few")
    assert again.id == "few-2"
    bin.restore(workspace, name)
    assert kept(workspace, name) == [1, 2]
    collections.remove(workspace, name)
    assert [each.id for each in bin.empty(workspace, now=time.time() + bin.DAY + 60)] == [name]
    assert not workspace.catalogue.collections.taken(name)


def test_a_collection_survives_imports_and_says_what_has_vanished(tmp_path: Path) -> None:
    with shop_workspace.shop(tmp_path / "workspace") as workspace:
        name = collections.create(workspace, "shop", ids(1, 2), name="Few").id
        workspace.items.append("shop", [shop_workspace.Item(id="new", text="new")])
        assert kept(workspace, name) == [1, 2]
        collections.add(workspace, name, Ids(ids=("new",)))
        assert collections.view(workspace, name).count == 3
        record = workspace.catalogue.collections.one(name)
        assert record.dataset_version == workspace.items.version("shop")
        # the dataset's rows are lost and imported anew, without two of the three
        workspace.items.remove("shop")
        assert collections.view(workspace, name).lost == 3
        workspace.items.create("shop", [shop_workspace.item(number) for number in (2, 5)])
        assert collections.view(workspace, name).lost == 2
        assert collections.vanished(workspace, name) == ["item-01", "new"]
        assert kept(workspace, name) == [0]


def test_while_its_dataset_is_removed_a_collection_waits(tmp_path: Path) -> None:
    with shop_workspace.shop(tmp_path / "workspace") as workspace:
        name = collections.create(workspace, "shop", ids(1, 2), name="Few").id
        workspace.catalogue.bin.put("dataset", "shop")
        found = collections.view(workspace, name)
        assert (found.dataset, found.lost) == ("", 2)
        with pytest.raises(AbsentError, match="The dataset of the collection 'Few' was removed"):
            collections.add(workspace, name, ids(3))
        bin.restore(workspace, "shop")
        assert collections.view(workspace, name).lost == 0
