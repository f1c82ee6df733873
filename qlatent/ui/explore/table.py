"""Part of the page Explore: the items of the map as a table; it lists the selection where there is one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.explore import addresses
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, cut

ON_A_PAGE = 50
TEXT = 200


def table(shown: Shown) -> None:
    """Draw a page of the table; selecting a row opens its item."""
    scene = shown.named.scene
    places = _places(scene, shown.selected)
    which = "selected items" if shown.selected is not None else "items"
    with st.expander(
        f"Table of the {len(places):,} {which} on the map" if len(places) != 1 else "Table of the one item",
        icon=":material/table_rows:", key="explore_table", on_change="rerun",
    ) as drawer:  # fmt: skip
        if not drawer.open:
            return
        if not len(places):
            st.caption("None of the selected items is on this map.")
            return
        _page(scene, places, shown.frame)


def _places(scene: Scene, selected: NDArray[np.int64] | None) -> NDArray[np.intp]:
    """Which of the scene's items are listed."""
    return np.arange(scene.items) if selected is None else np.flatnonzero(np.isin(scene.rows, selected))


def _page(scene: Scene, places: NDArray[np.intp], frame: int) -> None:
    pages = -(-len(places) // ON_A_PAGE)
    number = 1
    if pages > 1:
        number = st.pagination(pages, key=f"explore_table_page_{pages}")
    some = places[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
    rows = scene.rows[some]
    opened = url_state.number(addresses.ROW, -1)
    marked = np.flatnonzero(rows == opened)
    widget = url_state.table_key("explore_rows", (number, int(rows[marked[0]]) if len(marked) else None))

    def chosen() -> None:
        found = st.session_state[widget].selection.rows
        row = int(rows[found[0]]) if found else None
        url_state.put(addresses.ROW, row)
        url_state.put(addresses.TAB, "item")
        url_state.table_says("explore_rows", (number, row))

    listed = item_rows(scene, some, frame)
    st.dataframe(
        listed, hide_index=True, key=widget, on_select=chosen, selection_mode="single-row",
        selection_default={"selection": {"rows": [int(place) for place in marked]}}, height=320,
        column_config={"Text": st.column_config.TextColumn(width="large")}, alt="Items of the map",
    )  # fmt: skip
    st.download_button(
        f"Download {count(len(places), 'row')} (CSV)", lambda: csv_of(item_rows(scene, places, frame)).encode(),
        f"{scene.source.dataset}.csv", "text/csv", key="explore_rows_csv", icon=":material/download:",
        on_click="ignore",
    )  # fmt: skip


def item_rows(scene: Scene, some: NDArray[np.intp], frame: int) -> pd.DataFrame:
    """Id, text, label, part and norms of some of the items at a frame."""
    found = scenes.items(page.workspace(), scene.source, scene.rows[some].tolist())
    columns: dict[str, Any] = {"Row": scene.rows[some], "Id": [each["id"] for each in found]}
    if any(each["text"] for each in found):
        columns["Text"] = [cut(each["text"] or "", limit=TEXT) for each in found]
    if any(each["label"] for each in found):
        columns["Label"] = [each["label"] or "" for each in found]
    if scene.shown.heldout.any():
        columns["Part"] = np.where(np.asarray(scene.shown.heldout, dtype=bool)[some], "held out", "training")
    norms = {f"Norm, {name}": each[frame, some].round(4) for name, each in scene.shown.norms.items()}
    return pd.DataFrame(columns | norms)
