"""Browsing items: search, duplicates, labels, texts by row."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pandas as pd
import pytest

from qlatent.services import bin
from qlatent.services.datasets import browsing, datasets, facts
from qlatent.services.exports import export
from qlatent.services.workspaces import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    table = tmp_path / "goods.csv"
    table.write_text("id,text,label\na,red chair,x\nb,Blue lamp,y\nc,red chair,x\n", encoding="utf-8")
    workspace = open_workspace(tmp_path / "ws")
    datasets.store(workspace, table, name="Goods")
    return workspace


@pytest.fixture
def table(workspace: Workspace) -> pd.DataFrame:
    return browsing.items(workspace, "goods")


def test_every_word_must_occur_somewhere_whatever_its_case(table: pd.DataFrame) -> None:
    assert list(browsing.found(table, words="RED x")["id"]) == ["a", "c"]
    assert list(browsing.found(table, words="blue chair")["id"]) == []


def test_search_does_not_interpret_patterns(table: pd.DataFrame) -> None:
    assert browsing.found(table, words=".*").empty


def test_duplicates_come_with_the_row_that_they_repeat(table: pd.DataFrame) -> None:
    assert list(browsing.found(table, duplicates=True)["id"]) == ["a", "c"]


def test_labels_are_compared_as_they_are(table: pd.DataFrame) -> None:
    assert list(browsing.found(table, label="y")["id"]) == ["b"]


def test_texts_come_in_the_order_asked_for_and_blank_once_removed(workspace: Workspace) -> None:
    assert browsing.texts(workspace, "goods", [1, 0]) == ["Blue lamp", "red chair"]
    datasets.remove(workspace, "goods")
    bin.empty(workspace, now=time.time() + bin.DAY + 1)  # until then it can be brought back
    assert browsing.texts(workspace, "goods", [1, 0]) == ["", ""]


def test_the_state_changes_with_the_datasets(workspace: Workspace) -> None:
    before = browsing.state_of(workspace)
    assert browsing.state_of(workspace) == before
    datasets.rename(workspace, "goods", name="Things")
    assert browsing.state_of(workspace) != before


@pytest.fixture
def known(tmp_path: Path) -> tuple[Workspace, pd.DataFrame]:
    rows = [
        '{"id": "a", "text": "x", "label":"k", "size": 10, "sold": true, "made":"2024-01-05","maker":"Acme","row":"r"}',
        '{"id": "b", "text": "y", "size": 2.5, "sold": false, "made": "2023-06-01", "maker": "Bolt & Co"}',
        '{"id": "c", "text": "z"}',
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(rows))
    workspace = open_workspace(tmp_path / "ws2")
    datasets.store(workspace, tmp_path / "t.jsonl", name="Known")
    return workspace, browsing.items(workspace, "known")


def test_metadata_are_columns_with_types(known: tuple[Workspace, pd.DataFrame]) -> None:
    _, table = known
    assert {name: facts.kind(table[name]) for name in browsing.facts_of(table)} == {
        "size": "number",
        "sold": "truth value",
        "made": "date",
        "maker": "text",
        "row (metadata)": "text",
    }


def test_rows_are_found_by_any_column(known: tuple[Workspace, pd.DataFrame]) -> None:
    _, table = known

    def ids(column: str, wanted: object) -> list[str]:
        return list(browsing.having(table, column, wanted)["id"])

    assert ids("size", (3, None)) == ["a"]
    assert ids("size", (None, 3)) == ["b"]
    assert ids("size", (None, None)) == ["a", "b"]
    assert ids("made", (pd.Timestamp("2024-01-01"), None)) == ["a"]
    assert ids("sold", [False]) == ["b"]
    assert ids("maker", ["Acme"]) == ["a"]
    assert ids("maker", "CO bolt") == ["b"]


def test_rows_are_ordered_by_any_column_with_missing_ones_last(known: tuple[Workspace, pd.DataFrame]) -> None:
    _, table = known
    for column in ("size", "made", "sold"):
        assert list(browsing.ordered(table, column)["id"]) == ["b", "a", "c"]
        assert list(browsing.ordered(table, column, descending=True)["id"]) == ["a", "b", "c"]
    assert list(browsing.ordered(table, "maker", descending=True)["id"]) == ["b", "a", "c"]


def test_an_export_keeps_the_types_and_every_column(
    known: tuple[Workspace, pd.DataFrame], tmp_path: Path
) -> None:
    workspace, _ = known
    for name in ("t.parquet", "t.jsonl", "t.csv"):
        export.export(workspace, "known", out=tmp_path / name)
    frame = pd.read_parquet(tmp_path / "t.parquet")
    assert {name: facts.kind(frame[name]) for name in ("size", "sold", "made", "maker")} == {
        "size": "number", "sold": "truth value", "made": "date", "maker": "text",
    }  # fmt: skip
    assert "row" in frame  # no column of an item is called so in an export
    first = json.loads((tmp_path / "t.jsonl").read_text().splitlines()[0])
    assert (first["size"], first["sold"], first["made"][:10], first["maker"]) == (
        10.0,
        True,
        "2024-01-05",
        "Acme",
    )
    assert (
        (tmp_path / "t.csv").read_text().splitlines()[2].startswith("b,y,,,,2.5,False,2023-06-01,Bolt & Co")
    )
