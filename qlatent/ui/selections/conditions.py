"""A condition on one column: its values with how many items have each, a range, days, or words; for every panel."""

from __future__ import annotations

from datetime import date

import pandas as pd
import streamlit as st

from qlatent.services.search.counts import ColumnCounts
from qlatent.services.selections.definitions import Column
from qlatent.ui.shell.formatting import literal


def condition(key: str, column: ColumnCounts, given: Column | None, *, label: str = "") -> Column | None:
    """Draw what a column can be filtered by; returns the condition, None while nothing is chosen.

    It starts as `given`; a `label` stands before the names of its fields where several columns are filtered at once.
    """
    if column.kind == "number":
        return _range(key, column, given, label)
    if column.kind == "date":
        return _days(key, column, given, label)
    if column.distinct > len(column.values):  # too many to be listed
        return _words(key, column, given, label)
    return _values(key, column, given, label)


def _values(key: str, column: ColumnCounts, given: Column | None, label: str) -> Column | None:
    counted = {str(value): count for value, count in column.values}
    own = {str(value): value for value, _ in column.values}
    _start(key, [str(each) for each in given.values if str(each) in counted] if given else [])
    chosen = st.multiselect(
        label or "Values",
        list(counted),
        key=key,
        format_func=lambda each: f"{literal(each)} ({counted[each]:,})",
    )
    return Column(name=column.name, values=tuple(own[each] for each in chosen)) if chosen else None


def _words(key: str, column: ColumnCounts, given: Column | None, label: str) -> Column | None:
    _start(key, given.words if given else "")
    words = st.text_input(_field(label, "contains these words"), key=key).strip()
    return Column(name=column.name, words=words) if words else None


def _range(key: str, column: ColumnCounts, given: Column | None, label: str) -> Column | None:
    _start(f"{key}_least", _number(given.least) if given else None)
    _start(f"{key}_largest", _number(given.largest) if given else None)
    with st.container(horizontal=True, gap="small"):
        least = st.number_input(
            _field(label, "at least"), value=None, key=f"{key}_least", placeholder=_shown(column.least)
        )
        largest = st.number_input(
            _field(label, "at most"), value=None, key=f"{key}_largest", placeholder=_shown(column.largest)
        )
    if least is None and largest is None:
        return None
    return Column(name=column.name, least=least, largest=largest)


def _days(key: str, column: ColumnCounts, given: Column | None, label: str) -> Column | None:
    _start(f"{key}_from", _day(given.least) if given else None)
    _start(f"{key}_to", _day(given.largest) if given else None)
    bounds = {"min_value": column.least.date(), "max_value": column.largest.date()}
    with st.container(horizontal=True, gap="small"):
        first = st.date_input(_field(label, "from"), value=None, key=f"{key}_from", **bounds)
        last = st.date_input(_field(label, "to"), value=None, key=f"{key}_to", **bounds)
    if not first and not last:
        return None
    zone = column.least.tz
    # include the whole last day
    end = pd.Timestamp(last, tz=zone) + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1) if last else None
    return Column(
        name=column.name, least=pd.Timestamp(first, tz=zone).isoformat() if first else None,
        largest=end.isoformat() if end else None,
    )  # fmt: skip


def _start(key: str, value: object) -> None:
    """Give a widget its first value, unless it is there already."""
    if key not in st.session_state and value not in (None, "", []):
        st.session_state[key] = value


def _field(label: str, what: str) -> str:
    return f"{label}, {what}" if label else what.capitalize()


def _shown(value: object) -> str | None:
    return f"{value:g}" if isinstance(value, int | float) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _day(value: object) -> date | None:
    return pd.Timestamp(str(value)).date() if value is not None else None
