"""Numbers of texts: equal for equal texts, ranks in the order that numpy sorts."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from qlatent.services.datasets import column_codes
from qlatent.training.core import splits

TEXTS = ["b", None, "", "ab", "é", "b", "Z", "\U0001f34e", "\uffee", None, "ab|", "ab"]


def column(texts: list[str | None]) -> pa.ChunkedArray:
    """The texts in chunks of five, as a store reads them."""
    return pa.chunked_array([pa.array(texts[start : start + 5], pa.string()) for start in range(0, len(texts), 5)],
        pa.string())  # fmt: skip


def test_codes_are_equal_for_equal_texts_and_nothing_has_none() -> None:
    got, wanted = column_codes.codes(column(TEXTS)), splits.codes(TEXTS)
    np.testing.assert_array_equal(got < 0, wanted < 0)
    np.testing.assert_array_equal(got[:, None] == got[None, :], wanted[:, None] == wanted[None, :])
    assert column_codes.codes(column(["a", "b"])).tolist() == [0, 1]


def test_ranks_are_those_of_sorted_texts() -> None:
    wanted = np.unique([text or "" for text in TEXTS], return_inverse=True)[1]
    np.testing.assert_array_equal(column_codes.ranks(column(TEXTS)), wanted)


@pytest.mark.parametrize("texts", [
    ["itemitem-2", "other", "itemitem-1", "itemitem", "itemit", *(f"{n:04x}" for n in range(40, 0, -1))],
    [f"itemitem-{n % 7}é{n}" for n in range(50)],  # nearly all begin alike
    [None, "b", "a"],
    ["", ""],
    [None, None],
])  # fmt: skip
def test_ranks_tell_texts_apart_that_begin_alike(texts: list[str | None]) -> None:
    wanted = np.unique([text or "" for text in texts], return_inverse=True)[1]
    np.testing.assert_array_equal(column_codes.ranks(column(texts)), wanted)


def test_present_are_the_rows_with_a_text() -> None:
    assert column_codes.present(column(["a", None, "", "b"])).tolist() == [True, False, False, True]


def test_texts_and_joined_columns_count_none_as_empty() -> None:
    texts = column_codes.text_array(column(TEXTS))
    assert texts.dtype.kind == "U"
    assert texts.tolist() == [text or "" for text in TEXTS]
    pair = column_codes.joined([column(["a", None, "c"]), column([None, None, "d"])])
    assert pair.to_pylist() == ["a|", "|", "c|d"]
    assert column_codes.joined([column(["a", None])]).to_pylist() == ["a", ""]


@pytest.mark.parametrize("read", [column_codes.codes, column_codes.ranks, column_codes.text_array])
def test_no_rows_give_no_numbers(read) -> None:
    assert len(read(column([]))) == 0
