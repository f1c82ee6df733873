"""Caches the list of datasets for pages: it is read once per state of the workspace."""

from __future__ import annotations

import streamlit as st

from qlatent.services.datasets import browsing, datasets
from qlatent.services.datasets.datasets import DatasetView
from qlatent.ui.shell import page

SECONDS = 30
"""Delay after which a page shows vectors computed by the command line; the app's own show at once."""


@st.cache_resource(ttl=SECONDS, max_entries=4, show_spinner=False)
def _all(workspace: str, state: str) -> dict[str, DatasetView]:
    return {each.id: each for each in datasets.list_datasets(page.workspace())}


def all_datasets() -> dict[str, DatasetView]:
    """All datasets by id, oldest first."""
    workspace = page.workspace()
    return _all(str(workspace.path), browsing.state_of(workspace))


def changed() -> None:
    """Clear the cache after something was stored, encoded or removed."""
    _all.clear()
