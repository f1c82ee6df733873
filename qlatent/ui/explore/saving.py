"""Part of the page Explore: the map as one file that opens in any browser, without a network."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.latent_map.point_map import PointMap, standalone_html
from qlatent.ui.latent_map.point_map.standalone import MOST_CARDS
from qlatent.ui.shell.formatting import count


def save(shown: Shown, spec: PointMap) -> None:
    """Offer the present map as an HTML file, which is built when it is asked for."""
    with_cards = spec.points <= MOST_CARDS
    with st.popover("Save", icon=":material/download:", key="explore_save"):
        cards = (
            "With the text and picture of every point."
            if with_cards
            else f"Without texts and pictures: a file holds those of at most {count(MOST_CARDS, 'point')}."
        )
        st.caption(f"One file with {count(spec.points, 'point')} and all frames; it opens offline. {cards}")
        title = f"Map of {shown.named.scene.source.dataset}"
        kept = replace(spec, title=title, cards=spec.cards if with_cards else None)
        st.download_button(
            "Save the map (HTML)", lambda: standalone_html(kept).encode(), "map.html", "text/html",
            key="explore_save_html", icon=":material/html:", on_click="ignore",
        )  # fmt: skip
        st.caption("To save a picture or a film of the view, use the download button above the map.")
