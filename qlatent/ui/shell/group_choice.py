"""The column whose equal values are never divided between what is learned from and what judges."""

from __future__ import annotations

from typing import Any

import streamlit as st

from qlatent.services.datasets import browsing, grouping
from qlatent.ui.shell import page

FIELD = "group_by"
NOTHING = "nothing more"


def column(dataset: str, *, key: str) -> dict[str, Any]:
    """The setting of the chosen column; none where nothing was chosen."""
    workspace = page.workspace()
    columns = _columns(str(workspace.path), browsing.state_of(workspace), dataset)
    chosen = st.selectbox(
        "Keep together by", ["", *columns], key=f"{key}_{FIELD}_{dataset}", filter_mode="contains",
        format_func=lambda name: name or NOTHING,
        help="Items that share a picture, a text or an id before # are never on both sides of the split. Choose a "
        "column, such as a product code or a seller, to keep equal values of it together too.",
    )  # fmt: skip
    return {FIELD: chosen} if chosen else {}


@st.cache_data(show_spinner=False, max_entries=64)
def _columns(workspace: str, state: str, dataset: str) -> list[str]:
    return grouping.columns(page.workspace(), dataset)
