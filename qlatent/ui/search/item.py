"""One item of the page Data, opened from a search or from the gallery; the URL names its row."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from qlatent.services.datasets import browsing
from qlatent.ui.search import question
from qlatent.ui.shell import page as shell
from qlatent.ui.shell import parts, url_state
from qlatent.ui.shell.formatting import cut

NAME = "data_row"


def opened(dataset: str, encoder: str) -> None:
    """Show the item that the URL names, if it names one."""
    row = url_state.number(NAME)
    if row is not None:
        _dialog(dataset, encoder, row)


@st.dialog("Item", width="medium", icon=":material/image:", on_dismiss=lambda: url_state.put(NAME, None))
def _dialog(dataset: str, encoder: str, row: int) -> None:
    with shell.guarded():
        item = browsing.one(shell.workspace(), dataset, row)
        _content(item)
        with st.container(horizontal=True, gap="small"):
            if encoder and st.button("More like this", key="data_item_like", icon=":material/join_inner:"):
                url_state.put(NAME, None)
                question.like("data", dataset, item["id"])
                url_state.put("section", "search")
                st.rerun()
            if encoder and st.button("Show on the map", key="data_item_map", icon=":material/scatter_plot:"):
                url_state.put(NAME, None)
                url_state.go(
                    "explore",
                    dataset=dataset,
                    run="",
                    explore_encoder=encoder,
                    row=str(row),
                    explore_tab="item",
                )


def _content(item: dict[str, Any]) -> None:
    images = browsing.thumbnails(shell.workspace(), [item["image_hash"]]) if item["image_hash"] else {}
    for image in images.values():
        st.image(image, width=280, alt=cut(item["text"] or item["id"], limit=80))
    if item["text"]:
        parts.foreign(item["text"], limit=2000)
    parts.labels([item["label"], item["split"], "duplicate" if item["duplicate_of"] else None])
    known = {"id": item["id"], **item["metadata"]}
    table = pd.DataFrame(
        {"Column": list(known), "Value": [cut(str(each), limit=500) for each in known.values()]}
    )
    st.dataframe(table, hide_index=True, height="content", key="data_item_columns", alt="Columns of the item")
