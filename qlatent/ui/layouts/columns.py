"""What a stored layout gives each item to colour the map by: its cluster, its trust, and how far apart it lies."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.ui.latent_map.point_map import Classes, Ramp, classes, ramp
from qlatent.ui.layouts import addresses, kept
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page as shell

LABELS = {
    "layout:cluster": ("Cluster", "Dense regions of the map by HDBSCAN; grey points are in none."),
    "layout:trust": (
        "Neighbours true",
        "Share of a point's 10 nearest on the map that are among its 10 nearest vectors.",
    ),
    "layout:outlier": (
        "Outlier factor",
        "Local outlier factor of each vector: about 1 in the midst of others, larger for one apart.",
    ),
}
TOP = 20  # clusters with colours of their own


def columns(page: str, view: View) -> dict[str, NDArray[Any]]:
    """All of them by key, each (n,) for the n `view.rows`; empty for fixed axes."""
    if not view.layout:
        return {}
    return {key: column(page, view.layout, key, rows=view.rows) for key in LABELS}


def column(page: str, layout: str, key: str, *, rows: NDArray[np.int64]) -> NDArray[Any]:
    """One of them for these dataset rows (n,), which the layout must have: names of clusters, or numbers."""
    places = np.searchsorted(kept.stored(layout).rows, rows)
    if key == "layout:cluster":
        found = kept.clusters(layout, *(addresses.clusters(page) or (0, False)))
        names = np.array([*kept.cluster_names(found), ""])
        return names[found.clusters.numbers[places]]
    return (kept.trust if key == "layout:trust" else kept.outliers)(layout)[places]


def colours(page: str, layout: str, key: str, *, rows: NDArray[np.int64]) -> Ramp | Classes:
    """The colours of points by one of them."""
    return _colours(str(shell.workspace().path), layout, key, addresses.clusters(page), page, rows)


@st.cache_resource(max_entries=16, show_spinner=False)
def _colours(
    path: str, layout: str, key: str, asked: tuple[int, bool] | None, _page: str, _rows: NDArray[np.int64]
) -> Ramp | Classes:
    values = column(_page, layout, key, rows=_rows)
    label, text = LABELS[key]
    if key == "layout:cluster":
        return classes(values.tolist(), label=label, top=TOP, help=text)
    span = (0.0, 1.0) if key == "layout:trust" else None
    return ramp(values, label=label, span=span, name="cividis" if span else "plasma", help=text)
