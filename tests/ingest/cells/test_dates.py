"""Dates as programs and shops write them."""

from __future__ import annotations

import datetime
from typing import Any

import pandas as pd
import pytest

from qlatent.ingest.cells.dates import as_date, order_of


@pytest.mark.parametrize(
    ("cell", "date"),
    [
        ("2025-11-28", "2025-11-28"),
        ("2025-11-28T10:00:00Z", "2025-11-28T10:00:00Z"),
        ("2025-11-28 10:00:00 +0100", "2025-11-28T10:00:00+01:00"),
        ("2025/11/28", "2025-11-28"),
        ("28.11.2025 14:05", "2025-11-28T14:05:00"),
        ("Nov-28-25 22:15:32 PST", "2025-11-28T22:15:32-08:00"),
        ("November 28, 2025 3:05 pm", "2025-11-28T15:05:00"),
        ("28 Nov 2025 12:00 am", "2025-11-28T00:00:00"),
        ("13-Sep-25", "2025-09-13"),
        ("Sept 3, 2024", "2024-09-03"),
        (1764288000, "2025-11-28T00:00:00+00:00"),
        ("1764288000123", "2025-11-28T00:00:00+00:00"),
        (datetime.date(2025, 11, 28), "2025-11-28"),
        ("11/12/2025", None),
        ("31/06/2025", None),
        ("28-Nov-25 99:00:00", None),
        ("28 Nov 2025 10:00 XYZ", None),
        ("2025-11-28 10:00 +99:00", None),
        ("12.50", None),
        ("1.2.3.4", None),
        ("10:20", None),
        (17, None),
        (True, None),
        (float("nan"), None),
        ("Monday", None),
        ("1" * 1000, None),
        (None, None),
    ],
)  # fmt: skip
def test_a_date_is_read_if_it_can_be_one_day_only(cell: Any, date: str | None) -> None:
    assert as_date(cell) == date


@pytest.mark.parametrize(("order", "day_first"), [("dmy", True), ("mdy", False)])
def test_the_order_decides_as_in_pandas(order: Any, day_first: bool) -> None:
    for cell in ("11/12/2025", "1-2-2024 5:06 pm", "03/04/99"):
        expected = pd.to_datetime(cell, dayfirst=day_first)
        read = as_date(cell, order=order)
        assert read is not None
        assert pd.Timestamp(read).replace(year=expected.year) == expected


def test_the_order_is_that_of_the_column() -> None:
    assert order_of(["11/12/2025", "28/11/2025", None, 3]) == "dmy"
    assert order_of(["11/12/2025", "11/28/2025"]) == "mdy"
    assert order_of(["11/12/2025"]) == ""
    assert order_of(["28/11/2025", "11/28/2025"]) == ""  # both: nobody knows
