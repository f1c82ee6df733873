"""Read the real datasets next to the repository in place."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from qlatent.ingest import Mapping, open_source
from tests.ingest.builders import read


@pytest.mark.parametrize(("name", "rows"), [("coco_pairs_vitb16.npz", 350), ("fashion_pairs_512.npz", 826)])
def test_real_clip_pairs_come_out_as_they_are(shared_data: Path, name: str, rows: int) -> None:
    path = shared_data / "clip-embeddings" / name
    items, refusals = read(path)
    assert (len(items), refusals) == (rows, [])
    with np.load(path) as arrays:
        for modality in ("image", "text"):
            assert np.array_equal(np.stack([item.vectors[modality] for item in items]), arrays[modality])
        if "source_row" in arrays:
            assert [item.metadata["source_row"] for item in items] == arrays["source_row"].tolist()


def test_real_listings_import_as_text(shared_data: Path) -> None:
    path = shared_data / "listings-abt-buy" / "listings.csv"
    source = open_source(path)
    assert source.guess() == Mapping(id="id", text=("name", "description"), price="price")
    items, refusals = read(path)
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert (len(items), refusals) == (len(rows), [])
    assert len(items) == 2173
    bare = [item for item, row in zip(items, rows, strict=True) if not row["description"].strip()]
    assert len(bare) == 441
    assert all(item.text in [row["name"].strip() for row in rows if row["id"] == item.id] for item in bare)
    priced = [item for item in items if "price" in item.metadata]
    assert len(priced) == sum(bool(row["price"].strip()) for row in rows)


def test_real_photos_in_a_zip_with_their_table(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "grocery-pairs"
    with np.load(folder / "images.npz") as arrays:
        data, offsets = arrays["data"], arrays["offsets"]
    with (folder / "items.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["row", "image", "title", "description", "coarse_name", "kind"])
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for place, row in enumerate(rows):
            name = f"photos/{row['row']}.jpg"
            archive.writestr(name, data[offsets[place] : offsets[place + 1]].tobytes())
            writer.writerow(
                [row["row"], name, row["title"], row["description"], row["coarse_name"], row["kind"]]
            )
        archive.writestr("items.csv", table.getvalue())
    items, refusals = read(tmp_path / "photos.zip")
    assert (len(items), refusals) == (1053, [])
    assert all(item.image and item.text and item.label for item in items)
    assert items[5].image == data[offsets[5] : offsets[6]].tobytes()
    assert items[5].metadata == {"kind": rows[5]["kind"]}
