"""Part of the page Explore: the choices above the map; each stands in the URL."""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import streamlit as st

from qlatent.services.runs import frames
from qlatent.services.runs.frames import Drawing, Outline
from qlatent.services.scenes import scenes
from qlatent.ui.explore import addresses, class_colours, colour_range, shown_scene
from qlatent.ui.explore.moving_map import Shown
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.explore.source import Looked
from qlatent.ui.latent_map import maps
from qlatent.ui.latent_map.point_map import Classes, Ramp
from qlatent.ui.shell import page, url_state

SHAPES = {"2": "Plane", "3": "Space"}
BASES = {"pooled": "All frames", "last": "Last frame"}
NORMS = {"": "Not drawn", "radius": "As radius", "axis": "As an axis"}
NORM = (
    "As radius: a point lies as far from the middle as its norm ‖z‖, in the direction it has on the map. "
    "As an axis: the last axis of the map is the norm."
)
GAP = (
    "Images and texts often lie far apart, and the gap between them then hides everything else. Means together: each "
    "modality is drawn around its own mean, both in the same axes."
)
AXES = "The map shows principal axes, computed from all frames together or from the last frame."
TURNED = "In space, drag turns the points; with the right button or Shift it moves them."


def outline(looked: Looked) -> Outline | None:
    """What maps there can be; None for a run without frames."""
    workspace = page.workspace()
    if looked.run:
        return frames.outline(workspace, looked.run.id)
    return _of_vectors(str(workspace.path), looked.dataset, looked.encoder, looked.state)


@st.cache_resource(max_entries=16, show_spinner=False)
def _of_vectors(path: str, dataset: str, encoder: str, state: str) -> Outline:
    return scenes.outline_of_vectors(page.workspace(), dataset, encoder)


def drawing(found: Outline, *, toured: bool = False) -> Drawing:
    """Draw the choices of what is on the map and in which axes, and return them; a tour has axes of its own."""
    view = found.default
    if len(found.views) > 1:
        names = {each: maps.SHOWN[each] for each in found.views}
        view = url_state.switch(addresses.VIEW, names, default=found.default, label="On the map", help=GAP)
    if toured:
        return Drawing(view)
    with st.popover(
        "Axes",
        icon=":material/3d_rotation:",
        key="explore_axes",
        help="Two or three dimensions, and what the axes are computed from",
    ):
        shape = _shape(found)
        basis = cast(Any, url_state.switch(addresses.BASIS, BASES, label="Axes from", help=AXES))
        norm = cast(Any, url_state.switch(addresses.NORM, NORMS, label="Norm", help=NORM))
    return Drawing(view, basis, int(shape), norm)


def _shape(found: Outline) -> str:
    """Map dimensions, "2" or "3", as far as there are; latents of three numbers start in space."""
    if found.size <= maps.PLANE:
        return "2"
    order = reversed(SHAPES) if found.size == maps.SPACE else iter(SHAPES)
    return url_state.switch(addresses.SHAPE, {key: SHAPES[key] for key in order}, label="Map", help=TURNED)


def colour(shown: Named) -> str:
    """Draw the choice of the colour and return it; another colour has its own range and classes."""
    asked = url_state.get(addresses.COLOUR)
    chosen = asked if asked in shown.colours else shown.colour
    st.session_state["explore_colours"] = chosen

    def changed() -> None:
        url_state.put(addresses.COLOUR, st.session_state["explore_colours"])
        addresses.forget(addresses.RANGE, addresses.CLASSES)

    st.selectbox(
        "Colour by", shown.colours, format_func=partial(shown_scene.title, flags=shown.flags),
        key="explore_colours", width=170, on_change=changed, filter_mode="contains",
    )  # fmt: skip
    return chosen


def palette(shown: Shown, colours: Ramp | Classes | None) -> None:
    """Draw the range of a continuous colour, or the colours of classes, behind a button."""
    said = "The range of the colours, or a colour for each class"
    menu = st.popover("", icon=":material/palette:", key="explore_palette", on_change="rerun", help=said)
    if not menu.open or colours is None:
        return
    with menu:
        if isinstance(colours, Ramp):
            colour_range.control(shown.named, shown.colour, colours, frame=shown.frame)
        else:
            class_colours.control(colours)
