"""Conditions on items: matching rows, and errors of invalid conditions."""

from __future__ import annotations

import pandas as pd
import pytest

from qlatent.errors import InputError
from qlatent.services.datasets import conditions


@pytest.fixture
def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "text": ["red chair", "blue lamp", None],
            "size": [10.0, 2.5, None],
            "sold": pd.array([True, False, None], dtype="boolean"),
            "made": pd.to_datetime(["2024-01-05", "2023-06-01", None]),
            "maker": ["Acme", "Bolt & Co", "Acme"],
            "two words": [1.0, 2.0, 3.0],
        }
    )


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("size>=2.5", "ab"),
        ("size<=2.5", "b"),
        ("size=10", "a"),
        (" size >= 3 ", "a"),
        ("two words>=2", "bc"),
        ("made<=2023-12-31", "b"),
        ("made>=2024-01-05", "a"),
        ("made=2024-01-05", "a"),
        ("sold=true", "a"),
        ("sold=False", "b"),
        ("maker=Acme", "ac"),
        ("maker=acme", ""),
        ("text~RED", "a"),
        ("text~chair red", "a"),
        ("maker~bolt", "b"),
        ("maker=Bolt & Co", "b"),
    ],
)
def test_rows_that_meet_a_condition(table: pd.DataFrame, condition: str, found: str) -> None:
    assert "".join(conditions.meeting(table, condition)["id"]) == found


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("size", "'size' is not a condition. Write a column"),
        ("=3", "'=3' is not a condition"),
        ("sise>=3", "no column 'sise'.*did you mean 'size'"),
        ("size>=tall", "'tall' in 'size>=tall' is not a number"),
        ("made<=soon", "'soon' in 'made<=soon' is not a date"),
        ("sold=maybe", "'maybe' in 'sold=maybe' is not a truth value"),
        ("maker>=Acme", "'maker' is a text, so >= does not apply. Use = or ~"),
        ("sold<=true", "'sold' is a truth value"),
    ],
)
def test_an_invalid_condition_is_named(table: pd.DataFrame, condition: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        conditions.meeting(table, condition)


def test_a_column_is_found_by_its_name(table: pd.DataFrame) -> None:
    assert conditions.known_column(table, "maker").tolist() == ["Acme", "Bolt & Co", "Acme"]
