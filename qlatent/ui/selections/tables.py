"""What the panels need to know of all items of a dataset, read once for each state: counts, not the items."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.datasets import browsing
from qlatent.services.search import counts
from qlatent.services.search.counts import ColumnCounts
from qlatent.services.selections import columns as item_columns
from qlatent.services.selections import describing
from qlatent.services.selections.describing import Description
from qlatent.ui.selections import state
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state

FREE = ("text", "id")  # columns that are searched by words


def columns(dataset: str) -> dict[str, ColumnCounts]:
    """The columns of a dataset that items can be filtered by, with their values; text and id come last."""
    workspace = shell.workspace()
    return _columns(str(workspace.path), dataset, browsing.version(workspace, dataset))


def filled(dataset: str, name: str) -> NDArray[np.bool_]:
    """Mask (n,) of the items with a text, an image (`image_hash`) and so on; not to be changed."""
    workspace = shell.workspace()
    return _filled(str(workspace.path), dataset, name, browsing.version(workspace, dataset))


def described(page: str, dataset: str, rows: NDArray[np.int64]) -> Description:
    """What sets the selected rows (m,) of a page apart from the rest of the dataset."""
    workspace = shell.workspace()
    link = url_state.get(state.link_name(page))
    return _described(str(workspace.path), dataset, link, browsing.state_of(workspace), rows)


@st.cache_resource(max_entries=8, show_spinner="Counting values…")
def _columns(path: str, dataset: str, version: int) -> dict[str, ColumnCounts]:
    found = {each.name: each for each in counts.counts(shell.workspace(), dataset)}
    for name in FREE:
        known = int(filled(dataset, name).sum())
        if known:
            found[name] = ColumnCounts(name, "text", known, len(filled(dataset, name)) - known, known)
    return found


@st.cache_resource(max_entries=16, show_spinner=False)
def _filled(path: str, dataset: str, name: str, version: int) -> NDArray[np.bool_]:
    return item_columns.filled(shell.workspace(), dataset, name)


@st.cache_resource(max_entries=8, show_spinner="Comparing the selection with the rest…")
def _described(path: str, dataset: str, link: str, present: str, _rows: NDArray[np.int64]) -> Description:
    return describing.described(shell.workspace(), dataset, _rows)
