"""Collections in the catalogue, on SQLite and PostgreSQL: ids, changes and their undoing."""

from __future__ import annotations

import pytest

from qlatent.errors import StoreError
from qlatent.store.catalogue import collections
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import Change, CollectionChange, CollectionRecord, DatasetRecord


@pytest.fixture(autouse=True)
def shop(catalogue: Catalogue) -> None:
    catalogue.add_dataset(DatasetRecord("shop", "Shop", "table", 1.0, 9, ("text",)))


def record(number: int = 1, **changes: object) -> CollectionRecord:
    return CollectionRecord(
        f"c{number}", f"Collection {number}", "shop", 4, float(number), float(number), **changes
    )


def test_a_collection_holds_distinct_ids_and_is_listed_with_their_number(catalogue: Catalogue) -> None:
    found = catalogue.collections
    assert found.add(record(2), ["b", "a", "b"]) == record(2, count=2)
    found.add(record(1), [])
    assert found.all() == [record(1), record(2, count=2)]
    assert found.ids("c2") == ["a", "b"] and found.ids("c1") == []
    assert found.one("c2").count == 2
    with pytest.raises(StoreError, match="There is no collection 'c9'"):
        found.one("c9")
    with pytest.raises(StoreError, match="its id is taken"):
        found.add(record(1), [])


def test_a_change_adds_what_is_not_there_and_takes_what_is(catalogue: Catalogue) -> None:
    found = catalogue.collections
    found.add(record(), ["a", "b"])
    made = found.change("c1", Change(5.0, add=["b", "c"], take=["a", "x"], name="New", version=7))
    assert made == CollectionChange(5.0, 1, 1, "Collection 1", "New")
    assert found.ids("c1") == ["b", "c"]
    assert found.one("c1") == CollectionRecord("c1", "New", "shop", 7, 1.0, 5.0, 2)
    assert found.change("c1", Change(6.0, add=["b"])) == CollectionChange(6.0, 0, 0, "New", "New")
    assert found.changes("c1") == [made] and found.one("c1").changed == 5.0
    with pytest.raises(StoreError, match="There is no collection 'c9'"):
        found.change("c9", Change(6.0, add=["b"]))


def test_changes_are_undone_from_the_last_to_the_first(catalogue: Catalogue) -> None:
    found = catalogue.collections
    found.add(record(), ["a"])
    found.change("c1", Change(5.0, add=["b"], name="Two"))
    found.change("c1", Change(6.0, take=["a", "b"]))
    assert found.ids("c1") == []
    assert found.undo("c1", now=7.0).taken == 2
    assert (found.ids("c1"), found.one("c1").name) == (["a", "b"], "Two")
    assert found.undo("c1", now=8.0).added == 1
    assert (found.ids("c1"), found.one("c1").name, found.one("c1").count) == (["a"], "Collection 1", 1)
    with pytest.raises(StoreError, match="no change that could be undone"):
        found.undo("c1", now=9.0)
    assert [each.undone for each in found.changes("c1")] == [True, True]
    found.change("c1", Change(10.0, add=["z"]))
    assert found.undo("c1", now=11.0).made == 10.0 and found.ids("c1") == ["a"]


def test_only_the_newest_changes_are_kept(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "KEPT_CHANGES", 3)
    found = catalogue.collections
    found.add(record(), [])
    for number in range(5):
        found.change("c1", Change(float(number), add=[f"i{number}"]))
    assert [each.made for each in found.changes("c1")] == [4.0, 3.0, 2.0]
    assert len(found.ids("c1")) == 5


def test_a_removed_collection_comes_back_and_a_deleted_one_takes_its_ids_along(catalogue: Catalogue) -> None:
    found = catalogue.collections
    found.add(record(), ["a"])
    catalogue.bin.put("collection", "c1", now=3.0)
    assert found.all() == [] and found.taken("c1")
    with pytest.raises(StoreError, match="There is no collection"):
        found.change("c1", Change(4.0, add=["b"]))
    assert [(each.kind, each.id) for each in catalogue.bin.content()] == [("collection", "c1")]
    catalogue.bin.take_back("collection", "c1")
    assert found.one("c1").count == 1 and found.ids("c1") == ["a"]
    found.delete("c1")
    assert found.ids("c1") == [] and not found.taken("c1")


def test_a_collection_says_when_its_dataset_is_removed_and_goes_with_it(catalogue: Catalogue) -> None:
    catalogue.collections.add(record(), ["a"])
    catalogue.bin.put("dataset", "shop", now=3.0)
    assert catalogue.collections.one("c1").dataset_id is None
    catalogue.bin.take_back("dataset", "shop")
    assert catalogue.collections.one("c1").dataset_id == "shop"
    catalogue.remove_dataset("shop")
    assert catalogue.collections.all() == [] and catalogue.collections.ids("c1") == []
