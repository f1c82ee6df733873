"""Decisions and logs of a queue as files, read back."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from qlatent.errors import InputError
from qlatent.services.exports import triage
from qlatent.services.triage import casework, people, queues
from qlatent.store.workspace import Workspace
from tests.services import shop_workspace


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Workspace]:
    with shop_workspace.shop(tmp_path / "workspace") as opened:
        queues.create(opened, "shop", name="Q", order="oldest", by="ann")
        casework.decide(opened, "q", "item-03", code="ok", note="=1+1", by="ann")
        items = ["item-01", "item-02"]
        shown = {"how": "lasso", "examples": ["item-01"]}
        casework.decide_all(opened, "q", items, code="violates", reason="repost", by="ann", shown=shown)
        yield opened


def test_a_log_says_the_same_in_every_format(shop: Workspace) -> None:
    found = {
        ending: triage.content(shop, "q", what="log", ending=ending, by="ann") for ending in triage.MIMES
    }
    lines = [json.loads(line) for line in found[".jsonl"].splitlines()]
    assert [each["kind"] for each in lines] == ["created", "decided", "decided"]
    assert lines[2]["items"] == ["item-01", "item-02"] and lines[2]["details"]["how"] == "lasso"
    rows = list(csv.DictReader(io.StringIO(found[".csv"].decode())))
    assert rows[1]["note"] == "'=1+1" and json.loads(rows[2]["details"]) == lines[2]["details"]
    frame = pd.read_parquet(io.BytesIO(found[".parquet"]))
    assert [json.loads(each) for each in frame["details"]] == [each["details"] for each in lines]
    assert frame["note"].tolist() == ["", "=1+1", ""]


def test_decisions_are_one_row_a_case_and_need_the_permission(shop: Workspace) -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(triage.content(shop, "q", what="decisions", ending=".csv", by="ann").decode())
        )
    )
    assert [(each["item"], each["code"], each["how"]) for each in rows] == [
        ("item-03", "ok", "single"), ("item-01", "violates", "lasso"), ("item-02", "violates", "lasso"),
    ]  # fmt: skip
    people.permit(shop, "bob", ("decide",), by="ann")
    with pytest.raises(InputError, match="bob may not write decisions"):
        triage.content(shop, "q", what="decisions", ending=".csv", by="bob")
