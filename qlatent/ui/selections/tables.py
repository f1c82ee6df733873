"""The items of a dataset and the description of a selection, read once for each state."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.datasets import browsing
from qlatent.services.selections import describing
from qlatent.services.selections.describing import Description
from qlatent.ui.selections import state
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state


def items(dataset: str) -> pd.DataFrame:
    """The items of a dataset as they are at present, metadata as typed columns; not to be changed."""
    workspace = shell.workspace()
    return _items(str(workspace.path), dataset, browsing.version(workspace, dataset))


def described(page: str, dataset: str, rows: NDArray[np.int64]) -> Description:
    """What sets the selected rows (m,) of a page apart from the rest of the dataset."""
    workspace = shell.workspace()
    link = url_state.get(state.link_name(page))
    return _described(str(workspace.path), dataset, link, browsing.state_of(workspace), rows)


@st.cache_resource(max_entries=2, show_spinner=False)
def _items(path: str, dataset: str, version: int) -> pd.DataFrame:
    return browsing.items(shell.workspace(), dataset)


@st.cache_resource(max_entries=8, show_spinner="Comparing the selection with the rest…")
def _described(path: str, dataset: str, link: str, present: str, _rows: NDArray[np.int64]) -> Description:
    return describing.of_table(items(dataset), _rows)
