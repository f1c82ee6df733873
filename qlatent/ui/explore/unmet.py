"""Part of the page Explore: what a link asks for that this map does not have."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from qlatent.services.runs.frames import Outline
from qlatent.services.scenes import losses
from qlatent.ui.explore import addresses, class_colours, colour_range, shown_scene
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.latent_map.point_map import Classes, PointMap, Ramp
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import literal

SUBSTITUTES = ("lost", "pair")  # measured from vectors and latents, for any loss


def unmet(named: Named, outline: Outline, colours: Ramp | Classes | None) -> None:
    """Say which choices in the URL were left out; the map shows the others."""
    if found := [*_asked(named, outline), *_of_colours(named, colours)]:
        st.caption(f":material/link_off: Left out: {' and '.join(found)}, which this map does not have.")


def _asked(named: Named, outline: Outline) -> Iterator[str]:
    linked, scene = st.query_params, named.scene
    frame, row = linked.get(addresses.FRAME, ""), linked.get(addresses.ROW, "")
    if frame and url_state.number(addresses.FRAME, -1) not in range(scene.frames):
        yield f"the frame {literal(frame)}"
    if row and scene.point_of(url_state.number(addresses.ROW)) is None:
        yield f"the row {literal(row)}"
    colour, view = linked.get(addresses.COLOUR, ""), linked.get(addresses.VIEW, "")
    if colour and colour not in named.colours:
        yield f"the colour {literal(colour)}"
    if view and not scene.source.layout and view not in outline.views:
        yield f"the view {literal(view)}"


def _of_colours(named: Named, colours: Ramp | Classes | None) -> Iterator[str]:
    if not colour_range.fits(named, colours):
        yield f"the colour range {literal(st.query_params.get(addresses.RANGE, ''))}"
    if not class_colours.fits(colours):
        yield "own colours of classes"


def all_hidden(drawn: PointMap) -> None:
    """Where every class is switched off, say that this is why the map is empty, and offer to show all."""
    colours = drawn.colours
    if not isinstance(colours, Classes) or len(drawn.hidden or ()) < len(colours.names):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(":material/visibility_off: All classes are switched off, so no point is drawn.")
        st.button(
            "Show all classes", key="explore_show_all", icon=":material/visibility:",
            on_click=addresses.forget, args=(addresses.HIDDEN,),
        )  # fmt: skip


def without_losses(shown: Shown) -> None:
    """Where a run has no losses of items to colour by, say why, and offer what is measured instead."""
    run = shown.named.scene.source.run
    if shown.colour != shown_scene.LOSS or losses.recorded(page.workspace(), run):
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(f":material/info: {losses.why_no_shares(page.workspace(), run)}")
        for by in SUBSTITUTES:
            if by in shown.named.colours:
                st.button(
                    shown_scene.title(by), key=f"explore_instead_{by}", help=shown_scene.LABELS[by][1],
                    on_click=url_state.put, args=(addresses.COLOUR, by),
                )  # fmt: skip
