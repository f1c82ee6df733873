"""Part of the panel of layouts: what is read on a map, clusters, items that lie apart, and where it is not true."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.datasets import browsing
from qlatent.services.scenes import scenes
from qlatent.ui.layouts import addresses, columns, kept
from qlatent.ui.layouts.cluster_list import cluster_list
from qlatent.ui.layouts.kept import Frame
from qlatent.ui.layouts.norms import norm_against
from qlatent.ui.selections.view import View
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import cut, data_uri

READINGS = {"clusters": "Clusters", "outliers": "Outliers", "trust": "Misplaced", "norm": "Norm"}
LISTED = 30
AT_ONCE = 5_000  # points that are compared without being asked to
MODALITIES = {"image": "Image", "text": "Text", "vector": "Vector"}
APART = (
    "Local outlier factor among the {}, not on the map: about 1 for an item with others like it, larger for one "
    "that lies apart. Pick one to open it."
)
TRUST = (
    "The share of each item's 10 nearest on the map that are among its 10 nearest {}: where it is low, the map puts an "
    "item beside others that are unlike it. Pick one to open it."
)
HELP = {"outliers": APART, "trust": TRUST}


def read(page: str, view: View, shown: Frame) -> None:
    """Draw what is asked for; what takes long is not computed before."""
    if shown.scene.items < columns.FEWEST:
        st.caption("Fewer than three items: there are no clusters and no outliers to read on this map.")
        return
    reading = url_state.switch(f"{page}_{addresses.READING}", READINGS, label="Read the map")
    if reading == "clusters":
        _clusters(page, shown)
    elif reading == "norm":
        norm_against(page, shown)
    elif _asked(page, reading, shown):
        _listed(page, reading, shown)


def _asked(page: str, reading: str, shown: Frame) -> bool:
    """Whether a reading may be computed: of few points at once, of many when a button is pressed."""
    asked, key = (shown.name, shown.frame), f"{page}_read_{reading}"
    if shown.scene.points <= AT_ONCE or st.session_state.get(key) == asked:
        return True
    st.button(
        "Compute", key=f"{page}_compute_{reading}", icon=":material/calculate:",
        help=_help(reading, shown),
        on_click=lambda: st.session_state.update({key: asked}),
    )  # fmt: skip
    return False


def _listed(page: str, reading: str, shown: Frame) -> None:
    if reading == "outliers":
        st.caption(_help(reading, shown))
        values = kept.outliers(shown)
        _items(page, shown, np.argsort(-values, kind="stable"), ("Outlier factor", values))
        return
    values = kept.trust(shown)
    known = values[np.isfinite(values)]
    average = f"{known.mean():.0%} on average. " if len(known) else ""
    st.caption(f"{average}{_help(reading, shown)}")
    _items(page, shown, np.argsort(values, kind="stable"), ("Neighbours true", values))


def _help(reading: str, shown: Frame) -> str:
    source = shown.scene.source
    latents = source.run and (reading == "outliers" or source.layout)
    return HELP[reading].format("latents" if latents else "vectors")


def _clusters(page: str, shown: Frame) -> None:
    asked = addresses.clusters(page)
    smallest, fill = asked or (0, False)
    size_key, fill_key = f"{page}_clusters_size", f"{page}_clusters_fill"

    def find() -> None:
        state = st.session_state
        addresses.ask_clusters(page, smallest=int(state[size_key]), fill=bool(state[fill_key]))
        url_state.put(f"{page}_{addresses.COLOUR}", "layout:cluster")

    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            "Smallest cluster", 0, 100_000, smallest, key=size_key, width=120,
            help="The smallest number of items in a cluster. 0 means one in 200 of the map's items, but at least 5.",
        )  # fmt: skip
        st.toggle(
            "Assign every item", fill, key=fill_key, help="Items in no cluster join the nearest cluster."
        )
        st.button(
            "Find clusters", key=f"{page}_clusters_find", icon=":material/bubble_chart:", on_click=find,
            help="Dense regions of the map, by HDBSCAN. They are regions of the map, not of the vectors.",
        )  # fmt: skip
    if asked:
        cluster_list(page, shown, asked)


def _items(
    page: str, shown: Frame, order: NDArray[np.int64], figure: tuple[str, NDArray[np.float64]]
) -> None:
    """The first points of an order, with their figure; a click opens the item."""
    label, values = figure
    first = [point for point in order[:LISTED].tolist() if np.isfinite(values[point])]
    scene, workspace = shown.scene, shell.workspace()
    rows = [scene.row_of(point) for point in first]
    items = scenes.items(workspace, scene.source, rows)
    images = browsing.thumbnails(workspace, [each["image_hash"] for each in items if each["image_hash"]])
    table = pd.DataFrame(
        {
            "": [data_uri(images.get(each["image_hash"] or "")) for each in items],
            label: values[first],
            "Of": [MODALITIES.get(scene.modality_of(point), "") for point in first],
            "Item": [cut(each["text"] or each["id"], limit=80) for each in items],
            "Label": [each["label"] or "" for each in items],
        }
    )
    there = {"": bool(images), "Of": len(scene.modalities) > 1, "Label": table["Label"].astype(bool).any()}
    key = f"{page}_read_items_{label}"

    def chosen() -> None:
        cells = st.session_state[key].selection.cells
        if cells:
            url_state.put(f"{page}_tab", "item")
            url_state.put("row", rows[cells[0][0]])

    column = st.column_config
    st.dataframe(
        table.drop(columns=[name for name, has in there.items() if not has]), hide_index=True, key=key,
        on_select=chosen, height=330, selection_mode="single-cell", row_height=44 if images else None,
        alt=f"Items by {label.lower()}",
        column_config={"": column.ImageColumn(width=52), label: column.NumberColumn(format="%.2f", width=110)},
    )  # fmt: skip
