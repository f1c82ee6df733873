"""Heads that are kept, passed on, brought back and judged; what is not a head is refused and nothing is kept."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import qlatent
from qlatent.errors import InputError, QlatentError, StoreError
from qlatent.services.circuits import circuits
from qlatent.services.exports import export
from qlatent.services.heads import evaluation, kept_heads
from qlatent.store.workspace import Workspace
from tests.services import run_workspace

COUNT = 40


@pytest.fixture(scope="module")
def fitted() -> qlatent.Estimator:
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=(COUNT, run_workspace.WIDTH)) for name in ("image", "text")}
    settings = {"qubits": 2, "depth": 1, "epochs": 2, "batch_size": 16}
    return qlatent.create("acqua", input_dim=run_workspace.WIDTH, **settings).fit(arrays)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return run_workspace.small(tmp_path / "workspace", count=COUNT)


@pytest.fixture
def kept(workspace: Workspace, fitted: qlatent.Estimator, tmp_path: Path) -> str:
    return kept_heads.load_upload(
        workspace, fitted.save(tmp_path / "saved", {"encoder": "given"}), name="mine"
    )


def vectors(workspace: Workspace) -> dict[str, np.ndarray]:
    items = run_workspace.pairs(COUNT)
    return {name: np.stack([item.vectors[name] for item in items]) for name in ("image", "text")}


def test_a_downloaded_head_is_the_same_when_it_is_brought_back(
    workspace: Workspace, kept: str, fitted: qlatent.Estimator, tmp_path: Path
) -> None:
    path = tmp_path / "head.zip"
    path.write_bytes(kept_heads.download_zip(workspace, kept))
    again = kept_heads.load_upload(workspace, path, name="again")
    expected = fitted.transform(vectors(workspace))
    for name, latents in kept_heads.transform(workspace, again, vectors(workspace)).items():
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


def test_evaluation_equals_the_figures_worked_out_here(
    workspace: Workspace, kept: str, fitted: qlatent.Estimator
) -> None:
    unit = {
        name: rows / np.linalg.norm(rows, axis=1, keepdims=True) for name, rows in vectors(workspace).items()
    }
    latents = fitted.transform(unit)
    before, after = (
        np.linalg.norm(each["image"].astype(float) - each["text"], axis=1) for each in (unit, latents)
    )
    rebuilt = fitted.inverse_transform(latents)
    found = evaluation.evaluate(workspace, "mine", "pairs")
    assert (found["head"], found["rows"], found["left_out"]) == (kept, COUNT, 0)
    assert found["metrics"]["pair_error"] == pytest.approx(np.abs(before - after).mean(), abs=1e-5)
    for name in ("image", "text"):
        expected = np.abs(unit[name] - rebuilt[name]).sum(axis=1).mean()
        assert found["metrics"][f"reconstruction_{name}"] == pytest.approx(expected, rel=1e-4)


def test_latents_are_written_as_tables_and_as_arrays(
    workspace: Workspace, kept: str, fitted: qlatent.Estimator, tmp_path: Path
) -> None:
    expected = fitted.transform(vectors(workspace))
    assert export.latents(workspace, kept, "pairs", out=tmp_path / "z.npz") == COUNT
    with np.load(tmp_path / "z.npz") as stored:
        np.testing.assert_allclose(stored["image"], expected["image"], atol=1e-6)
        assert stored["ids"][3] == "item-003"
    export.latents(workspace, kept, "pairs", out=tmp_path / "z.parquet")
    table = pd.read_parquet(tmp_path / "z.parquet")
    np.testing.assert_allclose(table["text_norm"], np.linalg.norm(expected["text"], axis=1), atol=1e-6)
    assert list(table["label"][:3]) == ["label-0", "label-1", "label-2"]


def test_a_dataset_is_exported_with_its_vectors(workspace: Workspace, tmp_path: Path) -> None:
    export.export(workspace, "pairs", out=tmp_path / "pairs.parquet")
    table = pd.read_parquet(tmp_path / "pairs.parquet")
    np.testing.assert_allclose(np.stack(table["image_vector"]), vectors(workspace)["image"], atol=1e-6)
    with pytest.raises(InputError, match=r"Cannot write pairs\.docx"):
        export.export(workspace, "pairs", out=tmp_path / "pairs.docx")
    with pytest.raises(InputError, match="There is no folder"):
        export.export(workspace, "pairs", out=tmp_path / "absent" / "pairs.csv")


def rewritten(workspace: Workspace, head: str, **changes: Any) -> None:
    """Damage the config of a kept head."""
    file = workspace.heads_path / head / "config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


@pytest.mark.parametrize("card", [[], "card", {"metrics": "boo"}, {"parameters": [1]}])
def test_one_broken_head_breaks_no_list(workspace: Workspace, kept: str, tmp_path: Path, card: Any) -> None:
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


def test_damaged_weights_are_said_where_they_are_read(workspace: Workspace, kept: str) -> None:
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


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"image": np.ones((3, 8))}, "has no array 'text'"),
        ({"image": np.ones((3, 8)), "text": np.ones((2, 8))}, r"differ in length \(image 3, text 2\)"),
        ({"image": np.ones((3, 8)), "text": np.float32(1)}, r"differ in length \(image 3, text 0\)"),
    ],
)
def test_vectors_that_do_not_belong_together_are_refused(
    workspace: Workspace, kept: str, tmp_path: Path, arrays: dict[str, Any], message: str
) -> None:
    np.savez(tmp_path / "v.npz", **arrays)
    with pytest.raises(InputError, match=message):
        export.latents(workspace, kept, str(tmp_path / "v.npz"), out=tmp_path / "z.npz")


def test_damaged_vectors_to_transform_are_refused(workspace: Workspace, kept: str, tmp_path: Path) -> None:
    np.savez(tmp_path / "v.npz", image=np.ones((3, 8)), text=np.ones((3, 8)))
    (tmp_path / "v.npz").write_bytes((tmp_path / "v.npz").read_bytes()[:-40])
    with pytest.raises(InputError, match=r"v\.npz is not a \.npz file, or it is damaged"):
        export.latents(workspace, kept, str(tmp_path / "v.npz"), out=tmp_path / "z.npz")
