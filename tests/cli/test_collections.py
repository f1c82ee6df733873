"""`qlatent collections`: what each command prints, and what it leaves behind."""

from __future__ import annotations

import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from qlatent.cli import main
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Column
from qlatent.services.selections.links import to_link
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path_factory.mktemp("collections") / "workspace", images=True) as opened:
        yield opened


def run(capsys: pytest.CaptureFixture[str], workspace: Workspace, *arguments: str) -> tuple[int, Any]:
    """Exit code and the JSON document of a command."""
    sys.argv = ["qlatent", *arguments, "--workspace", str(workspace.path), "--json"]
    try:
        main()
        code = 0
    except SystemExit as exit_:
        code = int(exit_.code or 0)
    out = capsys.readouterr().out
    return code, json.loads(out) if out.strip() else None


def test_a_collection_is_made_changed_combined_and_removed(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    def done(*arguments: str) -> Any:
        code, document = run(capsys, workspace, *arguments)
        assert code == 0
        return document

    made = done(
        "collections", "create", "shop", "Dear pears", "--where", "price>=10", "--where", "label=pear"
    )
    expected = [row for row in range(20, 30) if row % 5 and row % 3 == 1]
    assert (made["collection"], made["items"]) == ("dear-pears", len(expected))
    assert (
        done("collections", "add", "dear-pears", "--id", "item-00", "--id", "item-22")["changed_items"] == 1
    )
    link = to_link(Column(name="price", missing=True))
    assert done("collections", "take-out", "Dear pears", "--selection", link)["items"] == len(expected)
    assert done("collections", "undo", "dear-pears")["items"] == len(expected) + 1
    done("collections", "create", "shop", "First", "--id", "item-00")
    both = done("collections", "combine", "Both", "First", "dear-pears", "--how", "intersection")
    assert both["items"] == 1
    assert done("collections", "rename", "both", "Shared")["name"] == "Shared"
    assert done("collections", "remove", "Shared") == {"collection": "both", "removed": True}
    assert done("restore", "both")["kind"] == "collection"
    assert done("remove", "both") == {"removed": "both", "kind": "collection"}
    listed = done("collections", "list", "shop")["collections"]
    assert [row["name"] for row in listed] == ["Dear pears", "First"]
    assert done("collections", "list", "other") == {"collections": []}


def test_a_collection_and_a_part_of_a_dataset_are_exported(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    collections.create(workspace, "shop", Column(name="price", least=14), name="Dear")
    out = tmp_path / "dear.csv"
    code, document = run(capsys, workspace, "collections", "export", "Dear", "--out", str(out))
    assert code == 0 and document == {"kind": "collection", "id": "dear", "out": str(out), "rows": 2}
    code, document = run(
        capsys, workspace, "export", "shop", "--for", "embedding-atlas", "--where", "label=plum", "--modality", "text",
        "--out", str(tmp_path / "plums.parquet"),
    )  # fmt: skip
    assert code == 0 and document["rows"] == 10 and document["open_with"].startswith("embedding-atlas ")
    code, document = run(capsys, workspace, "export", "shop", "--for", "orange", "--out", str(out))
    assert code == 1 and document["error"]["message"] == "There is no export for 'orange'."


def samples(folder: Path) -> int:
    return len(json.loads((folder / "samples.json").read_text(encoding="utf-8"))["samples"])


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


FORMATS: list[tuple[str, tuple[str, ...], Callable[[Path], int]]] = [
    ("plums.csv", (), lambda out: len(pd.read_csv(out))),
    ("plums.jsonl", (), lines),
    ("plums.parquet", (), lambda out: len(pd.read_parquet(out))),
    ("plums.zip", (), lambda out: sum(name.endswith(".png") for name in zipfile.ZipFile(out).namelist())),
    ("atlas.parquet", ("--for", "embedding-atlas"), lambda out: len(pd.read_parquet(out))),
    ("board", ("--for", "tensorboard"), lambda out: lines(out / "vectors.tsv")),
    ("one", ("--for", "fiftyone"), samples),
]


@pytest.mark.parametrize(("name", "tool", "counted"), FORMATS, ids=[each[0] for each in FORMATS])
def test_a_collection_is_exported_in_every_format(
    workspace: Workspace, capsys: pytest.CaptureFixture[str], tmp_path: Path,
    name: str, tool: tuple[str, ...], counted: Callable[[Path], int],
) -> None:  # fmt: skip
    if not [each for each in collections.listed(workspace) if each.name == "Ten plums"]:
        collections.create(workspace, "shop", Column(name="label", values=("plum",)), name="Ten plums")
    out = tmp_path / name
    code, document = run(capsys, workspace, "collections", "export", "Ten plums", *tool, "--out", str(out))
    assert code == 0 and document["id"] == "ten-plums"
    assert counted(out) == document["rows"] == 10


def test_what_cannot_be_done_is_said(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, workspace, "collections", "create", "shop", "All")[0] == 2
    code, document = run(capsys, workspace, "collections", "add", "never", "--id", "item-01")
    assert code == 1 and "There is no collection 'never'" in document["error"]["message"]
    code, document = run(capsys, workspace, "collections", "create", "shop", "All", "--selection", "nonsense")
    assert code == 1 and "The link holds no selection" in document["error"]["message"]


def test_people_see_a_table(workspace: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
    collections.create(workspace, "shop", Column(name="label", values=("plum",)), name="Plums")
    sys.argv = ["qlatent", "collections", "list", "--workspace", str(workspace.path)]
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 0
    assert "plums" in capsys.readouterr().out
