"""What the workspace holds, as pages ask for it again and again: read once for each state of the workspace."""

from __future__ import annotations

import streamlit as st

from qlatent.services.datasets import browsing, datasets
from qlatent.services.datasets.datasets import DatasetView
from qlatent.ui.shell import page

SECONDS = 30
"""How late a page may notice vectors that the command line made; the app's own are seen at once."""


@st.cache_resource(ttl=SECONDS, max_entries=4, show_spinner=False)
def _all(workspace: str, state: str) -> dict[str, DatasetView]:
    return {each.id: each for each in datasets.list_datasets(page.workspace())}


def all_datasets() -> dict[str, DatasetView]:
    """Every dataset by id, oldest first."""
    workspace = page.workspace()
    return _all(str(workspace.path), browsing.state_of(workspace))


def changed() -> None:
    """Forget what was read: something was stored, encoded or removed."""
    _all.clear()
