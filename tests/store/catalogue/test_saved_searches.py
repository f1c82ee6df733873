"""Saved searches: added, listed by dataset, removed, and gone with their dataset."""

from __future__ import annotations

import pytest

from qlatent.errors import AbsentError, StoreError
from qlatent.store.catalogue.catalogue import Catalogue
from qlatent.store.catalogue.records import DatasetRecord, SearchRecord

RED = SearchRecord("s1", "red fruit", "shop", {"query": {"terms": [["text", "red fruit", 1.0]]}}, 2.0)
OLD = SearchRecord("s2", "older", "shop", {"filters": []}, 1.0)


def test_saved_searches_survive_a_restart_and_are_listed_by_dataset(url: str) -> None:
    first = Catalogue(url)
    first.add_dataset(DatasetRecord("shop", "Shop", "csv", 1.0, 3))
    first.add_dataset(DatasetRecord("other", "Other", "csv", 1.0, 3))
    assert first.saved_searches.add(RED) == RED
    first.saved_searches.add(OLD)
    first.close()
    again = Catalogue(url)
    assert again.saved_searches.of("shop") == [OLD, RED]
    assert again.saved_searches.of("other") == []
    assert again.saved_searches.one("s1") == RED
    again.close()


def test_a_removed_search_is_gone(catalogue: Catalogue) -> None:
    catalogue.add_dataset(DatasetRecord("shop", "Shop", "csv", 1.0, 3))
    catalogue.saved_searches.add(RED)
    catalogue.saved_searches.delete("s1")
    assert catalogue.saved_searches.of("shop") == []
    with pytest.raises(AbsentError, match="no saved search 's1'"):
        catalogue.saved_searches.delete("s1")
    with pytest.raises(AbsentError, match="no saved search 's1'"):
        catalogue.saved_searches.one("s1")


def test_a_search_belongs_to_a_dataset_and_goes_with_it(catalogue: Catalogue) -> None:
    with pytest.raises(StoreError, match="dataset 'shop' does not exist"):
        catalogue.saved_searches.add(RED)
    catalogue.add_dataset(DatasetRecord("shop", "Shop", "csv", 1.0, 3))
    catalogue.saved_searches.add(RED)
    catalogue.remove_dataset("shop")
    assert catalogue.saved_searches.of("shop") == []
