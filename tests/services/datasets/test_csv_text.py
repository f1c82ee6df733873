"""CSV without formulas for spreadsheets; read back by Python's csv module."""

from __future__ import annotations

import ast
import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from qlatent.services.datasets import browsing, datasets
from qlatent.services.datasets.csv_text import csv_of, harmless
from qlatent.services.exports import export
from qlatent.services.workspaces import Workspace, open_workspace
from tests.conftest import SHARED

ROOT = Path(__file__).resolve().parents[3]
ATTACKS = [
    '=HYPERLINK("http://evil")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "＝1+1",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_a_spreadsheet_would_run_is_marked_as_text(attack: str) -> None:
    assert harmless(attack) == f"'{attack}"
    header, row = csv.reader(io.StringIO(csv_of(pd.DataFrame({attack: [attack]})), newline=""))
    assert header == row == [f"'{attack}"]


@pytest.mark.parametrize("cell", [-1.5, 3, None, True, "-1.5", "+2", "-1e-3", "plain", "", "a=b", "'=1"])
def test_numbers_and_plain_texts_stay_as_they_are(cell: object) -> None:
    assert harmless(cell) is cell


def test_numbers_stay_numbers_and_lists_are_json() -> None:
    frame = pd.DataFrame(
        {"a": [-1.5, 2.0], "b": pd.array([1, None], dtype="Int64"), "v": [np.array([1.5]), ["=x"]]}
    )
    assert csv_of(frame) == 'a,b,v\r\n-1.5,1,[1.5]\r\n2.0,,"[""=x""]"\r\n'


@pytest.fixture
def attacked(tmp_path: Path) -> tuple[Workspace, str]:
    rows = [
        ("id", "text", "label", "=size"),
        *((f"{attack}{n}", attack, attack, attack) for n, attack in enumerate(ATTACKS)),
    ]
    with (tmp_path / "t.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    workspace = open_workspace(tmp_path / "ws")
    return workspace, datasets.store(workspace, tmp_path / "t.csv").dataset


def test_no_export_of_a_dataset_as_csv_holds_a_formula_and_the_others_keep_the_texts(
    attacked: tuple[Workspace, str], tmp_path: Path
) -> None:
    workspace, dataset = attacked
    for name in ("o.csv", "o.parquet", "o.jsonl"):
        export.export(workspace, dataset, out=tmp_path / name)
    written = [(tmp_path / "o.csv").read_bytes().decode()]
    written.append(browsing.rows_csv(browsing.items(workspace, dataset)).decode())
    for text in written:
        for row in csv.reader(io.StringIO(text, newline="")):
            for cell in row:
                assert harmless(cell) == cell, cell
    kept = pd.read_parquet(tmp_path / "o.parquet")
    clean = [attack.strip() for attack in ATTACKS]
    assert list(kept["text"]) == clean
    lines = pd.read_json(tmp_path / "o.jsonl", lines=True)
    assert list(lines["text"]) == clean


def test_an_export_with_a_formula_is_harmless() -> None:
    path = SHARED / "fault-cases" / "formula_export.csv"
    if not path.is_file():
        pytest.skip(f"the fault cases are not here ({path})")
    frame = pd.read_csv(path, keep_default_na=False)
    for row in csv.reader(io.StringIO(csv_of(frame), newline="")):
        assert all(harmless(cell) == cell for cell in row)


def test_csv_is_written_in_one_place_and_the_tables_own_export_is_off() -> None:
    writers = {"to_csv", "writer", "DictWriter"}
    for path in sorted([*(ROOT / "qlatent").rglob("*.py"), *(ROOT / "pages").glob("*.py")]):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        inside = path.relative_to(ROOT).as_posix()
        if inside not in (
            "qlatent/services/datasets/csv_text.py",
            "qlatent/demo/listings.py",
            "qlatent/demo/pictures.py",
        ):  # the demo's are its own words
            assert not names & writers, inside
    assert "disableDataExport = true" in (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
