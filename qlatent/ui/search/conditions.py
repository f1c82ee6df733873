"""Filters of a search: conditions on typed columns, with how many items have each value."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.errors import QlatentError
from qlatent.services.datasets import browsing
from qlatent.services.selections import columns as item_columns
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Column, SetOf
from qlatent.ui.search import addresses
from qlatent.ui.selections import tables
from qlatent.ui.selections.conditions import condition
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import parts
from qlatent.ui.shell.formatting import literal


def conditions(page: str, dataset: str) -> tuple[Column, ...]:
    """Draw the filters and return those that are set; they stand in the URL."""
    given = _given(page, dataset)
    columns = tables.columns(dataset)
    _renew(page, given)
    key = f"{page}_search_columns"
    with st.popover("Filter", icon=":material/filter_list:", key=f"{page}_search_filter"):
        if not columns:
            st.caption("No column of this dataset has values to filter by.")
            return ()
        start = {each.name: each for each in given if each.name in columns}
        if key not in st.session_state:
            st.session_state[key] = list(start)
        chosen = st.multiselect("Columns", list(columns), key=key)
        found = [
            condition(f"{page}_search_filter_{name}", columns[name], start.get(name), label=literal(name))
            for name in chosen
        ]
    wanted = tuple(each for each in found if each is not None)
    st.session_state[f"{page}_search_shows"] = wanted
    addresses.put_where(page, dataset, wanted)
    lost = [each.name for each in given if each.name not in columns]
    if lost:
        st.warning(
            f"This dataset has no column {', '.join(map(literal, lost))}, so this filter was left out.",
            icon=":material/filter_list_off:",
        )
    return wanted


def said(wanted: Sequence[Column]) -> str:
    """The filters as a sentence."""
    return "Only where " + " and ".join(f"{literal(each.name, limit=40)} {_told(each)}" for each in wanted)


def mask(dataset: str, wanted: Sequence[Column]) -> NDArray[np.bool_] | None:
    """The rows (n,) that meet all conditions; None without conditions."""
    if not wanted:
        return None
    workspace = shell.workspace()
    link = links.to_link(SetOf(how="intersection", of=tuple(wanted)))
    return _mask(str(workspace.path), dataset, link, browsing.version(workspace, dataset), tuple(wanted))


def _given(page: str, dataset: str) -> tuple[Column, ...]:
    try:
        return addresses.where(page, dataset)
    except QlatentError as err:
        parts.error_card(err)
        return ()


def _renew(page: str, given: tuple[Column, ...]) -> None:
    """Let the fields start anew where the URL has other filters than were shown: after Back, or of another dataset."""
    if st.session_state.get(f"{page}_search_shows", given) != given:
        for key in [str(each) for each in st.session_state]:
            if key.startswith(f"{page}_search_filter_") or key == f"{page}_search_columns":
                del st.session_state[key]


def _told(column: Column) -> str:
    if column.values:
        return "is " + " or ".join(literal(each, limit=40) for each in map(str, column.values))
    if column.words:
        return f"contains {literal(column.words, limit=60)}"
    least, most = (None if each is None else _bound(each) for each in (column.least, column.largest))
    if least is not None and most is not None:
        return f"from {least} to {most}"
    return f"at least {least}" if least is not None else f"at most {most}"


def _bound(value: float | str) -> str:
    """A number, or the day of a date."""
    return value[:10] if isinstance(value, str) else f"{value:g}"


@st.cache_resource(max_entries=4, show_spinner=False)
def _mask(path: str, dataset: str, link: str, version: int, _wanted: tuple[Column, ...]) -> NDArray[np.bool_]:
    found = item_columns.meeting(shell.workspace(), dataset, _wanted)
    assert found is not None  # there are conditions
    return found
