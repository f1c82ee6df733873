"""Exports of latents, datasets with vectors and heads, and refusals."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import qlatent
from qlatent.errors import InputError
from qlatent.services.exports import export, tables
from qlatent.services.heads import kept_heads
from qlatent.store.workspace import Workspace
from tests.services import fitted_head, run_workspace
from tests.services.fitted_head import COUNT, vectors


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with run_workspace.small(tmp_path_factory.mktemp("export") / "workspace", count=COUNT) as opened:
        yield opened


@pytest.fixture(scope="module")
def fitted() -> qlatent.Estimator:
    return fitted_head.fitted()


@pytest.fixture(scope="module")
def kept(workspace: Workspace, fitted: qlatent.Estimator, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = fitted.save(tmp_path_factory.mktemp("heads") / "saved", {"encoder": "given"})
    return kept_heads.load_upload(workspace, folder, name="mine")


def test_latents_are_written_as_tables_and_as_arrays(
    workspace: Workspace, kept: str, fitted: qlatent.Estimator, tmp_path: Path
) -> None:
    expected = fitted.transform(vectors())
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
    np.testing.assert_allclose(np.stack(table["image_vector"]), vectors()["image"], atol=1e-6)
    with pytest.raises(InputError, match=r"Cannot write pairs\.docx"):
        export.export(workspace, "pairs", out=tmp_path / "pairs.docx")
    with pytest.raises(InputError, match="There is no folder"):
        export.export(workspace, "pairs", out=tmp_path / "absent" / "pairs.csv")


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


def test_latents_of_a_file_keep_its_ids_or_are_numbered(
    workspace: Workspace, kept: str, fitted: qlatent.Estimator, tmp_path: Path
) -> None:
    given = {name: rows[:3] for name, rows in vectors().items()}
    np.savez(tmp_path / "v.npz", **given, id=np.array(["a", "b", "c"]))
    assert export.latents(workspace, kept, str(tmp_path / "v.npz"), out=tmp_path / "z.csv") == 3
    table = pd.read_csv(tmp_path / "z.csv")
    assert table["id"].tolist() == ["a", "b", "c"]
    expected = fitted.transform(given)["image"]
    np.testing.assert_allclose(table[["image_0", "image_1"]], expected, atol=1e-6)
    np.savez(tmp_path / "v.npz", **given, ids=np.array(["one id for all"]))
    export.latents(workspace, kept, str(tmp_path / "v.npz"), out=tmp_path / "z.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "z.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["0", "1", "2"]


def test_columns_of_latents_are_named_by_modality_and_place() -> None:
    found = tables.spread({"text": np.array([[3.0, 4.0]]), "image": np.array([[0.0, 2.0]])})
    assert found.to_dict("records") == [
        {"text_0": 3, "text_1": 4, "text_norm": 5, "image_0": 0, "image_1": 2, "image_norm": 2}
    ]


def test_a_head_is_exported_as_the_zip_that_can_be_brought_back(
    workspace: Workspace, kept: str, tmp_path: Path
) -> None:
    out = tmp_path / "head.zip"
    assert export.export(workspace, "mine", out=out) == {"kind": "head", "id": kept, "out": str(out)}
    names = zipfile.ZipFile(io.BytesIO(out.read_bytes())).namelist()
    assert {Path(name).name for name in names} >= {"model.safetensors", "config.json"}
    with pytest.raises(InputError, match=r"got the extension '\.csv'. Use \.zip"):
        export.export(workspace, "mine", out=tmp_path / "head.csv")
    with pytest.raises(InputError, match=r"no dataset and no collection 'fruits' here"):
        export.export(workspace, "fruits", out=tmp_path / "fruits.csv")


def test_vectors_are_lists_in_json_lines_and_texts_no_formulas_in_csv(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": ["=1+1"], "vector": [np.array([0.5, 1.0])]})
    tables.write_table(frame, tmp_path / "t.jsonl")
    assert json.loads((tmp_path / "t.jsonl").read_text()) == {"text": "=1+1", "vector": [0.5, 1.0]}
    tables.write_table(frame[["text"]], tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().splitlines() == ["text", "'=1+1"]


def test_a_file_that_is_not_there_is_refused(workspace: Workspace, kept: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        export.latents(workspace, kept, str(tmp_path / "gone.npz"), out=tmp_path / "z.npz")
