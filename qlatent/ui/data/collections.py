"""Part of the page Data: the collections of a dataset, each opened on the map, changed and exported here."""

from __future__ import annotations

import streamlit as st

from qlatent.services.datasets.datasets import DatasetView
from qlatent.services.selections import collections as service
from qlatent.services.selections import links
from qlatent.services.selections.definitions import Kept
from qlatent.ui.selections import kept
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.removed import removed


def collections(dataset: DatasetView) -> None:
    """List the collections of a dataset; draws nothing if none was ever kept."""
    found = service.listed(page.workspace(), dataset.id)
    if found:
        with st.expander(
            f"Collections ({len(found):,})", icon=":material/bookmarks:", key="data_collections"
        ):
            for each in reversed(found):
                with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                    kept.said(each)
                    st.space("stretch")
                    _open(dataset, each.id)
                    more = st.popover(
                        "Change", key=f"data_kept_{each.id}", icon=":material/more_horiz:", on_change="rerun"
                    )
                if more.open:
                    with more:
                        kept.edit(f"data_kept_{each.id}", each)
    removed("collection", "collection")


def _open(dataset: DatasetView, collection: str) -> None:
    """A button that opens the map of the dataset with the collection selected."""
    if st.button(
        "Open on Explore", key=f"data_open_{collection}", icon=":material/scatter_plot:",
        disabled=not dataset.encoders, help=None if dataset.encoders else "Encode the items first.",
    ):  # fmt: skip
        link = links.to_link(Kept(collection=collection))
        url_state.go(
            "explore",
            dataset=dataset.id,
            explore_selection=link,
            explore_tab="selection",
            explore_selected="items",
        )
