"""Part of the page Explore: lines over the map, at round norms and around where points are dense."""

from __future__ import annotations

import streamlit as st

from qlatent.services.scenes import guides
from qlatent.services.scenes.guides import Guide
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.explore import addresses
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.latent_map.point_map import Contour
from qlatent.ui.shell import url_state

COLOURS = {"image": "#0b84d8", "text": "#e0701c"}  # of two modalities; one has the colour of the text
HELP = "Lines around the densest 25, 50, 75 and 95% of the points, drawn separately for images and texts."


def switch(scene: Scene) -> None:
    """Draw the switch of the density lines; a map in space has none."""
    if not guides.flat(scene):
        return
    key = "explore_density_lines"
    st.session_state[key] = asked()
    st.toggle(
        "Density lines", key=key, help=HELP,
        on_change=lambda: url_state.put(addresses.LINES, "density" if st.session_state[key] else None),
    )  # fmt: skip


def asked() -> bool:
    """Whether the URL asks for density lines."""
    return url_state.get(addresses.LINES) == "density"


def lines(named: Named, frame: int) -> tuple[Contour, ...]:
    """The lines over a frame of a map."""
    scene = named.scene
    found = [Contour(each.lines, each.label) for each in guides.of_norm(scene)]
    if asked():
        found += _dense(named.name, frame, scene)
    return tuple(found)


@st.cache_resource(max_entries=16, show_spinner=False)
def _dense(name: str, frame: int, _scene: Scene) -> list[Contour]:
    return [
        Contour(each.lines, each.label, _colour(_scene, each), frame)
        for each in guides.of_density(_scene, frame)
    ]


def _colour(scene: Scene, guide: Guide) -> str | None:
    return COLOURS.get(guide.modality) if len(scene.modalities) > 1 else None


def said(scene: Scene) -> str:
    """What the density lines surround; "" without them."""
    if not asked() or not guides.flat(scene):
        return ""
    each = " (images blue, texts orange)" if len(scene.modalities) > 1 else ""
    return f"Lines surround the densest 25, 50, 75 and 95% of the points{each}."
