"""Part of the page Explore: the map with what a person does on it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene
from qlatent.services.selections.definitions import Ids, Lasso
from qlatent.ui.explore import addresses, class_colours, colour_range, lines, marks, point_cards, shown_scene
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.latent_map import cameras
from qlatent.ui.latent_map.linked import Group, Happened, LinkedMap, linked_maps, refusal, told
from qlatent.ui.latent_map.point_map import Classes, Clicked, PointMap, PointMapEvent, Ramp, point_map
from qlatent.ui.latent_map.point_map import Lasso as Drawn
from qlatent.ui.selections import state
from qlatent.ui.shell import page, url_state

HEIGHT, LOWER = 560, 420  # of one map, and of several
ACROSS = 2  # maps in a row
TITLE = "The map as chosen above"
VERTICES = 3  # of the smallest polygon
REFUSED = "explore_refused"
SHORT = 8  # characters that tell the key of one map from another's


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
    scene, asked = shown.named.scene, colour_range.asked()
    found = shown_scene.colours(shown.named, shown.colour, frame=shown.frame, asked=asked)
    colours = class_colours.chosen(found)
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
        axes=scene.positions.digest,
        title="Map of the points; the table below lists the same items",
        reports=("frame", "camera", "hidden", "pinned"),
    )


def moving_map(
    shown: Shown, drawn: PointMap, others: Sequence[LinkedMap] = (), *, done: Happened | None = None
) -> None:
    """Draw the map, with others beside it; what happens on it is put into the URL before the page is drawn again.

    `done` is called with it instead of `happened`.
    """
    key = f"explore_map_{_short(shown.named.map)}"
    done = done or partial(happened, shown.named.scene, colours=drawn.colours)
    with st.container(key="explore_map"):
        if others:
            first = LinkedMap(TITLE, drawn, key, done)
            linked_maps([first, *others], Group(addresses.PAGE, ACROSS, LOWER, REFUSED))
            return
        point_map(drawn, key=key, height=HEIGHT, on_event=partial(told, done, REFUSED))
    refusal(REFUSED)


def _short(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=SHORT).hexdigest()


def happened(scene: Scene, event: PointMapEvent, *, colours: Ramp | Classes | None = None) -> None:
    """Put what a person did into the URL."""
    if event.lasso is not None:
        lasso(scene, event.lasso)
    if event.clicked is not None:
        clicked(scene, event.clicked)
    if event.cleared:
        state.select(addresses.PAGE, None)
    stands(scene, event)
    marks.put(scene, event, colours)


def lasso(scene: Scene, drawn: Drawn) -> None:
    """Select what is inside the polygon, by the map that it was drawn on."""
    if len(drawn.polygon) < VERTICES:
        return
    polygon = tuple((int(x), int(y)) for x, y in drawn.polygon)
    on = scene.drawn(drawn.frame, matrix=drawn.matrix)
    url_state.put(addresses.TAB, "selection")  # first, so that going back once takes the selection away
    state.select(addresses.PAGE, Lasso(polygon=polygon, on=on), mode=drawn.mode)


def clicked(scene: Scene, point: Clicked) -> None:
    """Open the item, or with Shift let it join or leave the selection."""
    row = scene.row_of(point.row)
    if not point.add:
        url_state.put(addresses.TAB, "item")
        url_state.put(addresses.ROW, row)
        return
    selected = state.rows(addresses.PAGE, scene.source.dataset)
    (item,) = scenes.items(page.workspace(), scene.source, [row])
    mode = "remove" if selected is not None and row in selected else "add"
    state.select(addresses.PAGE, Ids(ids=(item["id"],)), mode=mode)  # type: ignore[arg-type]


def stands(scene: Scene, event: PointMapEvent) -> None:
    """Put frame and camera into the URL; the last frame is what a link without one shows."""
    if event.frame is not None:
        url_state.put(addresses.FRAME, None if event.frame >= scene.frames - 1 else event.frame)
    if event.camera is not None:
        url_state.put(addresses.CAMERA, cameras.written(scene.positions, event.camera))


def camera(scene: Scene) -> Mapping[str, float]:
    """The camera in the URL; empty, which is all points in view, without one and for that of another map."""
    return cameras.read(scene.positions, url_state.get(addresses.CAMERA))
