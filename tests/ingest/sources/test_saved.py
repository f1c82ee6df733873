"""Datasets of the Hugging Face library."""

from __future__ import annotations

import io
from pathlib import Path

import datasets
import numpy as np
import pytest
from PIL import Image

from qlatent.errors import InputError, UnavailableError
from qlatent.ingest import Mapping, open_source
from tests.ingest.builders import decoded, png, read


def dataset(*, rows: int = 3, first: int = 0) -> datasets.Dataset:
    features = datasets.Features(
        {
            "image": datasets.Image(),
            "caption": datasets.Value("string"),
            "label": datasets.ClassLabel(names=["cat", "dog"]),
            "vector": datasets.Sequence(datasets.Value("float32"), length=2),
        }
    )
    values = {
        "image": [Image.open(io.BytesIO(png(first + n))) for n in range(rows)],
        "caption": [f"words {first + n}" for n in range(rows)],
        "label": [n % 2 for n in range(rows)],
        "vector": [[1.0, float(n)] for n in range(rows)],
    }
    return datasets.Dataset.from_dict(values, features=features)


def test_a_saved_dataset_gives_images_texts_class_names_and_vectors(tmp_path: Path) -> None:
    dataset().save_to_disk(str(tmp_path / "d"))
    items, refusals = read(tmp_path / "d")
    assert not refusals
    assert [(item.text, item.label) for item in items] == [
        ("words 0", "cat"),
        ("words 1", "dog"),
        ("words 2", "cat"),
    ]
    assert all(np.array_equal(decoded(item.image), decoded(png(n))) for n, item in enumerate(items))
    assert [item.vectors["vector"].tolist() for item in items] == [[1, 0], [1, 1], [1, 2]]


def test_splits_of_a_dataset_dict_become_a_column(tmp_path: Path) -> None:
    whole = datasets.DatasetDict({"train": dataset(), "test": dataset(rows=2, first=5)})
    whole.save_to_disk(str(tmp_path / "d"))
    items, _ = read(tmp_path / "d")
    assert [(item.id, item.split, item.text) for item in items][2:4] == [
        ("row-3", "train", "words 2"),
        ("row-4", "test", "words 5"),
    ]


def test_a_picked_selection_is_read_in_its_order(tmp_path: Path) -> None:
    dataset(rows=5).select([4, 1]).save_to_disk(str(tmp_path / "d"))
    items, _ = read(tmp_path / "d", Mapping(text=("caption",)))
    assert [item.text for item in items] == ["words 4", "words 1"]


def test_damaged_image_bytes_refuse_their_row_only(tmp_path: Path) -> None:
    rows = datasets.Dataset.from_dict(
        {"image": [{"bytes": png(), "path": None}, {"bytes": b"junk", "path": None}]}
    )
    rows.cast_column("image", datasets.Image()).save_to_disk(str(tmp_path / "d"))
    items, refusals = read(tmp_path / "d")
    assert [item.id for item in items] == ["row-1"]
    assert [(refusal.row, refusal.reason[:12]) for refusal in refusals] == [(2, "not an image")]


def test_a_damaged_dataset_is_refused_whole(tmp_path: Path) -> None:
    dataset().save_to_disk(str(tmp_path / "d"))
    next((tmp_path / "d").glob("*.arrow")).write_bytes(b"broken")
    with pytest.raises(InputError, match="looks like a saved Hugging Face dataset but cannot be loaded"):
        open_source(tmp_path / "d")


def test_the_hub_cannot_be_reached_offline(monkeypatch: pytest.MonkeyPatch) -> None:
    def load_dataset(name: str, *args: object, **options: object) -> None:
        raise ConnectionError(f"Couldn't reach '{name}' on the Hub (offline)")

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    with pytest.raises(UnavailableError, match="The Hugging Face dataset 'nobody/nothing' cannot be loaded"):
        open_source("hf://nobody/nothing?split=train")
