import json
import subprocess
import sys
from pathlib import Path

import pytest

from qlatent.errors import StoreError
from qlatent.store import Workspace
from qlatent.store.catalogue.records import DatasetRecord
from tests.store.builders import listed, pairs


def test_an_empty_or_new_folder_becomes_a_workspace(tmp_path: Path) -> None:
    workspace = Workspace.open(tmp_path / "a" / "b", database_url="")
    assert workspace.path == tmp_path / "a" / "b"
    assert json.loads((workspace.path / "workspace.json").read_text())["format"] == 1
    assert workspace.runs_path.is_dir()
    assert workspace.heads_path.is_dir()
    assert not (workspace.path / "catalogue.db").exists()  # only when it is asked for
    assert Workspace.open(workspace.path, create=False, database_url="").path == workspace.path


def test_an_interrupted_creation_of_a_workspace_is_completed(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    Workspace.open(tmp_path)
    assert (tmp_path / "workspace.json").is_file()


def test_a_folder_of_other_things_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    with pytest.raises(StoreError, match="is not a workspace: it holds other files") as caught:
        Workspace.open(tmp_path)
    assert "empty or new folder" in caught.value.remedy
    assert listed(tmp_path) == ["photo.jpg"]


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="is a file; expected the folder of a workspace"):
        Workspace.open(tmp_path / "file")


def test_nothing_is_created_without_create(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no workspace in") as caught:
        Workspace.open(tmp_path / "new", create=False)
    assert "qlatent demo" in caught.value.remedy
    assert listed(tmp_path) == []


def test_a_workspace_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "workspace.json").write_text('{"format": 2, "made_by": "9.1"}')
    with pytest.raises(
        StoreError, match=r"has format 2, made by version 9\.1; this version reads format 1"
    ) as caught:
        Workspace.open(tmp_path)
    assert "Update qlatent" in caught.value.remedy


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": null}'])
def test_a_damaged_mark_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "workspace.json").write_text(content)
    with pytest.raises(StoreError, match=r"workspace\.json cannot be read"):
        Workspace.open(tmp_path)


def test_a_read_only_disk_is_explained(small_disk: Path) -> None:
    with Workspace.open(small_disk / "old", database_url="") as workspace:
        assert workspace.catalogue.datasets() == []
        workspace.items.create("a", pairs(3))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StoreError, match="cannot be written") as caught:
        Workspace.open(small_disk / "new")
    assert "QLATENT_WORKSPACE" in caught.value.remedy
    with Workspace.open(small_disk / "old", database_url="") as workspace:
        assert workspace.items.count("a") == 3  # reading still works
        assert workspace.catalogue.datasets() == []
        assert "is read-only" in workspace.problem()
        with pytest.raises(StoreError, match="cannot be written"):
            workspace.items.create("b", pairs(3))
        with pytest.raises(StoreError, match="cannot be"):
            workspace.catalogue.add_dataset(DatasetRecord("a", "A", "files", 1.0, 3))


def test_new_ids_avoid_recorded_stored_and_claimed_ids(tmp_path: Path) -> None:
    with Workspace.open(tmp_path, database_url="") as workspace:
        with workspace.new_dataset("My shop") as (first, _), workspace.new_dataset("My shop") as (second, _):
            assert (first, second) == ("my-shop", "my-shop-2")
        workspace.catalogue.add_dataset(DatasetRecord("my-shop", "My shop", "files", 1.0, 3))
        workspace.items.create("my-shop-2", pairs(2))
        with workspace.new_dataset("My shop") as (third, _):
            assert third == "my-shop-3"


def test_importing_the_store_loads_no_heavy_library() -> None:
    script = """
import sys
import qlatent.store
heavy = {"lancedb", "pyarrow", "sqlalchemy", "alembic", "torch", "pandas", "numpy", "PIL", "streamlit"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])
