"""The choice of a colour beside a map of a step."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from qlatent.ui.learn.links import Stand

NAMES = {"norm": "Norm", "label": "Label", "moved": "How far it moved"}


def switch(stand: Stand, offered: Sequence[str]) -> str:
    """The colour as it stands, changed by a switch where there is more than one; the first if the map lacks it."""
    colour = stand.figure.colour
    if colour not in offered:
        return offered[0]
    if len(offered) > 1:
        st.session_state["learn_colour"] = colour

        def changed() -> None:
            stand.change(colour=st.session_state["learn_colour"])

        st.segmented_control(
            "Colour", list(offered), key="learn_colour", on_change=changed, required=True,
            format_func=NAMES.__getitem__, label_visibility="collapsed",
        )  # fmt: skip
    return str(colour)
