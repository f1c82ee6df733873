"""Looking through items: search, duplicates, labels, texts by row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from qlatent.services import browsing, datasets
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


def test_search_reads_no_patterns(table: pd.DataFrame) -> None:
    assert browsing.found(table, words=".*").empty


def test_duplicates_come_with_the_row_that_they_repeat(table: pd.DataFrame) -> None:
    assert list(browsing.found(table, duplicates=True)["id"]) == ["a", "c"]


def test_labels_are_compared_as_they_are(table: pd.DataFrame) -> None:
    assert list(browsing.found(table, label="y")["id"]) == ["b"]


def test_texts_come_in_the_order_asked_for_and_blank_once_removed(workspace: Workspace) -> None:
    assert browsing.texts(workspace, "goods", [1, 0]) == ["Blue lamp", "red chair"]
    datasets.remove(workspace, "goods")
    assert browsing.texts(workspace, "goods", [1, 0]) == ["", ""]


def test_the_state_changes_with_the_holdings(workspace: Workspace) -> None:
    before = browsing.state_of(workspace)
    assert browsing.state_of(workspace) == before
    datasets.rename(workspace, "goods", name="Things")
    assert browsing.state_of(workspace) != before
