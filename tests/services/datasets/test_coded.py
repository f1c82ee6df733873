"""Columns in few bytes: the values that the items have, counted as pandas does, and read anew when they change."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from qlatent.services.datasets import browsing
from qlatent.services.datasets.coded import Texts, columns_of, texts_of
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.run_workspace import add

VALUES = ["pear", None, "", "apple", "pear", "Ünicode"]


def items(price: float = 1.5) -> list[Item]:
    return [
        Item(
            f"i{row}",
            text="t",
            label=each,
            metadata={"price": price * row, "label": "own", "at": "2024-02-03"},
        )
        for row, each in enumerate(VALUES)
    ]


def test_texts_are_numbers_of_sorted_values() -> None:
    found = texts_of(pa.chunked_array([VALUES[:2], VALUES[2:]]))
    assert found.values.to_pylist() == sorted({"pear", "apple", "Ünicode"})
    assert found.codes.tolist() == [1, -1, -1, 0, 1, 2] and found.codes.dtype == np.int8
    assert found.series().tolist() == ["pear", None, None, "apple", "pear", "Ünicode"]
    assert found.totals.tolist() == [1, 2, 1]
    assert found.counted(np.arange(6) > 0).tolist() == [1, 1, 1]
    assert found.among(np.array([True, False, True])).tolist() == [False, False, False, True, False, True]


@pytest.mark.parametrize("count", [0, 1, 127, 128, 129, 40_000])
def test_any_number_of_values_fits(count: int) -> None:
    words = [f"w{each:05}" for each in range(count)]
    found = texts_of(pa.chunked_array([pa.array([*words, None], pa.string())]))
    assert found.series().tolist() == [*words, None] and found.totals.tolist() == [1] * count


def test_columns_are_those_of_the_items_and_follow_them(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "workspace") as workspace:
        add(workspace, "goods", items())
        found, expected = columns_of(workspace, "goods"), browsing.items(workspace, "goods")
        assert list(found) == ["label", "split", "price", "label (metadata)", "at"]
        for name, column in found.items():
            if isinstance(column, Texts):
                assert column.series().fillna("").tolist() == expected[name].fillna("").tolist()
            else:
                pd.testing.assert_series_equal(column, expected[name], check_names=False)
        assert columns_of(workspace, "goods") is found
        workspace.items.remove("goods")
        workspace.items.create("goods", items(price=2.0))  # as many rows, and the same number of its version
        assert columns_of(workspace, "goods")["price"].tolist() == [2.0 * row for row in range(len(VALUES))]
