"""Vectors in row order as mapped files: equal to what is read, rebuilt when stale, and never in the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from qlatent.store.items.mapped import MappedVectors
from qlatent.store.items.tables import Tables
from qlatent.store.items.vectors import Vectors

KEY = "clip/ViT-B-32 (laion)"
HASHES: list[str | None] = ["c", "a", None, "x", "c"]


class Shelf:
    """Five rows of one dataset: c, a, one without a hash, one without a vector, and c again."""

    def __init__(self, path: Path, *, smallest: int = 0) -> None:
        tables = Tables(path)
        self.path = path / ".rows"
        self.vectors = Vectors(tables)
        self.mapped = MappedVectors(tables, self.vectors, smallest=smallest)
        self.vectors.add(KEY, "image", ["a", "b", "c"], np.array([[1, 2], [3, 4], [5, 6]]))

    def read(self, hashes: list[str | None] = HASHES, *, parts: int = 2) -> np.ndarray:
        cut = [hashes[start : start + parts] for start in range(0, len(hashes), parts)]
        return self.mapped.read(
            "set", KEY, "image", pa.chunked_array([pa.array(each, pa.string()) for each in cut])
        )

    def files(self) -> list[str]:
        return [path.name for path in self.path.glob("*.npy")]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def test_a_mapped_file_holds_what_is_read(shelf: Shelf) -> None:
    nan = np.nan
    found = shelf.read()
    np.testing.assert_array_equal(found, np.float32([[5, 6], [1, 2], [nan, nan], [nan, nan], [5, 6]]))
    assert isinstance(found, np.memmap)
    assert (found.dtype, found.flags.writeable) == (np.float32, False)


def test_the_file_is_made_once_however_the_rows_come_in_batches(shelf: Shelf) -> None:
    shelf.read()
    (name,) = shelf.files()
    made = (shelf.path / name).stat().st_mtime_ns
    shelf.read(parts=3)
    assert shelf.files() == [name]
    assert (shelf.path / name).stat().st_mtime_ns == made


def test_new_vectors_and_other_rows_make_a_new_file_in_place_of_the_old(shelf: Shelf) -> None:
    before = shelf.read()
    first = shelf.files()
    shelf.vectors.add(KEY, "image", ["x"], np.array([[7, 8]]))
    np.testing.assert_array_equal(shelf.read()[3], [7, 8])
    second = shelf.files()
    assert len(second) == 1
    assert second != first
    assert np.isnan(before[3]).all()  # an open map keeps its content
    np.testing.assert_array_equal(shelf.read(["b"]), [[3, 4]])
    assert len(shelf.files()) == 1


def test_a_deleted_file_is_made_again_and_a_dropped_dataset_leaves_none(shelf: Shelf) -> None:
    expected = np.array(shelf.read())
    (shelf.path / shelf.files()[0]).unlink()
    np.testing.assert_array_equal(shelf.read(), expected)
    shelf.mapped.drop("other")
    assert len(shelf.files()) == 1
    shelf.mapped.drop("set")
    assert shelf.files() == []


def test_small_arrays_and_absent_vectors_make_no_file(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, smallest=5 * 2 * 4 + 1)
    np.testing.assert_array_equal(shelf.read(["b", "a"]), [[3, 4], [1, 2]])
    assert not shelf.read(["b"]).flags.writeable
    assert shelf.files() == []
    empty = Shelf(tmp_path / "other")
    none = empty.mapped.read("set", "builtin", "image", pa.chunked_array([pa.array(["a"])]))
    assert none.shape == (1, 0)
    assert empty.files() == []


def test_without_room_the_vectors_are_read_into_memory(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qlatent.store.items.mapped.free_bytes", lambda path: 79)  # the array has 40 bytes
    found = shelf.read()
    np.testing.assert_array_equal(found[0], [5, 6])
    assert not isinstance(found, np.memmap)
    assert [path.name for path in shelf.path.iterdir()] == [".lock"]
