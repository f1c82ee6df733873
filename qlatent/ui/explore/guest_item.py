"""Part of the page Explore: the open item of the other dataset, with the items of the first that are nearest to it."""

from __future__ import annotations

import numpy as np
import streamlit as st

from qlatent.services.datasets import browsing
from qlatent.services.scenes import guests, scenes
from qlatent.ui.explore import addresses
from qlatent.ui.explore.item import near
from qlatent.ui.explore.joining import Joined
from qlatent.ui.items.card import SHOWN
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import cut, literal


def opened(joined: Joined | None) -> bool:
    """Whether an item of the other dataset is open on this map."""
    return joined is not None and joined.found.point_of(url_state.number(addresses.WITH_ROW)) is not None


def guest_item(joined: Joined) -> None:
    """Draw the card of the open guest."""
    row = int(url_state.get(addresses.WITH_ROW))
    found, workspace = joined.found, page.workspace()
    (item,) = scenes.items(workspace, found.source, [row])
    images = browsing.thumbnails(workspace, [item["image_hash"]]) if item["image_hash"] else {}
    with st.container(border=True, gap="small"):
        st.caption(f"Of {literal(joined.name, limit=60)}")
        with st.container(horizontal=True, gap="medium", wrap=False):
            for image in images.values():
                st.image(image, width=112, alt=cut(item["text"] or item["id"], limit=80))
            with st.container(gap="xsmall", width="stretch"):
                parts.foreign(item["text"] or item["id"], limit=320)
                parts.labels([item["label"], f"row {row}"])
        _near(joined, row)
        st.button(
            "Close",
            key="explore_with_close",
            icon=":material/close:",
            on_click=addresses.forget,
            args=(addresses.WITH_ROW,),
        )


def _near(joined: Joined, row: int) -> None:
    found = joined.found
    at = int(np.flatnonzero(found.rows == row)[0])
    have = {name: SHOWN[name] for name, norms in found.norms.items() if np.isfinite(norms[at])}
    modality = next(iter(have))
    if len(have) > 1:
        modality = url_state.switch("explore_near", have, label="Neighbours by")
    hits = guests.nearest(page.workspace(), found, row, modality=modality)
    items = scenes.items(page.workspace(), found.scene.source, [each for each, _ in hits])
    listed = [({**item, "row": each}, score) for item, (each, score) in zip(items, hits, strict=True)]
    first = literal(joined.own, limit=60)
    near(listed, f"The {len(hits)} items of {first} nearest to it in the vectors. Choose one to open it.")
