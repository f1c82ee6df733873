"""Part of the page Explore: the map with what a person does on it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.errors import QlatentError
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene
from qlatent.services.selections.definitions import Ids, Lasso
from qlatent.ui.explore import addresses, lines, marks, point_cards, shown_scene
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.latent_map.point_map import Classes, Clicked, PointMap, PointMapEvent, Ramp, point_map
from qlatent.ui.latent_map.point_map import Lasso as Drawn
from qlatent.ui.selections import state
from qlatent.ui.shell import page, parts, url_state

HEIGHT = 560
VERTICES = 3  # of the smallest polygon
REFUSED = "explore_refused"
SHORT = 8  # characters that tell one map's camera from another's
CAMERA = ("x", "y", "z", "zoom", "yaw", "pitch")
NUMBER = re.compile(rf"({'|'.join(CAMERA)})(-?\d+(?:\.\d+)?(?:e[-+]\d+)?)")


@dataclass(frozen=True, eq=False)
class Shown:
    """The map as it is drawn now."""

    named: Named
    colour: str
    frame: int
    selected: NDArray[np.int64] | None  # rows


def frame(scene: Scene) -> int:
    """The frame in the URL, the last by default."""
    last = scene.frames - 1
    asked = url_state.number(addresses.FRAME, last)
    return min(max(last if asked is None else asked, 0), last)


def spec(shown: Shown) -> PointMap:
    """What the map shows and how it stands."""
    scene, colours = shown.named.scene, shown_scene.colours(shown.named, shown.colour, frame=shown.frame)
    return PointMap(
        scene.positions,
        colours=colours,
        selection=scene.mask(shown.selected),
        pairs=scene.pairs,
        contours=lines.lines(shown.named, shown.frame),
        cards=point_cards.cards(page.workspace(), shown.named, shown.frame),
        camera=camera(scene),
        frame=shown.frame,
        labels=scene.labels,
        hidden=marks.hidden(colours),
        pinned=marks.pinned(scene),
        opened=scene.point_of(url_state.number(addresses.ROW), shown.frame),
        title="Map of the points; the table below lists the same items",
        reports=("frame", "camera", "hidden", "pinned"),
    )


def moving_map(shown: Shown) -> PointMap:
    """Draw the map and return it; what happens on it is put into the URL before the page is drawn again."""
    drawn = spec(shown)
    with st.container(key="explore_map"):
        point_map(
            drawn,
            key=f"explore_map_{_short(shown.named.map)}",
            height=HEIGHT,
            on_event=partial(happened, shown.named.scene, colours=drawn.colours),
        )
    if REFUSED in st.session_state:
        parts.error_card(st.session_state.pop(REFUSED))
    return drawn


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=SHORT).hexdigest()


def happened(scene: Scene, event: PointMapEvent, *, colours: Ramp | Classes | None = None) -> None:
    """Put what a person did into the URL; an error is shown when the page is drawn again."""
    try:
        if event.lasso is not None:
            _lasso(scene, event.lasso)
        if event.clicked is not None:
            _clicked(scene, event.clicked)
        if event.cleared:
            state.select(addresses.PAGE, None)
        _stands(scene, event)
        marks.put(scene, event, colours)
    except QlatentError as err:
        st.session_state[REFUSED] = err


def _lasso(scene: Scene, drawn: Drawn) -> None:
    if len(drawn.polygon) < VERTICES:
        return
    polygon = tuple((int(x), int(y)) for x, y in drawn.polygon)
    on = scene.drawn(drawn.frame, matrix=drawn.matrix)
    url_state.put(addresses.TAB, "selection")  # first, so that going back once takes the selection away
    state.select(addresses.PAGE, Lasso(polygon=polygon, on=on), mode=drawn.mode)


def _clicked(scene: Scene, clicked: Clicked) -> None:
    """Open the item, or with Shift let it join or leave the selection."""
    row = scene.row_of(clicked.row)
    if not clicked.add:
        url_state.put(addresses.TAB, "item")
        url_state.put(addresses.ROW, row)
        return
    selected = state.rows(addresses.PAGE, scene.source.dataset)
    (item,) = scenes.items(page.workspace(), scene.source, [row])
    mode = "remove" if selected is not None and row in selected else "add"
    state.select(addresses.PAGE, Ids(ids=(item["id"],)), mode=mode)  # type: ignore[arg-type]


def _stands(scene: Scene, event: PointMapEvent) -> None:
    """Put frame and camera into the URL; the last frame is what a link without one shows."""
    if event.frame is not None:
        url_state.put(addresses.FRAME, None if event.frame >= scene.frames - 1 else event.frame)
    if event.camera is not None:
        numbers = [f"{name}{event.camera[name]:g}" for name in CAMERA if name in event.camera]
        url_state.put(addresses.CAMERA, "_".join([scene.positions.digest[:SHORT], *numbers]))


def camera(scene: Scene) -> Mapping[str, float] | None:
    """The camera in the URL; None for that of another map."""
    of, *numbers = url_state.get(addresses.CAMERA).split("_")
    if of != scene.positions.digest[:SHORT]:
        return None
    found = [match.groups() for each in numbers if (match := NUMBER.fullmatch(each))]
    return {name: float(value) for name, value in found}
