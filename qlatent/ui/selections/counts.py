"""The values of the selected items, column by column, and what sets them apart from the rest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.selections.definitions import Column
from qlatent.services.selections.describing import Categories, Description, Numbers
from qlatent.ui.selections import changes, tables
from qlatent.ui.selections.view import View
from qlatent.ui.shell.formatting import cut, literal


def counts(page: str, view: View, rows: NDArray[np.int64]) -> None:
    """Draw the most frequent values of a column as bars; a click selects, narrows, adds or takes out."""
    columns = {each.column: each for each in tables.described(page, view.dataset, rows).columns}
    if not columns:
        st.caption("The items have no label and no column to count.")
        return
    name = st.selectbox("Column", list(columns), key=f"{page}_selected_count")
    found = columns[name]
    if isinstance(found, Numbers):
        _numbers(found)
        return
    _values(page, found, of=len(rows))


def _values(page: str, found: Categories, *, of: int) -> None:
    mode = changes.mode(page, "count")
    for place, each in enumerate(found.top):
        with st.container(gap=None):
            label = f"{literal(each.value, limit=60)} · {each.inside:,} of {each.total:,}"
            key = f"{page}_selected_count_{found.column}_{place}"
            if st.button(label, key=key, type="tertiary", help="Of all items with this value"):
                changes.apply(page, Column(name=found.column, values=(each.value,)), mode=mode)
            st.progress(each.inside / max(of, 1))
    if found.other:
        st.caption(
            f"{found.other:,} more have one of {found.distinct - len(found.top):,} rarer values; use Filter for these."
        )
    if found.missing:
        label = f"no value · {found.missing:,}"
        if st.button(label, key=f"{page}_selected_count_{found.column}_missing", type="tertiary"):
            changes.apply(page, Column(name=found.column, missing=True), mode=mode)


def _numbers(found: Numbers) -> None:
    shown = {"Least": found.least, "Median": found.median, "Largest": found.largest}
    with st.grid(3, min_column_width=90, gap="xsmall"):
        for label, value in shown.items():
            st.metric(label, f"{value:.4g}" if isinstance(value, float) else (value or "–")[:10])
    missing = f"{found.missing:,} have no value. " if found.missing else ""
    st.caption(f"{missing}Select a range under Filter.")


def apart(page: str, view: View, rows: NDArray[np.int64]) -> None:
    """Draw the words and values that the selection has more of than the rest, or less."""
    if not len(rows):
        return
    found = tables.described(page, view.dataset, rows)
    if found.count == found.total:
        st.caption("All items are selected, so there is no rest to compare with.")
        return
    if not found.words and not found.differences:
        st.caption("There is nothing to compare: the items have no texts, labels or columns.")
    _words(found)
    if found.differences:
        st.dataframe(
            _differences(found), hide_index=True, height="content", key=f"{page}_selected_apart",
            alt="Columns that set the selection apart",
            column_config={
                "Inside": st.column_config.NumberColumn(help="Items in the selection with this value"),
                "Rest": st.column_config.NumberColumn(help="Items outside it with this value"),
                "Surety": st.column_config.NumberColumn(
                    format="%+.1f", help="z-score of the difference of two shares; Welch's t for numbers"
                ),
            },
        )  # fmt: skip


def _words(found: Description) -> None:
    if found.words:
        st.caption(
            f"Words more frequent here than in the rest, of {found.texts:,} texts",
            help="Clearest first: z-score of the log-odds with a Dirichlet prior (Monroe, Colaresi & Quinn 2008).",
        )
        with st.container(horizontal=True, gap="xsmall"):
            for each in found.words:
                st.badge(f"{literal(each.word, limit=40)} {each.inside:,}", color="blue")


def _differences(found: Description) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Column": [each.column for each in found.differences],
            "What": [
                cut(each.value, limit=60)
                if each.value
                else f"{'higher' if each.effect > 0 else 'lower'}, {abs(each.effect):.2g} spreads"
                for each in found.differences
            ],
            "Inside": [each.inside for each in found.differences],
            "Rest": [each.rest for each in found.differences],
            "Surety": [each.score for each in found.differences],
        }
    )
