"""Part of the page Explore: map, figures, panel and table, in one fragment."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from qlatent.errors import QlatentError
from qlatent.services.runs.frames import Drawing, Outline
from qlatent.ui.explore import (
    addresses,
    beside,
    controls,
    joining,
    lesson,
    lines,
    moving_map,
    reading,
    saving,
    shown_scene,
    side,
    touring,
    unmet,
    views,
)
from qlatent.ui.explore.joining import Joined
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.explore.source import Looked
from qlatent.ui.explore.table import table
from qlatent.ui.latent_map.point_map import PointMap
from qlatent.ui.selections import state
from qlatent.ui.shell import page, parts, url_state


@page.fragment
def explorer(looked: Looked) -> None:
    """Draw the map of a run or of vectors with all that belongs to it."""
    outline = controls.outline(looked)
    if outline is None:
        st.info(
            "This run has no frame yet. The first one appears after its first step.",
            icon=":material/hourglass_top:",
        )
        return
    parts.beyond_builtin(looked.run.encoder if looked.run else looked.encoder, looked.dataset)
    chart, below, panel = _places()
    with chart:
        row = st.container(horizontal=True, vertical_alignment="bottom", gap="small")
        with row:
            found = _scene(looked, outline)
            if found is None:
                return
            named, joined = joining.read(found)
            colour = controls.colour(named)
        selected = state.rows(addresses.PAGE, named.scene.source.dataset)
        shown = Shown(named, colour, moving_map.frame(named.scene), selected)
        if not named.scene.items:
            st.info(
                "No item has finite numbers, so there is nothing to draw.", icon=":material/scatter_plot:"
            )
            return
        drawn = moving_map.spec(shown)
        if joined:
            drawn = joining.spec(joined, shown, drawn)
        with row:
            controls.palette(shown, drawn.colours)
        unmet.all_hidden(drawn)
        unmet.without_losses(shown)
        _map(looked, shown, joined, drawn)
    with below:
        share = st.container(
            horizontal=True, vertical_alignment="center", gap="small"
        )  # filled last: the address is known then
        if joined:
            joining.strip(joined)
        unmet.unmet(named, outline, drawn.colours)
        reading.strip(shown)
    with panel:
        side.side(looked, shown, joined)
    table(shown)
    with share:
        _share()
        if joined is None:
            beside.add(looked, shown)
        joining.control(named)
        views.views()
        saving.save(shown, drawn)
        lesson.use(looked, shown)
        lines.switch(named.scene)


def _places() -> tuple[DeltaGenerator, DeltaGenerator, DeltaGenerator]:
    """Where the map, what belongs to it, and the panel stand; several maps take the whole width.

    On a phone the map comes first.
    """
    several = bool(beside.entries()) and not url_state.get(addresses.WITH)
    chart = st.container() if several else None
    below, panel = st.columns([1.6, 1], gap="medium")
    return chart or below, below, panel


def _fixed(label: str) -> None:
    st.button(
        label, key="explore_fixed", icon=":material/undo:", on_click=addresses.forget, args=addresses.OF_A_MAP
    )


def _map(looked: Looked, shown: Shown, joined: Joined | None, drawn: PointMap) -> None:
    """Draw the map, with another dataset on it or with others beside it."""
    if joined is None:
        moving_map.moving_map(shown, drawn, beside.maps(looked, shown, drawn))
    else:
        moving_map.moving_map(shown, drawn, done=partial(joining.happened, joined, drawn.colours))


def _scene(looked: Looked, outline: Outline) -> Named | None:
    """The stored layout that the URL names, else the map in the axes that are chosen.

    None for a layout that does not exist or is of something else: then nothing else is opened in its place.
    """
    layout = url_state.get(addresses.LAYOUT)
    if layout:
        try:
            named = shown_scene.read(looked, Drawing(), layout=layout)
            if shown_scene.belongs(named.scene, looked):
                _fixed("Back to the fixed axes")
                return named
            st.warning("The layout in this link belongs to other vectors than those shown.")
        except QlatentError as err:
            parts.error_card(err)
        _fixed("Show the fixed axes")
        return None
    named = shown_scene.read(looked, controls.drawing(outline, toured=touring.asked() is not None))
    touring.control(named)
    return touring.toured(named)


def _share() -> None:
    with st.popover("Share", icon=":material/link:", key="explore_share"):
        st.caption("This address opens the same view: map, colours, camera, frame, selection and open item.")
        st.code(addresses.shared(), language=None, wrap_lines=True)
