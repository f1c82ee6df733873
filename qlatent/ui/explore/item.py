"""Part of the page Explore: the open item, with its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from qlatent.services.datasets import browsing
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene
from qlatent.services.search import neighbours, queries
from qlatent.services.search.neighbours import Asked
from qlatent.ui.explore import addresses
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.explore.source import Looked
from qlatent.ui.items.card import SHOWN, item_card
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import cut, data_uri

K = 10


def item(looked: Looked, shown: Shown) -> None:
    """Draw the card of the open item: of a run before and after compression, of vectors with its neighbours."""
    scene, row = shown.named.scene, url_state.number(addresses.ROW)
    if looked.run:
        frame = scenes.recorded(page.workspace(), scene, shown.frame)
        item_card(looked.run, scene.shown, row, frame=frame)
        return
    with st.container(border=True, gap="small"):
        if row is None or scene.point_of(row) is None:
            st.markdown(":material/ads_click: **Pick an item**")
            st.caption(
                "Click a point on the map or a row of the table to see its image and text, and the items nearest to it."
            )
            return
        _card(scene, row)
        _neighbours(scene, row)


def _card(scene: Scene, row: int) -> None:
    (found,) = scenes.items(page.workspace(), scene.source, [row])
    images = browsing.thumbnails(page.workspace(), [found["image_hash"]]) if found["image_hash"] else {}
    place = scene.rows.tolist().index(row)
    with st.container(horizontal=True, gap="medium", wrap=False):
        for image in images.values():
            st.image(image, width=112, alt=cut(found["text"] or found["id"], limit=80))
        with st.container(gap="xsmall", width="stretch"):
            parts.foreign(found["text"] or found["id"], limit=320)
            parts.labels([found["label"], f"row {row}"])
    norms = {name: each[0, place] for name, each in scene.shown.norms.items()}
    with st.grid(len(norms), min_column_width=100, gap="xsmall"):
        for name, value in norms.items():
            st.metric(f"Norm, {SHOWN[name].lower()}", f"{value:.3f}")


def _neighbours(scene: Scene, row: int) -> None:
    """The nearest items by each modality that the item has a vector of."""
    names = [
        name for name in scene.shown.norms if scene.shown.norms[name][0, scene.rows == row].tolist() != []
    ]
    modality = names[0]
    if len(names) > 1:
        modality = url_state.switch(
            "explore_near", {name: SHOWN[name] for name in names}, label="Neighbours by"
        )
    hits = _found(scene, row, modality)
    near(hits, f"The {len(hits)} nearest items in the vectors, before any head. Choose one to open it.")


def near(hits: Sequence[tuple[dict[str, Any], float]], said: str) -> None:
    """List items with their row and cosine; choosing one opens it."""
    images = browsing.thumbnails(
        page.workspace(), [each["image_hash"] for each, _ in hits if each["image_hash"]]
    )
    listed = pd.DataFrame(
        {
            "": [data_uri(images.get(each["image_hash"] or "")) for each, _ in hits],
            "Cosine": [score for _, score in hits],
            "Item": [cut(each["text"] or each["id"], limit=80) for each, _ in hits],
        }
    )
    rows = [each["row"] for each, _ in hits]

    def chosen() -> None:
        cells = st.session_state["explore_near_list"].selection.cells
        if cells:
            addresses.forget(addresses.WITH_ROW)
            url_state.put(addresses.ROW, rows[cells[0][0]])

    st.caption(said)
    st.dataframe(
        listed if images else listed.drop(columns=""), hide_index=True, key="explore_near_list", on_select=chosen,
        selection_mode="single-cell", height=390, row_height=44 if images else None, alt="Nearest neighbours",
        column_config={
            "": st.column_config.ImageColumn(width=52),
            "Cosine": st.column_config.NumberColumn(format="%.3f", width=66),
        },
    )  # fmt: skip


def _found(scene: Scene, row: int, modality: str) -> list[tuple[dict[str, Any], float]]:
    workspace, source = page.workspace(), scene.source
    (own,) = scenes.items(workspace, source, [row])
    asked = Asked(encoder=source.encoder, modality=modality, k=K)
    hits = neighbours.neighbours(workspace, source.dataset, queries.items([own["id"]]), asked).hits
    found = scenes.items(workspace, source, [hit.row for hit in hits])
    return [({**each, "row": hit.row}, hit.score) for each, hit in zip(found, hits, strict=True)]
