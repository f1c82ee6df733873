from __future__ import annotations

import datetime
import decimal
import json

import numpy as np
import pytest

from qlatent.ingest.cells import values
from qlatent.ingest.cells.values import as_id, as_json, as_price, as_text, is_missing
from qlatent.ingest.record import RefusedRow
from qlatent.ingest.rows.vector_cells import as_vector


@pytest.mark.parametrize(
    "value", [None, "", "  \t\n", float("nan"), np.float32("nan"), "NaN", " nan ", "null", "<NA>", "#N/A"]
)
def test_missing_values(value: object) -> None:
    assert is_missing(value)
    assert as_text(value) is None


@pytest.mark.parametrize("value", [0, False, "0", "None", "nano", [], 0.0])
def test_values_that_are_not_missing(value: object) -> None:
    assert not is_missing(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (552.0, "552"),
        (np.int64(7), "7"),
        (1.5, "1.5"),
        (" a b ", "a b"),
        (b"bytes", "bytes"),
        (True, "True"),
        (["a"], '["a"]'),
    ],
)
def test_cells_as_text(value: object, text: str) -> None:
    assert as_text(value) == text


def test_text_that_no_file_can_hold_is_cleaned() -> None:
    cleaned = as_text("a\ud800b\0c")
    assert cleaned == "a?bc"
    assert cleaned.encode()


@pytest.mark.parametrize("odd", [None, 7, "", " a", "a\x1f", "a\0b", "NaN", "é", "a" * 301, b"a"])
def test_plain_ids_are_told_all_at_once(odd: object) -> None:
    plain = ["item-1", "2", "a b", "none"]
    assert values.are_plain_ids(plain)
    assert [values.as_id(cell) for cell in plain] == plain
    assert not values.are_plain_ids([*plain, odd])
    assert not values.are_plain_ids([])


def test_an_id_of_absurd_length_is_refused() -> None:
    with pytest.raises(RefusedRow, match="its id has 1,000 characters; the limit is 300"):
        as_id("x" * 1000)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("$399.00", 399.0),
        ("$1,299.00", 1299.0),
        ("1.299,00 €", 1299.0),
        ("12,50", 12.5),
        ("1,299", 1299.0),
        ("1'299.50 CHF", 1299.5),
        ("1 299,50 €", 1299.5),
        ("1.299.000", 1_299_000.0),
        (12, 12.0),
        (np.float32(2.5), 2.5),
        (decimal.Decimal("3.20"), 3.2),
        ("free", None),
        ("", None),
        (None, None),
        (float("inf"), None),
        (True, None),
        ("1.2,3,4", None),
        ("from 5.00 up", 5.0),
        ("-3", -3.0),
    ],
)
def test_prices(written: object, number: float | None) -> None:
    assert as_price(written) == number


def test_metadata_is_json_whatever_came() -> None:
    value = {
        "day": datetime.date(2024, 2, 29),
        "n": np.int8(3),
        "x": float("inf"),
        "list": (1, np.float64(2.5)),
        "blob": b"..",
        "big": 2**70,
        "money": decimal.Decimal("1.5"),
        "array": np.arange(2),
    }
    assert json.loads(json.dumps(as_json(value), allow_nan=False)) == {
        "day": "2024-02-29",
        "n": 3,
        "x": None,
        "list": [1, 2.5],
        "blob": None,
        "big": str(2**70),
        "money": 1.5,
        "array": [0, 1],
    }


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int16", "uint8"])
def test_vectors_become_float32(dtype: str) -> None:
    vector = as_vector(np.array([1, 2, 3], dtype=dtype), name="v", width=3)
    assert vector.dtype == np.float32
    assert vector.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([1.0, float("nan"), float("inf")], "has NaN or infinite values at 2 places"),
        ([1e300, 1.0], "NaN or infinite"),
        ([0.0, 0.0], "is zero everywhere"),
        ([1.0, 2.0, 3.0], "has 3 numbers; most rows have 2"),
        ([[1.0, 2.0], [3.0, 4.0]], "not one list of numbers"),
        ([[1.0], [1.0, 2.0]], "not one list of numbers"),
        (["a", "b"], "not one list of numbers"),
        ([], "is an empty list"),
        (3.0, "not one list of numbers"),
        (np.array([True, False]), "not one list of numbers"),
        ("0.1 x", "not a list of numbers such as"),
    ],
)
def test_bad_vectors_are_refused(value: object, reason: str) -> None:
    with pytest.raises(RefusedRow, match=reason):
        as_vector(value, name="'v'", width=2)


def test_a_vector_written_as_text_is_read() -> None:
    assert as_vector("[0.5, -1]", name="v", width=None).tolist() == [0.5, -1.0]
