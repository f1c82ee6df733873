"""Part of the page Data: the preview of an import, with counts, example items and unused columns."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from qlatent.services.datasets import datasets
from qlatent.services.datasets.datasets import Preview
from qlatent.ui.items.preview_rows import first_rows
from qlatent.ui.shell.formatting import count, literal

SHOWN_REFUSALS = 500


def counts(seen: Preview) -> None:
    """Draw the number of accepted and refused rows; an error if none is accepted."""
    figures = [("Rows accepted", seen.good), ("Rows refused", seen.refused)]
    figures += [(f"With {name}", number) for name, number in seen.modalities.items()]
    with st.grid(len(figures), min_column_width=120):
        for label, number in figures:
            st.metric(label, f"{number:,}", border=True)
    if not seen.good:
        st.error(literal(str(seen.nothing_kept()), limit=600), icon=":material/error:")


def examples(seen: Preview) -> None:
    """Draw the first items as they would be stored."""
    if not seen.examples:
        return
    st.markdown(f"**The first {count(len(seen.examples), 'item')} as they would be stored**")
    st.dataframe(
        first_rows(seen.examples),
        hide_index=True,
        row_height=64,
        key="import_first",
        column_config={"Image": st.column_config.ImageColumn(width=80)},
        alt="First items as they would be stored",
    )


def unused(seen: Preview) -> None:
    """Draw the columns that are not stored, with reasons."""
    if not seen.unused:
        return
    label = f"{count(len(seen.unused), 'unused column')} with reasons"
    with st.expander(label, icon=":material/help:", expanded=len(seen.unused) <= 6):
        table = pd.DataFrame(
            {
                "Column": [each.column for each in seen.unused],
                "Reason": [each.reason for each in seen.unused],
            }
        )
        st.dataframe(table, hide_index=True, key="import_unused", alt="Unused columns with reasons")


def refusals(seen: Preview) -> None:
    """Draw the refused rows with reasons, and offer them as a file."""
    if not seen.refusals:
        return
    label = f"{count(seen.refused, 'refused row')} with reasons"
    with st.expander(label, icon=":material/block:", expanded=seen.good == 0):
        shown = seen.refusals[:SHOWN_REFUSALS]
        table = pd.DataFrame(
            {
                "Row": [each.row for each in shown],
                "Id": [each.id for each in shown],
                "Reason": [each.reason for each in shown],
            }
        )
        st.dataframe(table, hide_index=True, key="import_refused", alt="Refused rows with reasons")
        if len(shown) < seen.refused:
            st.caption(f"Showing the first {len(shown):,} of {seen.refused:,}; the file has all of them.")
        st.download_button(
            "Download refused rows (CSV)",
            datasets.refusals_csv(seen.refusals),
            "refused.csv",
            "text/csv",
            key="import_refusals_csv",
            icon=":material/download:",
            on_click="ignore",
        )
