"""Metadata as typed columns, against types written here."""

from __future__ import annotations

import datetime
import json

import pandas as pd
import pytest

from qlatent.services.datasets import facts


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        ([1, 2, None], "number", [1, 2, None]),
        ([1, 2.5], "number", [1.0, 2.5]),
        (["12", "-3"], "number", [12, -3]),
        (["1.50", "-.5", "2e3"], "number", [1.5, -0.5, 2000.0]),
        ([2**62, None], "number", [2**62, None]),
        (["007", "12"], "text", ["007", "12"]),
        (["+49123", "5"], "text", ["+49123", "5"]),
        (["1234567890123456789"], "text", ["1234567890123456789"]),
        (["1", "two"], "text", ["1", "two"]),
        ([True, None, False], "truth value", [True, None, False]),
        (["true", "FALSE"], "truth value", [True, False]),
        ([True, 1], "text", ["true", "1"]),
        (["2024-01-05", None], "date", [pd.Timestamp("2024-01-05"), None]),
        (["2024-01-05T10:30", "2024-01-06 00:00"], "date", [pd.Timestamp("20240105T1030"), pd.Timestamp("20240106")]),
        (["2024-01-05T10:00:00+02:00"], "date", [pd.Timestamp("2024-01-05T08:00Z")]),
        (["2024-01-05", "2024-01-05T10:00Z"], "text", ["2024-01-05", "2024-01-05T10:00Z"]),
        (["2024-13-05"], "text", ["2024-13-05"]),
        (["05/01/2024"], "text", ["05/01/2024"]),
        ([["a", 1], {"b": 2}], "text", ['["a", 1]', '{"b": 2}']),
        (["", "1"], "text", ["", "1"]),
    ],
)  # fmt: skip
def test_a_column_has_the_type_of_all_its_values(
    values: list[object], kind: str, expected: list[object]
) -> None:
    column = facts.columns([json.dumps({"k": value}) for value in values])["k"]
    assert facts.kind(column) == kind
    assert [None if pd.isna(value) else value for value in column] == expected


def test_keys_come_in_order_and_names_of_item_columns_are_marked() -> None:
    found = facts.columns(['{"b": 1}', None, '{"a": "x", "text": "y"}'], beside=["text"])
    assert list(found) == ["b", "a", "text (metadata)"]
    assert [list(found[name].isna()) for name in found] == [
        [False, True, True],
        [True, True, False],
        [True, True, False],
    ]


def test_no_items_and_no_metadata_give_no_columns() -> None:
    assert facts.columns([]).shape == (0, 0)
    assert facts.columns(["{}", ""]).shape == (2, 0)


def test_years_far_away_are_dates() -> None:
    assert facts.columns(['{"d": "0001-02-03"}'])["d"][0].date() == datetime.date(1, 2, 3)
