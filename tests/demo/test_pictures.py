"""Pictures of a few kinds as a zip: the same bytes for the same arguments, a table beside them."""

from __future__ import annotations

import csv
import io
import zipfile

import pytest
from PIL import Image

from qlatent.demo import pictures
from qlatent.errors import InputError


def test_each_kind_has_as_many_pictures_and_the_table_names_them() -> None:
    content = pictures.zipped(("mug", "plant pot"), each=2, side=24)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("pictures.csv").decode())))
        drawn = [Image.open(io.BytesIO(archive.read(row["image"]))).convert("RGB") for row in rows]
    assert [row["label"] for row in rows] == ["mug", "mug", "plant pot", "plant pot"]
    assert [row["id"] for row in rows] == ["mug-1", "mug-2", "plant pot-1", "plant pot-2"]
    assert {each.size for each in drawn} == {(24, 24)}
    assert len({each.tobytes() for each in drawn}) == 4


def test_equal_arguments_give_equal_bytes_and_another_seed_others() -> None:
    first = pictures.zipped(("mug",), each=1, side=24)
    assert pictures.zipped(("mug",), each=1, side=24) == first
    assert pictures.zipped(("mug",), each=1, side=24, seed=1) != first


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InputError, match="no kind 'mugg'"):
        pictures.zipped(("mugg",), each=1, side=24)
