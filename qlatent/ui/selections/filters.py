"""Select items by the values of a column, with how many there are of each."""

from __future__ import annotations

import streamlit as st

from qlatent.ui.selections import changes, tables
from qlatent.ui.selections.conditions import condition
from qlatent.ui.selections.view import View


def filters(page: str, view: View) -> None:
    """Draw the choice of a column and of values, a range or words; buttons then change the selection."""
    columns = tables.columns(view.dataset)
    name = st.selectbox("Filter by", list(columns), key=f"{page}_selected_by")
    wanted = condition(f"{page}_selected_by_{name}", columns[name], None)
    if wanted is not None:
        changes.buttons(page, wanted, name="filter")
