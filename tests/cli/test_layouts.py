"""`qlatent layout` as people and programs use it; its run is carried out in this process."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from qlatent.cli import main
from qlatent.services.layouts import layouts
from qlatent.services.workspaces import open_workspace
from tests.carried_out import in_process
from tests.services.layouts.laid_out import classified


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    classified(tmp_path / "workspace", count=40).close()
    return tmp_path


def run(folder: Path, *options: str) -> int:
    sys.argv = ["qlatent", "layout", "--workspace", str(folder / "workspace"), *options]
    try:
        with in_process():
            main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def test_a_layout_is_written_with_its_figures(capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    out = folder / "layout.parquet"
    asked = ("classes", "--method", "pca", "--modality", "text", "--dimensions", "3", "--out", str(out))
    assert run(folder, *asked, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["points"] == 39 and document["left_out"] == 1 and document["seconds"] > 0
    assert document["neighbour_accuracy_vectors"] == 1.0 and 0.5 < document["trustworthiness"] <= 1
    table = pd.read_parquet(out)
    assert list(table) == ["id", "x", "y", "z"] and table["id"].tolist() == [
        f"item-{row:03}" for row in range(1, 40)
    ]
    with open_workspace(folder / "workspace") as workspace:
        places = layouts.read(workspace, document["layout"]).places
    assert (table[["x", "y", "z"]].to_numpy() == places).all()

    assert run(folder, *asked) == 0  # found again, and said in words
    said = capsys.readouterr().out
    assert f"{document['layout']}: 39 points, 1 without numbers left out" in said
    assert f"{document['trustworthiness']:.3f}  near on the map is near among the vectors" in said


def test_what_cannot_be_laid_out_is_said_before_anything_runs(
    capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    assert run(folder, "classes", "--out", str(folder / "layout.png")) == 1
    assert "got the extension '.png'" in capsys.readouterr().err
    assert run(folder, "classes", "--method", "localmap", "--json") == 1
    assert "keeps fewer neighbours" in json.loads(capsys.readouterr().out)["error"]["message"]
    assert run(folder, "classes", "--dimensions", "4") == 2
