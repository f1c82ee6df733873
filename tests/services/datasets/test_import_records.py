"""Records of an import: preview and report as JSON values, refused rows as CSV."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.ingest import Mapping
from qlatent.services.datasets import import_records
from qlatent.services.datasets.import_records import Bring, ImportReport, Preview
from qlatent.types import Item, Refusal

REFUSALS = (Refusal(2, "there is no file 'gone.png'", "b"), Refusal(5, "it has no text"))
PREVIEW = Preview(
    bring=Bring(Path("shop.csv")), name="shop.csv", kind="table", columns=(), mapping=Mapping(id="id", text=("title",)),
    first=tuple(Item(str(number), text=f"text {number}") for number in range(5)), good=9, refusals=REFUSALS,
    modalities={"text": 9}, notes=("read as Windows-1252",), fingerprint="f00", already_imported=None,
)  # fmt: skip


def test_a_preview_is_plain_json_with_its_first_items() -> None:
    document = json.loads(json.dumps(PREVIEW.document()))
    assert (document["source"], document["rows"], document["refused"]) == ("shop.csv", 9, 2)
    assert document["refusals"][1] == {"row": 5, "id": "", "reason": "it has no text"}
    assert document["examples"] == [{"id": str(number), "text": f"text {number}"} for number in range(3)]
    assert document["notes"] == ["read as Windows-1252"]


def test_what_is_wrong_with_the_whole_source_comes_before_its_rows() -> None:
    broken = InputError("The file is empty.", remedy="Choose another.")
    assert replace(PREVIEW, problem=broken).nothing_kept() is broken
    said = str(PREVIEW.nothing_kept())
    assert "None of the 2 rows of shop.csv can be kept; row 2: there is no file 'gone.png'." in said
    assert "there are no rows" in str(import_records.none_kept("empty.csv", []))


def test_a_report_is_plain_json() -> None:
    report = ImportReport(
        "shop", "Shop", rows=9, refused=2, refusals=REFUSALS, refusals_path="imports/shop.csv"
    )
    document = json.loads(json.dumps(report.document()))
    assert (document["rows"], document["refused"], document["present"], document["already"]) == (
        9,
        2,
        0,
        False,
    )
    assert document["refusals"][0]["id"] == "b"


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (
            Item("a", text="x", label="l", split="test"),
            {"id": "a", "text": "x", "label": "l", "split": "test"},
        ),
        (Item("a", image=b"0" * 1234), {"id": "a", "image": "1,234 bytes"}),
        (Item("a", metadata={"price": 3}), {"id": "a", "metadata": {"price": 3}}),
        (
            Item("a", vectors={"text": np.array([0.25, -1, 2, 3], dtype=np.float32)}),
            {"id": "a", "text vector": "[0.25, -1, 2, …] 4 numbers"},
        ),
        (
            Item("a", vectors={"vector": np.array([1 / 3], dtype=np.float32)}),
            {"id": "a", "vector": "[0.333] 1 numbers"},
        ),
    ],
)
def test_an_item_is_shown_by_what_it_has(item: Item, expected: dict[str, object]) -> None:
    assert import_records.example(item) == expected


def test_refusals_are_no_formulas_in_a_spreadsheet() -> None:
    text = import_records.refusals_csv([Refusal(1, "bad, really", "=HYPERLINK(1)"), Refusal(2, "-x", "b")])
    assert text.splitlines() == ["row,id,reason", '1,\'=HYPERLINK(1),"bad, really"', "2,b,'-x"]
