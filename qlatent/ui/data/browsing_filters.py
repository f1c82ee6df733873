"""Part of the page Data: the items sorted by a column, and filtered by any of them."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from qlatent.services.datasets import browsing
from qlatent.ui.search import conditions
from qlatent.ui.selections import tables
from qlatent.ui.selections.conditions import condition
from qlatent.ui.shell.formatting import literal

OWN = {"row": "Row", "id": "Id", "text": "Text", "label": "Label", "split": "Split"}
ELSEWHERE = (*tables.FREE, "label")  # have fields of their own beside the filters


def narrowed(table: pd.DataFrame, dataset: str) -> pd.DataFrame:
    """The rows that pass the chosen filters, in the chosen order; draws the control for both."""
    columns = {name: each for name, each in tables.columns(dataset).items() if name not in ELSEWHERE}
    with st.popover("Sort and filter", icon=":material/filter_list:", key="items_filter"):
        by, descending = _order(browsing.facts_of(table))
        chosen = st.multiselect("Filter by", list(columns), key=f"filter_by_{dataset}", format_func=_name)
        found = [
            condition(f"filter_{dataset}_{name}", columns[name], None, label=literal(_name(name)))
            for name in chosen
        ]
    wanted = tuple(each for each in found if each is not None)
    kept = conditions.mask(dataset, wanted)
    if kept is not None:
        table = table[kept[table["row"].to_numpy()]]
    if by != "row" or descending:
        table = browsing.ordered(table, by, descending=descending)
    return table


def _name(column: str) -> str:
    return OWN.get(column, column)


def _order(known: list[str]) -> tuple[str, bool]:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        by = st.selectbox("Sort by", [*OWN, *known], format_func=_name, key="sort", bind="query-params")
        return by or "row", st.toggle("Descending", key="descending", bind="query-params")
