"""Exports as downloads: the bytes are those of the file, and a folder is a zip."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from qlatent.errors import InputError
from qlatent.services.datasets import datasets
from qlatent.services.exports.choice import Choice
from qlatent.services.exports.download import FORMS, download
from qlatent.services.selections.definitions import Column
from qlatent.services.workspaces import Workspace, open_workspace

PART = Choice(definition=Column(name="label", values=("b",)))


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, str]:
    """Twelve vectors, half of them labelled b."""
    path: Path = tmp_path_factory.mktemp("given") / "vectors.npz"
    vectors = np.random.default_rng(0).normal(size=(12, 5)).astype(np.float32)
    np.savez(path, text=vectors, label=np.array(["a", "b"] * 6))
    workspace = open_workspace(tmp_path_factory.mktemp("workspace"))
    return workspace, datasets.store(workspace, path, name="Vectors").dataset


def test_a_table_has_the_selected_items(stored: tuple[Workspace, str]) -> None:
    text = download(*stored, form="csv", choice=PART).decode("utf-8-sig")
    assert [row["label"] for row in csv.DictReader(io.StringIO(text))] == ["b"] * 6


@pytest.mark.parametrize("form", ["parquet", "embedding-atlas"])
def test_parquet_is_read_back(stored: tuple[Workspace, str], form: str) -> None:
    assert pq.read_table(io.BytesIO(download(*stored, form=form, choice=PART))).num_rows == 6


def test_the_folder_of_a_tool_is_a_zip(stored: tuple[Workspace, str]) -> None:
    with zipfile.ZipFile(io.BytesIO(download(*stored, form="tensorboard", choice=PART))) as archive:
        lines = archive.read(
            "vectors.tsv" if "vectors.tsv" in archive.namelist() else "tensors.tsv"
        ).splitlines()
    assert len(lines) == 6 and FORMS["tensorboard"].suffix == ".zip"


def test_pictures_of_items_without_any_are_refused(stored: tuple[Workspace, str]) -> None:
    with pytest.raises(InputError):
        download(*stored, form="pictures", choice=PART)
