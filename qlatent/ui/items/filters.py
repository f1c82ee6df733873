"""Sorts and filters a dataset's items by any column, metadata included."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from qlatent.services.datasets import browsing, facts
from qlatent.ui.shell.formatting import literal

OWN = {"row": "Row", "id": "Id", "text": "Text", "label": "Label", "split": "Split"}
CHOICES = 200  # columns with more distinct values get a text field instead of a list


def narrowed(table: pd.DataFrame) -> pd.DataFrame:
    """The rows that pass the chosen filters, in the chosen order; draws the control for both."""
    known = browsing.facts_of(table)
    with st.popover("Sort and filter", icon=":material/filter_list:", key="items_filter"):
        by, descending = _order(known)
        chosen = st.multiselect(
            "Filter by",
            [*(name for name in known if table[name].count()), *(["split"] if any(table["split"]) else [])],
            key="filter_by",
            format_func=_name,
        )
        for name in chosen:
            condition = _condition(table[name], name)
            if condition is not None:
                table = browsing.having(table, name, condition)
    if by != "row" or descending:
        table = browsing.ordered(table, by, descending=descending)
    return table


def _name(column: str) -> str:
    return OWN.get(column, column)


def _order(known: list[str]) -> tuple[str, bool]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox("Sort by", [*OWN, *known], format_func=_name, key="sort", bind="query-params")
        return by or "row", st.toggle("Descending", key="descending", bind="query-params")


def _condition(values: pd.Series, name: str) -> Any:
    """The condition chosen for one column; None if there is none."""
    kind, label = facts.kind(values), literal(_name(name))
    if kind == "number":
        return _between(values, name, label)
    if kind == "date":
        return _days(values, name, label)
    given = values.dropna()
    if kind == "truth value":
        picked = st.multiselect(label, [True, False], key=f"filter_{name}")
        return picked or None
    different = sorted(value for value in given.unique() if value)
    if len(different) <= CHOICES:
        return st.multiselect(label, different, key=f"filter_{name}") or None
    return st.text_input(label, placeholder="contains these words", key=f"filter_{name}") or None


def _between(values: pd.Series, name: str, label: str) -> tuple[float | None, float | None] | None:
    with st.container(horizontal=True):
        least = st.number_input(
            f"{label}, at least", value=None, key=f"least_{name}", placeholder=f"{values.min():g}"
        )
        most = st.number_input(
            f"{label}, at most", value=None, key=f"most_{name}", placeholder=f"{values.max():g}"
        )
    return None if least is None and most is None else (least, most)


def _days(values: pd.Series, name: str, label: str) -> tuple[pd.Timestamp | None, pd.Timestamp | None] | None:
    zone = values.dt.tz
    bounds = {"min_value": values.min().date(), "max_value": values.max().date()}
    with st.container(horizontal=True):
        first = st.date_input(f"{label}, from", value=None, key=f"from_{name}", **bounds)
        last = st.date_input(f"{label}, to", value=None, key=f"to_{name}", **bounds)
    least = pd.Timestamp(first, tz=zone) if first else None
    # include the whole last day
    most = pd.Timestamp(last, tz=zone) + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1) if last else None
    return None if least is None and most is None else (least, most)
