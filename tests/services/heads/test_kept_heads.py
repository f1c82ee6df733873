"""Kept heads: keep, download, upload and evaluate; anything else is refused and not kept."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import qlatent
from qlatent.errors import InputError, QlatentError, StoreError
from qlatent.services.circuits import circuits
from qlatent.services.heads import kept_heads
from qlatent.store.workspace import Workspace
from tests.services import fitted_head, run_workspace
from tests.services.fitted_head import COUNT, vectors


@pytest.fixture
def fitted() -> qlatent.Estimator:
    return fitted_head.fitted()


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return run_workspace.small(tmp_path / "workspace", count=COUNT)


@pytest.fixture
def kept(workspace: Workspace, fitted: qlatent.Estimator, tmp_path: Path) -> str:
    return kept_heads.load_upload(
        workspace, fitted.save(tmp_path / "saved", {"encoder": "given"}), name="mine"
    )


def test_a_downloaded_head_is_the_same_when_it_is_brought_back(
    workspace: Workspace, kept: str, fitted: qlatent.Estimator, tmp_path: Path
) -> None:
    path = tmp_path / "head.zip"
    path.write_bytes(kept_heads.download_zip(workspace, kept))
    again = kept_heads.load_upload(workspace, path, name="again")
    expected = fitted.transform(vectors())
    for name, latents in kept_heads.transform(workspace, again, vectors()).items():
        np.testing.assert_array_equal(latents, expected[name])
    assert [view.name for view in kept_heads.list_heads(workspace)] == ["again", "mine"]
    assert kept_heads.view(workspace, again).encoder == "given"
    assert kept_heads.view(workspace, again).parameter_count == fitted.parameter_count
    kept_heads.remove(workspace, again)
    assert [view.id for view in kept_heads.list_heads(workspace)] == [kept]
    assert not (workspace.heads_path / again).exists()


def test_a_head_is_found_by_id_and_by_name(workspace: Workspace, kept: str) -> None:
    assert kept_heads.find(workspace, kept).id == kept_heads.find(workspace, "mine").id == kept
    with pytest.raises(InputError, match="no head called 'yours'"):
        kept_heads.find(workspace, "yours")


def zipped(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes.txt": b"hello"}, "has no model.safetensors; it holds notes.txt"),
        ({"model.safetensors": b"", "README.md": b""}, "has no config.json"),
        ({"model.safetensors": b"\x80\x04pickle", "config.json": b"{}"}, "expected the keys format, head"),
        ({"model.safetensors": b"x", "config.json": b"not json"}, "not readable as JSON"),
        ({"model.pt": b"\x80\x02", "config.json": b"{}"}, "has no model.safetensors"),
    ],
)
def test_a_zip_that_is_no_head_is_refused_and_nothing_is_kept(
    workspace: Workspace, tmp_path: Path, files: dict[str, bytes], message: str
) -> None:
    with pytest.raises(QlatentError, match=message):
        kept_heads.load_upload(workspace, zipped(tmp_path / "head.zip", files), name="bad")
    assert kept_heads.list_heads(workspace) == []
    assert not list(workspace.heads_path.glob("*"))


def test_a_file_that_is_no_zip_and_a_path_that_is_not_there_are_refused(
    workspace: Workspace, tmp_path: Path
) -> None:
    (tmp_path / "head.bin").write_bytes(b"\x80\x04")
    with pytest.raises(InputError, match=r"head\.bin is not a saved head"):
        kept_heads.load_upload(workspace, tmp_path / "head.bin", name="bad")
    with pytest.raises(InputError, match="There is nothing at"):
        kept_heads.load_upload(workspace, tmp_path / "absent.zip", name="bad")


def rewritten(workspace: Workspace, head: str, **changes: Any) -> None:
    """Damage the config of a kept head."""
    file = workspace.heads_path / head / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize("card", [[], "card", {"metrics": "boo"}, {"parameters": [1]}])
def test_a_broken_head_does_not_break_lists(
    workspace: Workspace, kept: str, tmp_path: Path, card: Any
) -> None:
    path = tmp_path / "head.zip"
    path.write_bytes(kept_heads.download_zip(workspace, kept))
    broken = kept_heads.load_upload(workspace, path, name="broken")
    rewritten(workspace, broken, card=card)
    (first, second) = kept_heads.list_heads(workspace)
    assert (first.id, first.name, second.id, second.broken) == (broken, "broken", kept, "")
    assert re.match(r"config\.json: card.* is .*, expected an object", first.broken)
    assert kept_heads.find(workspace, "mine").id == kept
    with pytest.raises(InputError, match=rf"The head 'broken' \({broken}\) is broken: config\.json: card"):
        kept_heads.find(workspace, "broken")
    kept_heads.remove(workspace, broken)
    assert [view.id for view in kept_heads.list_heads(workspace)] == [kept]


@pytest.mark.parametrize("file", ["config.json", "model.safetensors"])
def test_a_head_whose_files_are_gone_is_listed_and_can_be_removed(
    workspace: Workspace, kept: str, file: str
) -> None:
    (workspace.heads_path / kept / file).unlink()
    (view,) = kept_heads.list_heads(workspace)
    assert view.broken.startswith(f"{file}: ")
    assert circuits.heads_with_circuits(workspace) == []
    for use in (
        lambda: kept_heads.find(workspace, kept),
        lambda: kept_heads.estimator(workspace, kept),
        lambda: circuits.of_head(workspace, kept, modality="text"),
    ):
        with pytest.raises(InputError, match=file.replace(".", r"\.")):
            use()
    kept_heads.remove(workspace, kept)
    assert kept_heads.list_heads(workspace) == []


def test_damaged_weights_are_reported_when_they_are_read(workspace: Workspace, kept: str) -> None:
    (workspace.heads_path / kept / "model.safetensors").write_bytes(b"rubbish")
    with pytest.raises(InputError, match=rf"The weights of the head {kept} cannot be read"):
        kept_heads.weights(workspace, kept)


def test_a_readme_that_is_no_text_is_refused_and_an_old_one_shown(
    workspace: Workspace, kept: str, fitted: qlatent.Estimator, tmp_path: Path
) -> None:
    folder = fitted.save(tmp_path / "binary")
    (folder / "README.md").write_bytes(b"\x87\x00")
    with pytest.raises(InputError, match=r"README\.md: not readable as text"):
        kept_heads.load_upload(workspace, folder, name="binary")
    (workspace.heads_path / kept / "README.md").write_bytes(b"\x87 words")
    assert kept_heads.model_card(workspace, kept) == "\ufffd words"
    assert kept_heads.view(workspace, kept).broken == ""  # its numbers are whole


def test_an_error_of_a_zipped_head_names_the_zip_and_not_a_folder_of_ours(
    workspace: Workspace, tmp_path: Path
) -> None:
    files = {"h/model.safetensors": b"x", "h/config.json": b"{}"}
    with pytest.raises(InputError, match=r"^given\.zip: config\.json: expected the keys format"):
        kept_heads.load_upload(workspace, zipped(tmp_path / "given.zip", files), name="bad")


def test_the_files_of_a_zipped_head_come_from_one_folder(
    workspace: Workspace, fitted: qlatent.Estimator, tmp_path: Path
) -> None:
    folder = fitted.save(tmp_path / "saved", {"encoder": "given"})
    files = {"other/config.json": b"{}", "other/README.md": b"not this one"}
    files |= {f"head/{file.name}": file.read_bytes() for file in folder.iterdir()}
    files |= {"third/config.json": b"[]"}
    head = kept_heads.load_upload(workspace, zipped(tmp_path / "three.zip", files), name="head")
    assert kept_heads.view(workspace, head).encoder == "given"
    assert kept_heads.model_card(workspace, head) == (folder / "README.md").read_text()


def test_a_head_is_renamed_and_keeps_its_id(workspace: Workspace, kept: str) -> None:
    assert kept_heads.rename(workspace, kept, name="  another\nname ").name == "another name"
    assert kept_heads.find(workspace, "another name").id == kept
    for name in ("  ", "x" * 201):
        with pytest.raises(InputError, match=r"The name has \d+ characters, expected 1 to 200"):
            kept_heads.rename(workspace, kept, name=name)
    with pytest.raises(StoreError, match="There is no head 'h0'"):
        kept_heads.rename(workspace, "h0", name="x")
