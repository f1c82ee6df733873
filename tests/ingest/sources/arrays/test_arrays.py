"""Precomputed embeddings in .npz and .npy."""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.ingest import Limits, Mapping, open_source
from tests.ingest.builders import read

RANDOM = np.random.default_rng(3)
IMAGE = RANDOM.normal(size=(1200, 8)).astype(np.float32)
TEXT = RANDOM.normal(size=(1200, 8)).astype(np.float32)


def npz(path: Path, **arrays: Any) -> Path:
    np.savez(path, **arrays)
    return path


def test_pairs_with_ids_labels_and_further_arrays(tmp_path: Path) -> None:
    path = npz(
        tmp_path / "v.npz",
        image=IMAGE,
        text=TEXT,
        id=np.arange(1200),
        label=np.array(["a", "b"] * 600),
        source_row=np.arange(1200)[::-1],
    )
    items, refusals = read(path)
    assert not refusals
    assert len(items) == 1200
    assert np.array_equal(np.stack([item.vectors["image"] for item in items]), IMAGE)
    assert np.array_equal(np.stack([item.vectors["text"] for item in items]), TEXT)
    assert (items[3].id, items[3].label, items[3].metadata) == ("3", "b", {"source_row": 1196})


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["float16", "float64", ">f4", "int32"])
def test_other_number_types_and_orders_are_converted(tmp_path: Path, dtype: str, order: Any) -> None:
    stored = np.asarray(IMAGE * 10, dtype=dtype, order=order)
    stored[(stored == 0).all(axis=1)] = 1
    for name in ("v.npz", "v.npy"):
        if name == "v.npy":
            np.save(tmp_path / name, stored)
        else:
            npz(tmp_path / name, embedding=stored)
        items, refusals = read(tmp_path / name)
        assert not refusals
        vectors = np.stack([item.vectors["vector"] for item in items])
        assert vectors.dtype == np.float32
        assert np.array_equal(vectors, stored.astype(np.float32))


def test_compressed_files_and_one_modality(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "v.npz", text=TEXT)
    source = open_source(tmp_path / "v.npz")
    assert source.guess() == Mapping(text_vector="text")
    assert sum(1 for _ in source.rows()) == 1200


def test_bad_vectors_refuse_their_rows_only(tmp_path: Path) -> None:
    image = IMAGE[:6].astype(np.float64)
    image[1, 2], image[2, 0], image[3] = np.nan, np.inf, 0
    image[4, 0] = 1e300  # finite in float64, infinite in float32
    items, refusals = read(npz(tmp_path / "v.npz", vector=image))
    assert [item.id for item in items] == ["row-1", "row-6"]
    assert [refusal.row for refusal in refusals] == [2, 3, 4, 5]
    assert refusals[2].reason == "'vector' is zero everywhere, so it has no direction"
    items, refusals = read(npz(tmp_path / "v.npz", image=image, text=TEXT[:6]))
    assert not refusals  # the valid part of a pair is kept and the other reported
    assert [sorted(item.vectors) for item in items] == [["image", "text"], *[["text"]] * 4, ["image", "text"]]
    assert (
        items[3].metadata["image_vector_note"]
        == "left out: 'image' is zero everywhere, so it has no direction"
    )


def test_different_lengths_are_refused_whole(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lengths differ: image \(3, 8\) float32; text \(5, 8\) float32"):
        open_source(npz(tmp_path / "v.npz", image=IMAGE[:3], text=TEXT[:5]))


@pytest.mark.parametrize(
    ("arrays", "found"),
    [
        ({"image": IMAGE[0]}, r"image \(8,\) float32"),
        ({"image": IMAGE.reshape(100, 12, 8)}, r"image \(100, 12, 8\) float32"),
        ({"words": np.array(["a", "b"])}, r"words \(2,\) <U1"),
        ({"c": np.ones((2, 2), dtype=complex)}, r"c \(2, 2\) complex128"),
        ({"s": np.array(3.0)}, r"s \(\) float64"),
        ({}, "nothing"),
    ],
)
def test_the_error_for_files_without_vectors_lists_their_arrays(
    tmp_path: Path, arrays: dict[str, Any], found: str
) -> None:
    with pytest.raises(InputError, match=f"holds no array of vectors .*it holds {found}"):
        open_source(npz(tmp_path / "v.npz", **arrays))


def test_no_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"v\.npz has arrays but no rows"):
        open_source(npz(tmp_path / "v.npz", image=IMAGE[:0]))


class Trap:
    """Records that it was unpickled."""

    sprung = False

    def __reduce__(self) -> tuple[Any, ...]:
        return (setattr, (Trap, "sprung", True))


@pytest.mark.parametrize("name", ["v.npz", "v.npy"])
def test_pickled_objects_are_refused_and_never_loaded(tmp_path: Path, name: str) -> None:
    objects = np.array([Trap(), Trap()], dtype=object)
    if name == "v.npz":
        np.savez(tmp_path / name, allow_pickle=True, image=IMAGE[:2], extra=objects)
    else:
        np.save(tmp_path / name, objects, allow_pickle=True)
    with pytest.raises(InputError, match="holds pickled Python objects, which are never loaded"):
        open_source(tmp_path / name)
    assert not Trap.sprung


def test_plain_pickles_are_refused(tmp_path: Path) -> None:
    (tmp_path / "v.npy").write_bytes(pickle.dumps([1, 2]))
    with pytest.raises(InputError, match=r"v\.npy is not a \.npy file that can be read"):
        open_source(tmp_path / "v.npy")
    (tmp_path / "v.pkl").write_bytes(b"x")
    with pytest.raises(InputError, match=r"cannot be imported\. Pickled files are never loaded"):
        open_source(tmp_path / "v.pkl")


def test_cut_off_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "v.npy", IMAGE)
    (tmp_path / "v.npy").write_bytes((tmp_path / "v.npy").read_bytes()[:-100])
    with pytest.raises(InputError, match="it ends too early"):
        read(tmp_path / "v.npy")
    path = npz(tmp_path / "v.npz", image=IMAGE)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match=r"v\.npz is not a \.npz file"):
        open_source(path)


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    path = npz(tmp_path / "v.npz", image=IMAGE)
    content = bytearray(path.read_bytes())
    content[5000] ^= 255
    path.write_bytes(content)
    with pytest.raises(InputError, match="Bad CRC-32"):
        read(path)


def test_an_array_bomb_is_refused_by_its_size(tmp_path: Path) -> None:
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"shape": (10**9, 512), "fortran_order": False, "descr": "<f4"}
    )
    with zipfile.ZipFile(tmp_path / "v.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("image.npy", header.getvalue() + bytes(5_000_000))
    with pytest.raises(InputError, match=r"unpacks to .* bytes; the limit is 1,000,000"):
        open_source(tmp_path / "v.npz", limits=Limits(max_archive_bytes=1_000_000))
    with pytest.raises(InputError, match=r"would grow 9\d\d-fold .* the limit is 200-fold"):
        open_source(tmp_path / "v.npz")
    with pytest.raises(InputError, match="ends too early"):
        open_source(tmp_path / "v.npz", limits=Limits(max_archive_ratio=2000))


def test_a_member_that_is_no_array_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "v.npz", "w") as archive:
        archive.writestr("readme.txt", "hello " + struct.pack("<I", 3).decode())
    with pytest.raises(InputError, match=r"v\.npz is not a \.npz file that can be read"):
        open_source(tmp_path / "v.npz")


def test_arrays_without_one_value_per_row_are_left_out_and_reported(tmp_path: Path) -> None:
    source = open_source(
        npz(tmp_path / "v.npz", image=np.ones((4, 2), dtype=np.int64), names=np.array(["a", "b"]))
    )
    assert [column.name for column in source.columns] == ["image"]
    assert set(source.remarks()) == {
        "array names (2,) <U1 left out: not one value or vector a row",
        "array 'image' holds whole numbers (int64); read as float32",
    }
