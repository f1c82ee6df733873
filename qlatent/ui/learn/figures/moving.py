"""The map of a run in a step: its frames, the open item, and the items as a table."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from qlatent.services.runs.frames import Drawing
from qlatent.services.runs.listing import RunSummary
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.explore import point_cards, shown_scene, table
from qlatent.ui.explore.shown_scene import Named
from qlatent.ui.explore.source import Looked
from qlatent.ui.items.card import item_card
from qlatent.ui.latent_map import cameras, maps
from qlatent.ui.latent_map.linked import refusal, told
from qlatent.ui.latent_map.point_map import PointMap, PointMapEvent, point_map
from qlatent.ui.learn.figures import colours
from qlatent.ui.learn.links import Stand, refused
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count

REFUSED = "learn_refused"


def draw(stand: Stand, run: RunSummary) -> None:
    """Draw the map of a run with what its frame shows, the card of the open item, and the table."""
    figure = stand.figure
    named = shown_scene.read(Looked(run, run.dataset or ""), Drawing(view=figure.view or None))
    scene = named.scene
    frame, row = _frame(scene, figure.frame), row_of(scene.shown.ids, scene.rows, figure.item)
    if (camera := stand.now().camera) and not cameras.belongs(scene.positions, camera):
        raise refused("camera", camera)
    colour = colours.switch(stand, [name for name in ("norm", "label") if name in named.colours])
    point_map(
        _spec(named, frame, row, colour, camera), key=f"learn_map_{scene.positions.digest[:8]}", height=stand.height,
        on_event=partial(told, partial(_happened, stand, scene), REFUSED),
    )  # fmt: skip
    refusal(REFUSED)
    st.caption(_said(scene, frame))
    opens = partial(_open, stand, scene)
    if row is not None:
        near = scene.modalities[0] if len(scene.modalities) == 1 else "image"
        item_card(run, scene.shown, row, frame=frame, opens=opens, near=near)
    _table(stand, scene, frame, row)


def row_of(ids: list[str], rows: np.ndarray, item: str) -> int | None:
    """The dataset row of the item with this id; None without one, `InputError` for one that is not there."""
    if not item:
        return None
    if item not in ids:
        raise refused("item", item)
    return int(rows[ids.index(item)])


def _frame(scene: Scene, asked: int) -> int:
    if asked >= scene.frames:
        raise refused("frame", asked)
    return asked if asked >= 0 else scene.frames - 1


def _spec(named: Named, frame: int, row: int | None, colour: str, camera: str) -> PointMap:
    scene = named.scene
    return PointMap(
        scene.positions,
        colours=shown_scene.colours(named, colour, frame=frame),
        pairs=scene.pairs,
        cards=point_cards.cards(page.workspace(), named, frame),
        camera=cameras.read(scene.positions, camera),
        frame=frame,
        labels=scene.labels,
        opened=scene.point_of(row, frame),
        title="Map of the items; the table below lists the same ones",
        reports=("frame", "camera"),
    )


def _happened(stand: Stand, scene: Scene, event: PointMapEvent) -> None:
    if event.clicked is not None:
        stand.change(item=scene.shown.ids[event.clicked.row % scene.items])
    if event.cleared:
        stand.change(item="")
    if event.frame is not None:
        stand.change(frame=event.frame)
    if event.camera is not None:
        stand.change(camera=cameras.written(scene.positions, event.camera))


def _open(stand: Stand, scene: Scene, row: int) -> None:
    stand.change(item=scene.shown.ids[scene.rows.tolist().index(row)])


def _said(scene: Scene, frame: int) -> str:
    """What the map shows at this frame, in words."""
    shown = scene.shown
    what = {"image": "images", "text": "texts", "vector": "vectors"}
    kinds = " and ".join(what[name] for name in scene.modalities)
    said = [f"{count(scene.items, 'item')} as {kinds}, each a vector of {count(shown.size, 'number')}."]
    explained = shown.honesty.get("explained_variance")
    if explained is not None and np.isfinite(explained[frame]):
        said.append(f"The two axes of the map show {explained[frame]:.0%} of their variance.")
    return " ".join([*said, *(maps.remarks(shown) if scene.frames > 1 else ())])


def _table(stand: Stand, scene: Scene, frame: int, row: int | None) -> None:
    """All items, to be sorted by a click on a heading; selecting a row opens its item."""
    with st.expander(
        "Table of the items", icon=":material/table_rows:", key="learn_items", on_change="rerun"
    ) as drawer:
        if not drawer.open:
            return
        marked = [] if row is None else [scene.rows.tolist().index(row)]
        widget = url_state.table_key("learn_rows", (scene.source.run, row))

        def chosen() -> None:
            found = st.session_state[widget].selection.rows
            picked = int(scene.rows[found[0]]) if found else None
            url_state.table_says("learn_rows", (scene.source.run, picked))
            stand.change(item=scene.shown.ids[found[0]] if found else "")

        st.dataframe(
            table.item_rows(scene, np.arange(scene.items), frame), hide_index=True, key=widget, on_select=chosen,
            selection_mode="single-row", selection_default={"selection": {"rows": marked}}, height=320,
            column_config={"Text": st.column_config.TextColumn(width="large")}, alt="Items of the map",
        )  # fmt: skip
