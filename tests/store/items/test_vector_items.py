"""Items with vectors only are stored in bulk as they are one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import StoreError
from qlatent.store.items.items import ItemStore
from qlatent.types import Cancelled, Item, VectorItems


def block(first: int = 0, count: int = 40, *, modalities: tuple[str, ...] = ("image", "text")) -> VectorItems:
    """Items of which every fifth repeats the vectors of the one before."""
    rows = np.arange(first, first + count)
    content = np.random.default_rng(0).normal(size=(first + count, 3)).astype(np.float32)
    vectors = {name: content[rows - (rows % 5 == 4)] * (place + 1) for place, name in enumerate(modalities)}
    labels = [None if row % 3 else f"l{row}" for row in rows]
    facts = [{"size": int(row), "name": "é"} if row % 2 else {} for row in rows]
    return VectorItems([f"n{row}" for row in rows], vectors, labels, ["train"] * count, facts, "v.npz")


def both(tmp_path: Path, first: VectorItems, second: VectorItems) -> tuple[ItemStore, ItemStore]:
    """The same items in two stores, created by `first` and appended by `second`: one by one, and in bulk."""
    single, bulk = ItemStore(tmp_path / "single"), ItemStore(tmp_path / "bulk")
    reports = [single.create("a", list(first.items())), single.append("a", list(second.items()))]
    several = [bulk.create("a", [first]), bulk.append("a", [second])]
    assert [(each.rows, each.duplicates) for each in several] == [
        (each.rows, each.duplicates) for each in reports
    ]
    return single, bulk


def test_rows_and_vectors_are_those_of_single_items(tmp_path: Path) -> None:
    single, bulk = both(tmp_path, block(), block(40, 25))
    wanted = single.table("a")
    assert bulk.table("a").to_pylist() == wanted.to_pylist()
    assert wanted["duplicate_of"].to_pylist()[3:6] == ["", "n3", ""]
    for modality in ("image", "text"):
        hashes = wanted[f"given_{modality}"].to_pylist()
        found = bulk.embeddings("given", modality, hashes)
        np.testing.assert_array_equal(found, single.embeddings("given", modality, hashes))
        assert np.isfinite(found).all()
        (table,) = bulk._vectors.of("given", modality)
        assert bulk._tables.open(table.name).count_rows() == len(set(hashes))  # type: ignore[union-attr]


def test_items_and_blocks_keep_their_order(tmp_path: Path) -> None:
    store = ItemStore(tmp_path)
    alone = [Item(f"t{number}", text=f"text {number}") for number in range(3)]
    store.create("a", iter([alone[0], block(0, 4), alone[1], alone[2], block(4, 2)]))
    rows = store.table("a", columns=["row", "id"]).to_pylist()
    assert [row["id"] for row in rows] == ["t0", "n0", "n1", "n2", "n3", "t1", "t2", "n4", "n5"]
    assert [row["row"] for row in rows] == list(range(9))


def test_an_id_that_occurs_twice_is_refused_and_nothing_stays(tmp_path: Path) -> None:
    store = ItemStore(tmp_path)
    with pytest.raises(StoreError, match=r"The id 'n30' occurs twice"):
        store.create("a", [block(), block(30, 5)])
    assert store.datasets() == []
    assert store._tables.names("") == []


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (np.nan, r"The text vector of item 'n7' is not a row of finite numbers"),
        (np.inf, r"The text vector of item 'n7' is not a row of finite numbers"),
    ],
)
def test_a_broken_vector_names_its_item(tmp_path: Path, spoilt: float, message: str) -> None:
    items = block()
    items.vectors["text"][7, 1] = spoilt
    with pytest.raises(StoreError, match=message):
        ItemStore(tmp_path).create("a", [items])


def test_an_unknown_modality_and_another_width_are_refused(tmp_path: Path) -> None:
    store = ItemStore(tmp_path)
    with pytest.raises(StoreError, match=r"Item 'n0' has vectors of \['sound'\]"):
        store.create("a", [block(modalities=("sound",))])
    wide = VectorItems(["w"], {"image": np.ones((1, 5), np.float32)}, [None], [None], [{}])
    with pytest.raises(StoreError, match=r"different widths: \[3, 5\]"):
        store.create("a", [block(), wide])


def test_progress_counts_the_rows_and_can_cancel(tmp_path: Path) -> None:
    store, seen = ItemStore(tmp_path), []
    store.create("a", iter([block(), block(40, 25)]), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(40, None), (65, None)]

    def cancel(done: int, total: int | None) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        store.create("b", [block()], progress=cancel)
    assert store.datasets() == ["a"]
