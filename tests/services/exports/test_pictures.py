"""The zip of pictures and a table, and tables of collections."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from qlatent.services.exports.choice import Choice
from qlatent.services.exports.export import export
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Ids
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services import shop_workspace
from tests.services.shop_workspace import COUNT, picture


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("pictures") / "workspace", images=True) as opened:
        opened.items.append("shop", [Item(id="=words", text="+no picture")])
        collections.create(opened, "shop", Ids(ids=("item-04", "item-02", "=words")), name="Some")
        yield opened


def test_a_zip_has_the_imported_files_and_names_them(workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "some.zip"
    assert export(workspace, "Some", out=out) == {
        "kind": "collection", "id": "some", "out": str(out), "rows": 3, "pictures": 2,
    }  # fmt: skip
    with zipfile.ZipFile(out) as archive:
        table = pd.read_csv(io.BytesIO(archive.read("items.csv")))
        assert table["id"].tolist() == ["item-02", "item-04", "'=words"]
        assert table["picture"].tolist()[:2] == [
            "pictures/0000002-item-02.png",
            "pictures/0000004-item-04.png",
        ]
        assert pd.isna(table["picture"][2]) and table["text"][2] == "'+no picture"
        assert archive.read(table["picture"][1]) == picture(4)
    assert [each.name for each in tmp_path.iterdir()] == ["some.zip"]
    small = Choice(pictures="thumbnails")
    assert export(workspace, "shop", out=out, choice=small)["pictures"] == COUNT
    with zipfile.ZipFile(out) as archive:
        assert archive.read("pictures/0000004-item-04.webp")[8:12] == b"WEBP"


@pytest.mark.parametrize("ending", ["csv", "jsonl", "parquet"])
def test_a_collection_is_a_table_with_its_vectors(workspace: Workspace, tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"some.{ending}"
    assert export(workspace, "some", out=out)["rows"] == 3
    if ending == "parquet":
        table = pd.read_parquet(out)
        assert table["image_vector"][0].tolist() == shop_workspace.vectors(2)["image"].tolist()
        assert table["image_vector"][2] is None
    elif ending == "jsonl":
        lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
        assert [line["id"] for line in lines] == ["item-02", "item-04", "=words"]
        assert lines[2]["image_vector"] is None and len(lines[0]["text_vector"]) == 8
    else:
        table = pd.read_csv(out)
        assert table["id"].tolist() == ["item-02", "item-04", "'=words"]


def test_a_part_of_a_dataset_is_exported_too(workspace: Workspace, tmp_path: Path) -> None:
    choice = Choice(definition=Ids(ids=("item-09",)))
    export(workspace, "shop", out=tmp_path / "one.csv", choice=choice)
    assert pd.read_csv(tmp_path / "one.csv")["id"].tolist() == ["item-09"]
