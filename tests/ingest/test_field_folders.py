"""Expected rows, vectors, labels and refusals for folders and zips written by real tools.

The folders are next to the checkout; each holds `expect.txt`, which describes the same expectations in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from qlatent.ingest import open_source
from qlatent.types import Item
from tests.conftest import SHARED
from tests.ingest.builders import decoded, read

CASES = SHARED / "field-cases"


@dataclass(frozen=True)
class Expected:
    """Expected result for a folder; `refused` maps refused rows to part of the reason."""

    rows: int
    images: int = 0
    texts: int = 0
    vectors: int = 0
    labels: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    refused: dict[str, str] = field(default_factory=dict)
    said: tuple[str, ...] = ()


TABLE = {
    "coco_folder/input": Expected(3, images=3, labels=("chair",), said=("instances.json says captions and",)),
    "csv_case_and_windows_paths/input": Expected(
        3,  # a missing image does not affect the text
        images=2,
        texts=3,
        said=("no row names left out (1): images/img_3",),
    ),
    "csv_case_and_windows_paths/input/items.csv": Expected(
        3, images=2, texts=3, said=("is an absolute path",)
    ),
    "csv_unicode_nfd_names/mac.zip": Expected(2, images=2, texts=2),
    "folders_train_test_no_classes/input": Expected(4, images=4, splits=("test", "train")),
    "img2dataset_files/input": Expected(3, images=3, texts=3),
    "parquet_shards_folder/input": Expected(
        9, texts=9, splits=("train",), said=("3 files read one after the other",)
    ),
    "pictures_of_all_kinds/input": Expected(
        10,
        images=10,
        refused={
            "cut.jpg": "damaged or cut off",
            "draw.svg": "SVG drawing",
            "page.jpg": "a web page",
            "phone.heic": "a HEIC photo",
            "x.jxl": "a JPEG XL picture",
        },
    ),
    "tensorboard_projector": Expected(
        12,
        texts=12,
        vectors=12,
        said=("metadata.tsv and vectors.tsv joined row by row: 12 rows and 12 vectors",),
    ),
}


def case(name: str) -> Path:
    path = CASES / name
    if not path.exists():
        pytest.skip(f"the field cases are not here ({CASES})")
    return path


@pytest.mark.parametrize("name", TABLE)
def test_a_folder_matches_its_expectation(name: str) -> None:
    expected, source = TABLE[name], open_source(case(name))
    rows = list(source.rows())
    items = [row for row in rows if isinstance(row, Item)]
    refusals = [row for row in rows if not isinstance(row, Item)]
    found = Expected(
        rows=len(items),
        images=sum(item.image is not None for item in items),
        texts=sum(item.text is not None for item in items),
        vectors=sum(bool(item.vectors) for item in items),
        labels=tuple(sorted({item.label for item in items if item.label})),
        splits=tuple(sorted({item.split for item in items if item.split})),
        refused={
            row.id: expected.refused[row.id]
            for row in refusals
            if expected.refused.get(row.id, "?") in row.reason
        },
        said=expected.said,
    )
    assert found == expected
    assert len(refusals) == len(expected.refused)
    notes = "\n".join(source.remarks())
    assert all(said in notes for said in expected.said), notes


def test_every_picture_of_all_kinds_is_visible() -> None:
    items, _ = read(case("pictures_of_all_kinds/input"))
    for item in items:
        pixels = decoded(item.image).astype(float)
        assert 5 < pixels.mean() < 250, item.id
        assert pixels.std() > 3, item.id


def test_the_projector_s_pair_is_joined_number_by_number() -> None:
    folder = case("tensorboard_projector")
    items, _ = read(folder)
    lines = (folder / "vectors.tsv").read_text().splitlines()
    numbers = np.array([[float(cell) for cell in line.split("\t")] for line in lines], dtype=np.float32)
    assert np.array_equal(np.array([item.vectors["vector"] for item in items]), numbers)
    assert [item.text for item in items] == (folder / "metadata.tsv").read_text().split()
    chosen, _ = read([folder / "metadata.tsv", folder / "vectors.tsv"])
    assert [item.text for item in chosen] == [item.text for item in items]


def test_captions_of_img2dataset_are_the_files_beside_the_pictures() -> None:
    folder = case("img2dataset_files/input")
    items, _ = read(folder)
    assert {item.id: item.text for item in items} == {
        path.with_suffix(".jpg").name: path.read_text().strip() for path in folder.glob("*.txt")
    }
    assert all(item.metadata["key"] == item.id.removesuffix(".jpg") for item in items)
