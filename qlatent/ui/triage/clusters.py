"""Choosing a cluster of a stored layout as the group that is decided."""

from __future__ import annotations

import numpy as np
import streamlit as st
from pydantic import JsonValue

from qlatent.services.selections.definitions import Cluster
from qlatent.services.triage.queues import QueueView
from qlatent.ui.layouts import kept
from qlatent.ui.layouts.kept import Frame
from qlatent.ui.selections import state
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import count
from qlatent.ui.triage import addresses, group_map

KEY = "triage_group_cluster"
SETTINGS: dict[str, JsonValue] = {"smallest": 0, "fill": False}


def clusters(view: QueueView) -> None:
    """Draw the choice among the clusters of the map, or what leads to one."""
    stored = group_map.layouts_of(view)
    layout = url_state.get(addresses.MAP)
    if layout not in stored:
        _none(view, stored)
        return
    scene = group_map.shown(view)
    found = kept.clusters(Frame(layout, scene, scene.frames - 1), 0, False)
    if not found.clusters.count:
        st.caption("The map has no clusters.")
        return
    sizes = np.bincount(found.clusters.numbers[found.clusters.numbers >= 0]).tolist()
    st.selectbox(
        "Cluster of the map", range(found.clusters.count), index=None, key=KEY, placeholder="Choose one",
        format_func=lambda each: f"{found.names[each]} ({count(sizes[each], 'item')})", on_change=_take,
        args=(layout,),
    )  # fmt: skip


def _none(view: QueueView, stored: dict[str, str]) -> None:
    if stored:
        st.caption("For a cluster, choose a stored layout as the map.")
        return
    st.caption("For a cluster, the dataset needs a layout. Make one on the page Explore, in the tab Map.")
    if st.button("Make a layout", key="triage_group_layout", type="tertiary", icon=":material/scatter_plot:"):
        url_state.go("explore", dataset=view.dataset, run="", explore_tab="map")


def _take(layout: str) -> None:
    number = st.session_state[KEY]
    if number is not None:
        url_state.put(addresses.HOW, "cluster")
        state.select(
            addresses.PAGE,
            Cluster(layout=layout, number=number, settings=SETTINGS),
        )
