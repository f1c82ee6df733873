"""Filters of a search: values and ranges of the dataset's columns, with how many items have each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.datasets import browsing
from qlatent.services.search import counts
from qlatent.services.search.counts import ColumnCounts
from qlatent.ui.shell import page as shell
from qlatent.ui.shell.formatting import cut, literal

Condition = tuple[str, Any]
"""A column's name and its values, or its least and largest number."""


def conditions(page: str, dataset: str) -> tuple[Condition, ...]:
    """Draw the filters and return those that are set."""
    workspace = shell.workspace()
    with st.popover("Filter", icon=":material/filter_list:", key=f"{page}_search_filter"):
        columns = _counts(str(workspace.path), dataset, browsing.version(workspace, dataset))
        there = {each.name: each for each in columns if each.kind != "date"}
        if not there:
            st.caption("No column of this dataset has values to filter by.")
            return ()
        chosen = st.multiselect("Columns", list(there), key=f"{page}_search_columns")
        found = [(name, _condition(page, there[name])) for name in chosen]
    return tuple((name, wanted) for name, wanted in found if wanted)


def mask(dataset: str, wanted: Sequence[Condition]) -> NDArray[np.bool_] | None:
    """The rows (n,) that meet all conditions; None without conditions."""
    if not wanted:
        return None
    workspace = shell.workspace()
    table = _items(str(workspace.path), dataset, browsing.version(workspace, dataset))
    found = table.reset_index(drop=True)
    for name, values in wanted:
        found = browsing.having(found, name, values)
    kept = np.zeros(len(table), dtype=np.bool_)
    kept[found.index.to_numpy()] = True
    return kept


def _condition(page: str, column: ColumnCounts) -> Any:
    key, label = f"{page}_search_filter_{column.name}", literal(column.name)
    if column.kind == "number":
        with st.container(horizontal=True):
            least = st.number_input(
                f"{label}, at least", value=None, key=f"{key}_least", placeholder=str(column.least)
            )
            most = st.number_input(
                f"{label}, at most", value=None, key=f"{key}_most", placeholder=str(column.largest)
            )
        return None if least is None and most is None else [least, most]
    often = dict(column.values)
    return st.multiselect(
        label, list(often), key=key, format_func=lambda each: f"{cut(str(each), limit=60)} ({often[each]:,})"
    )


@st.cache_resource(max_entries=4, show_spinner="Counting values…")
def _counts(path: str, dataset: str, version: int) -> list[ColumnCounts]:
    return counts.counts(shell.workspace(), dataset)


@st.cache_resource(max_entries=2, show_spinner=False)
def _items(path: str, dataset: str, version: int) -> Any:
    return browsing.items(shell.workspace(), dataset)
