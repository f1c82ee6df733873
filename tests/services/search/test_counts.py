"""Counts of typed columns, of all items and of some."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from qlatent.services.search.counts import counts
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from tests.services.run_workspace import add


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with Workspace.open(tmp_path_factory.mktemp("counts") / "workspace") as opened:
        items = [
            Item(
                f"i{row}", text=f"text {row}", label="ab"[row % 2] if row else None,
                metadata={"price": row * 1.5, "new": row < 3, "made": f"2024-01-{row + 1:02}"} if row != 4 else {},
            )
            for row in range(10)
        ]  # fmt: skip
        add(opened, "shop", items)
        yield opened


def test_each_column_has_its_kind_and_counts(workspace: Workspace) -> None:
    found = {each.name: each for each in counts(workspace, "shop")}
    assert {name: each.kind for name, each in found.items()} == {
        "label": "text", "price": "number", "new": "truth value", "made": "date",
    }  # fmt: skip
    assert found["label"].values == (("b", 5), ("a", 4))
    assert (found["label"].present, found["label"].missing, found["label"].distinct) == (9, 1, 2)
    assert dict(found["new"].values) == {False: 6, True: 3}
    assert all(type(value) is bool for value, _ in found["new"].values)  # as a selection takes them
    price = found["price"]
    assert (price.present, price.missing, price.least, price.largest) == (9, 1, 0.0, 13.5)
    numbers = [row * 1.5 for row in range(10) if row != 4]
    assert list(price.bins) == np.histogram(numbers, bins=9)[0].tolist()
    assert (price.edges[0], price.edges[-1]) == (0.0, 13.5)
    made = found["made"]
    assert (made.least, made.largest) == (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-10"))
    assert (made.edges[0], made.edges[-1], sum(made.bins)) == (made.least, made.largest, 9)


def test_a_filter_leaves_the_bins_and_changes_the_counts(workspace: Workspace) -> None:
    among = np.arange(10) >= 8
    whole, some = ({each.name: each for each in counts(workspace, "shop", among=m)} for m in (None, among))
    assert some["price"].edges == whole["price"].edges
    assert (sum(some["price"].bins), some["price"].least, some["price"].missing) == (2, 12.0, 0)
    assert dict(some["label"].values) == {"a": 1, "b": 1}
    none = {each.name: each for each in counts(workspace, "shop", among=np.zeros(10, dtype=bool))}
    assert (none["price"].present, none["price"].least, sum(none["price"].bins)) == (0, None, 0)
