"""What is read from a stored layout, kept while the server runs: a layout never changes."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.layouts import layouts
from qlatent.services.layouts import reading as service
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.layouts.reading import NamedClusters
from qlatent.ui.shell import page as shell


def stored(layout: str) -> StoredLayout:
    """A stored layout."""
    return _stored(str(shell.workspace().path), layout)


def clusters(layout: str, smallest: int, fill: bool) -> NamedClusters:
    """The clusters of a layout with their names."""
    return _clusters(str(shell.workspace().path), layout, smallest, fill)


def cluster_names(found: NamedClusters) -> list[str]:
    """The names of clusters, each with its number, since two may be described by the same words."""
    return [
        f"{number} · {', '.join(words)}" if words else f"Cluster {number}"
        for number, words in enumerate(found.words, start=1)
    ]


def trust(layout: str) -> NDArray[np.float64]:
    """The share of each item's 10 nearest on the map that are so among the vectors: (n,)."""
    return _trust(str(shell.workspace().path), layout)


def outliers(layout: str) -> NDArray[np.float64]:
    """The local outlier factor of each item's vector: (n,)."""
    return _outliers(str(shell.workspace().path), layout)


@st.cache_resource(max_entries=4, show_spinner=False)
def _stored(path: str, layout: str) -> StoredLayout:
    return layouts.read(shell.workspace(), layout)


@st.cache_resource(max_entries=8, show_spinner="Finding clusters…")
def _clusters(path: str, layout: str, smallest: int, fill: bool) -> NamedClusters:
    return service.named_clusters(shell.workspace(), stored(layout), smallest=smallest, fill=fill)


@st.cache_resource(max_entries=8, show_spinner="Comparing neighbours…")
def _trust(path: str, layout: str) -> NDArray[np.float64]:
    return service.trust_of(shell.workspace(), stored(layout))


@st.cache_resource(max_entries=8, show_spinner="Finding what lies apart…")
def _outliers(path: str, layout: str) -> NDArray[np.float64]:
    return service.outliers_of(shell.workspace(), stored(layout))
