"""Part of the page Explore: tours, which turn the map through planes of one state."""

from __future__ import annotations

from typing import cast

import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.layouts.tours import Guide
from qlatent.services.scenes import touring
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.explore import addresses, moving_map, shown_scene
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.shell import page, url_state

FEWEST = 3  # dimensions
GUIDES = {
    "grand": ("Grand tour", "Through random planes, so that every direction is seen."),
    "labels": (
        "Towards the labels",
        "Through planes that separate the labels better and better, up to the best one.",
    ),
    "norm": (
        "Towards the norm",
        "Through planes that show the norm ‖z‖ better and better, up to the best one.",
    ),
}
WHAT = (
    "A plane shows two of {} dimensions. A tour turns the map from plane to plane, without stretching anything. "
    "Press Play under the map to watch it."
)


def asked() -> tuple[Guide, int] | None:
    """The tour in the URL, and the frame that it is of; None without one."""
    guide, _, frame = url_state.get(addresses.TOUR).partition(".")
    if guide not in GUIDES or not (frame.isascii() and frame.isdecimal()):
        return None
    return cast(Guide, guide), int(frame)


def control(named: Named) -> None:
    """Draw the buttons that start a tour of the shown frame, or the one that leaves it."""
    if asked():
        st.button("Leave the tour", key="explore_tour_leave", icon=":material/undo:", on_click=_leave)
        return
    scene = named.scene
    if scene.shown.size < FEWEST or scene.items < FEWEST:
        return
    labels = len({each for each in scene.shown.labels if each}) > 1
    with st.popover(
        "Tour", icon=":material/360:", key="explore_tour_start", help="Turn the map through other planes"
    ):
        st.caption(WHAT.format(scene.shown.size))
        for guide, (title, text) in GUIDES.items():
            st.button(
                title, key=f"explore_tour_{guide}", help=text, width="stretch", on_click=_start, args=(guide, scene),
                disabled=guide == "labels" and not labels,
            )  # fmt: skip


def _start(guide: str, scene: Scene) -> None:
    frame = moving_map.frame(scene)
    addresses.forget(addresses.FRAME, addresses.CAMERA)
    url_state.put(addresses.TOUR, f"{guide}.{frame}")


def _leave() -> None:
    tour = asked()
    addresses.forget(addresses.TOUR, addresses.FRAME, addresses.CAMERA)
    if tour:
        url_state.put(addresses.FRAME, tour[1])  # the frame that the tour was of


def toured(named: Named) -> Named:
    """The tour of this map that the URL asks for, else the map itself; why a tour is impossible is said."""
    tour = asked()
    if tour is None:
        return named
    try:
        return shown_scene.collected(_toured(named.name, *tour, named))
    except QlatentError as err:
        st.session_state[moving_map.REFUSED] = err  # the map says it below itself, where there is room
        return named


@st.cache_resource(max_entries=3, show_spinner="Preparing the tour…")
def _toured(name: str, guide: Guide, frame: int, _named: Named) -> Named:
    scene = _named.scene
    tour = touring.of_tour(page.workspace(), scene, guide, frame=min(frame, scene.frames - 1))
    ending = f"tour/{guide}/{frame}"
    return shown_scene.named(f"{name}/{ending}", f"{_named.map}/{ending}", tour)
