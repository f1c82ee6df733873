"""Select items by the values of a column, with how many there are of each."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from qlatent.services.datasets import browsing, facts
from qlatent.services.selections.columns import present
from qlatent.services.selections.definitions import Column
from qlatent.ui.selections import changes, tables
from qlatent.ui.selections.view import View
from qlatent.ui.shell.formatting import literal

CHOICES = 200  # texts with more distinct values are searched by words instead
OWN = ("label", "split", "text", "id")


def filters(page: str, view: View) -> None:
    """Draw the choice of a column and of values, a range or words; buttons then change the selection."""
    table = tables.items(view.dataset)
    options = [each for each in (*OWN, *browsing.facts_of(table)) if present(table[each]).any()]
    name = st.selectbox("Filter by", options, key=f"{page}_selected_by")
    wanted = _wanted(page, name, table[name])
    if wanted is not None:
        changes.buttons(page, wanted, name="filter")


def _wanted(page: str, name: str, values: pd.Series) -> Column | None:
    """The chosen condition on the column; None while nothing is chosen."""
    key, kind = f"{page}_selected_by_{name}", facts.kind(values)
    if kind == "number":
        return _range(key, name, values)
    if kind == "date":
        return _days(key, name, values)
    counts = values[present(values)].astype(str).value_counts()
    if kind == "text" and (len(counts) > CHOICES or name in ("text", "id")):
        words = st.text_input("Contains these words", key=key).strip()
        return Column(name=name, words=words) if words else None
    chosen = st.multiselect(
        "Values", list(counts.index), key=key, format_func=lambda each: f"{literal(each)} ({counts[each]:,})"
    )
    return Column(name=name, values=tuple(chosen)) if chosen else None


def _range(key: str, name: str, values: pd.Series) -> Column | None:
    with st.container(horizontal=True):
        least = st.number_input("At least", value=None, key=f"{key}_least", placeholder=f"{values.min():g}")
        largest = st.number_input(
            "At most", value=None, key=f"{key}_largest", placeholder=f"{values.max():g}"
        )
    if least is None and largest is None:
        return None
    return Column(name=name, least=least, largest=largest)


def _days(key: str, name: str, values: pd.Series) -> Column | None:
    zone = values.dt.tz
    bounds = {"min_value": values.min().date(), "max_value": values.max().date()}
    with st.container(horizontal=True):
        first = st.date_input("From", value=None, key=f"{key}_from", **bounds)
        last = st.date_input("To", value=None, key=f"{key}_to", **bounds)
    if not first and not last:
        return None
    # include the whole last day
    end = pd.Timestamp(last, tz=zone) + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1) if last else None
    return Column(
        name=name, least=pd.Timestamp(first, tz=zone).isoformat() if first else None,
        largest=end.isoformat() if end else None,
    )  # fmt: skip
