"""Part of the panel of layouts: clusters, items that lie apart, and items whose neighbours on the map are not true."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.datasets import browsing
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Source
from qlatent.ui.layouts import addresses, kept
from qlatent.ui.layouts.cluster_list import cluster_list
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import cut, data_uri

READINGS = {"clusters": "Clusters", "outliers": "Outliers", "trust": "Least true"}
LISTED = 30
APART = (
    "Local outlier factor of each item's vector: about 1 in the midst of others, larger for one that lies apart. It is "
    "taken among the vectors, not on the map. Pick one to open it."
)
TRUST = (
    "The share of each item's 10 nearest on the map that are among its 10 nearest vectors: where it is low, the map "
    "puts an item beside others that it is unlike. Pick one to open it."
)


def read(page: str, view: View) -> None:
    """Draw what is asked for; nothing is computed before."""
    reading = url_state.switch(f"{page}_{addresses.READING}", READINGS, label="Read the map")
    if reading == "clusters":
        _clusters(page, view)
    elif st.session_state.get(f"{page}_read_{reading}") != view.layout:
        st.button(
            "Compute", key=f"{page}_compute_{reading}", icon=":material/calculate:",
            help=APART if reading == "outliers" else TRUST,
            on_click=lambda: st.session_state.update({f"{page}_read_{reading}": view.layout}),
        )  # fmt: skip
    elif reading == "outliers":
        st.caption(APART)
        values = kept.outliers(view.layout)
        _items(page, view, np.argsort(-values, kind="stable"), ("Outlier factor", values))
    else:
        values = kept.trust(view.layout)
        st.caption(f"{np.nanmean(values):.0%} on average. {TRUST}")
        _items(page, view, np.argsort(values, kind="stable"), ("Neighbours true", values))


def _clusters(page: str, view: View) -> None:
    asked = addresses.clusters(page)
    smallest, fill = asked or (0, False)
    size_key, fill_key = f"{page}_clusters_size", f"{page}_clusters_fill"

    def find() -> None:
        state = st.session_state
        addresses.ask_clusters(page, smallest=int(state[size_key]), fill=bool(state[fill_key]))

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Least size", 0, 100_000, smallest, key=size_key, width=120,
            help="A cluster has at least so many items; 0 is one in 200 of the map, and at least 5.",
        )  # fmt: skip
        st.toggle("Leave none out", fill, key=fill_key, help="Items in no cluster join the nearest one.")
        st.button(
            "Find clusters", key=f"{page}_clusters_find", icon=":material/bubble_chart:", on_click=find,
            help="Dense regions of the map, by HDBSCAN. They are regions of the map, not of the vectors.",
        )  # fmt: skip
    if asked:
        cluster_list(page, view, asked)


def _items(page: str, view: View, order: NDArray[np.int64], figure: tuple[str, NDArray[np.float64]]) -> None:
    """The first items of an order of the layout's items, with their figure; a click opens one."""
    label, values = figure
    first = order[:LISTED]
    rows = kept.stored(view.layout).rows[first].tolist()
    workspace = shell.workspace()
    items = scenes.items(workspace, Source(dataset=view.dataset), rows)
    images = browsing.thumbnails(workspace, [each["image_hash"] for each in items if each["image_hash"]])
    table = pd.DataFrame(
        {
            "": [data_uri(images.get(each["image_hash"] or "")) for each in items],
            label: values[first],
            "Item": [cut(each["text"] or each["id"], limit=80) for each in items],
            "Label": [each["label"] or "" for each in items],
        }
    )
    key = f"{page}_read_items_{label}"

    def chosen() -> None:
        cells = st.session_state[key].selection.cells
        if cells:
            url_state.put(f"{page}_tab", "item")
            url_state.put("row", rows[cells[0][0]])

    column = st.column_config
    st.dataframe(
        table if images else table.drop(columns=""), hide_index=True, key=key, on_select=chosen, height=330,
        selection_mode="single-cell", row_height=44 if images else None, alt=f"Items by {label.lower()}",
        column_config={"": column.ImageColumn(width=52), label: column.NumberColumn(format="%.2f", width=110)},
    )  # fmt: skip
