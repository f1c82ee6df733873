"""Draws the choice of a column whose equal values stay on one side of the train/held-out split."""

from __future__ import annotations

from typing import Any

import streamlit as st

from qlatent.services.datasets import browsing, grouping
from qlatent.ui.shell import page

FIELD = "group_by"
NOTHING = "no column"


def column(dataset: str, *, key: str) -> dict[str, Any]:
    """The setting `group_by` for the chosen column; empty if none is chosen."""
    workspace = page.workspace()
    columns = _columns(str(workspace.path), browsing.state_of(workspace), dataset)
    chosen = st.selectbox(
        "Keep together in the split", ["", *columns], key=f"{key}_{FIELD}_{dataset}", filter_mode="contains",
        format_func=lambda name: name or NOTHING,
        help="Items that share an image, a text or the part of their id before # always land on the same side of the "
        "split. Choose a column, such as a product code or a seller, to keep its equal values together too.",
    )  # fmt: skip
    return {FIELD: chosen} if chosen else {}


@st.cache_data(show_spinner=False, max_entries=64)
def _columns(workspace: str, state: str, dataset: str) -> list[str]:
    return grouping.columns(page.workspace(), dataset)
