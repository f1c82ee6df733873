"""Part of the page Compare: point maps of several spaces that share pointer, selection and camera."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.datasets import browsing, pictures
from qlatent.services.experiments import side_by_side as service
from qlatent.services.experiments.side_by_side import SideBySide, Space
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Source
from qlatent.services.selections.definitions import Ids
from qlatent.ui.items.card import SHOWN
from qlatent.ui.latent_map.linked import Group, LinkedMap, linked_maps
from qlatent.ui.latent_map.point_map import (
    Card,
    Cards,
    Classes,
    Clicked,
    Lasso,
    PointMap,
    PointMapEvent,
    Ramp,
    classes,
    ramp,
)
from qlatent.ui.latent_map.point_map.spec import Positions
from qlatent.ui.selections import state
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import cut

PAGE = "compare"
COLOURS = {
    "change": "Neighbours changed",
    "false": "False neighbours",
    "label": "Label",
    "norm": "Norm ‖z‖",
    "modality": "Image or text",
}
HELP = {
    "change": "Share of an item's 10 nearest in the input space that are not among its 10 nearest in the whole latent "
    "space.",
    "false": "1 − trustworthiness of the point: how far its neighbours on the map are from being neighbours in the "
    "input space. Where it is high, points close together need not be similar.",
    "norm": "Length of each point's latent; the scale is the same in all spaces, 1st to 99th percentile.",
}
HEIGHT, TEXT, TOP = 440, 240, 20
REFUSED = "side_refused"
SEEN = "compare_selection_seen"  # the selection as it was last shown, with its dataset


@dataclass(frozen=True, eq=False)
class Shown:
    """The items in several spaces as they are drawn now: of one modality, or of all of them ("")."""

    found: SideBySide
    source: Source
    colour: str
    modality: str
    picked: NDArray[np.int64] | None  # dataset rows that are selected

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Which points of the spaces are drawn."""
        return np.array([self.modality in ("", kind) for kind in self.found.kinds])

    @property
    def rows(self) -> NDArray[np.int64]:
        """The dataset row of each drawn point."""
        return self.found.point_rows[self.kept]


def selected(dataset: str) -> NDArray[np.int64] | None:
    """The selected rows of the dataset that is compared; what was selected in another one is forgotten.

    A selection that the link brings along is kept, so that Back goes back to it.
    """
    link, (before, of) = url_state.get(state.link_name(PAGE)), st.session_state.get(SEEN, ("", dataset))
    if link and link == before and of != dataset:
        url_state.put(state.link_name(PAGE), None)
        link = ""
    st.session_state[SEEN] = (link, dataset)
    return state.rows(PAGE, dataset)


def draw(shown: Shown, *, columns: int) -> None:
    """Draw one map for each space, `columns` in a row."""
    places = service.positions(shown.found, shown.modality)
    maps = [
        LinkedMap(
            space.title,
            spec(shown, number, drawn, opened=url_state.number("row")),
            f"side_map_{number + 1}",
            partial(happened, shown, number),
        )
        for number, (space, drawn) in enumerate(zip(shown.found.spaces, places, strict=True))
    ]
    with st.container(key="side_maps"):
        linked_maps(maps, Group(PAGE, columns, HEIGHT, REFUSED))


def spec(shown: Shown, number: int, drawn: Positions, *, opened: int | None) -> PointMap:
    """The map of one of the spaces; `opened` is the dataset row of the open item."""
    space, size = shown.found.spaces[number], len(shown.found.rows)
    points = np.flatnonzero(shown.rows == opened)
    both = len(shown.rows) == 2 * size
    return PointMap(
        drawn,
        colours=colours(shown, space),
        selection=None if shown.picked is None else np.isin(shown.rows, shown.picked),
        pairs=np.stack([np.arange(size), np.arange(size) + size], axis=1).astype(np.int32) if both else None,
        cards=_cards(shown),
        opened=int(points[0]) if len(points) else None,
        title=f"{space.title}; the table below lists the same items",
        reports=(),
    )


def colours(shown: Shown, space: Space) -> Ramp | Classes:
    """The colours of the drawn points; shares have the same range in all spaces."""
    found, label, text = shown.found, COLOURS[shown.colour], HELP.get(shown.colour, "")
    if shown.colour == "label":
        labels = found.labels * len(found.modalities)
        return classes([labels[i] for i in np.flatnonzero(shown.kept)], label=label, top=TOP)
    if shown.colour == "modality":
        return classes([SHOWN[found.kinds[i]] for i in np.flatnonzero(shown.kept)], label=label)
    if shown.colour == "norm":
        span = np.percentile(np.concatenate([each.norms[shown.kept] for each in found.spaces]), (1, 99))
        return ramp(space.norms[shown.kept], label=label, span=(span[0], span[1]), help=text)
    if shown.colour == "false":
        return ramp(1 - space.trust[shown.kept], label=label, span=(0, 0.5), name="cividis", help=text)
    return ramp(space.change[shown.kept], label=label, span=(0, 1), name="plasma", help=text)


def happened(shown: Shown, space: int, event: PointMapEvent) -> None:
    """Put what a person did on one map into the selection."""
    if event.lasso is not None:
        _lasso(shown, space, event.lasso)
    if event.clicked is not None:
        _clicked(shown, event.clicked)
    if event.cleared:
        state.select(PAGE, None)


def _lasso(shown: Shown, space: int, lasso: Lasso) -> None:
    if len(lasso.polygon) < 3:
        return
    rows = service.inside_lasso(shown.found, lasso.polygon, space=space, modality=shown.modality)
    if lasso.mode == "replace":
        _select(shown, rows)
    else:
        _combine(shown, rows, joins=lasso.mode == "add")


def _clicked(shown: Shown, clicked: Clicked) -> None:
    """Show the item's neighbours, or with Shift let it join or leave the selection."""
    row = int(shown.rows[clicked.row])
    if not clicked.add:
        url_state.put("row", row)
        return
    _combine(shown, np.array([row]), joins=shown.picked is None or row not in shown.picked)


def _combine(shown: Shown, rows: NDArray[np.int64], *, joins: bool) -> None:
    before = shown.rows[:0] if shown.picked is None else shown.picked
    _select(shown, np.union1d(before, rows) if joins else np.setdiff1d(before, rows))


def _select(shown: Shown, rows: NDArray[np.int64]) -> None:
    """Select the items of these rows by their ids, since the turned plane of a comparison is no map of its own."""
    of_row = dict(zip(shown.found.rows.tolist(), shown.found.ids, strict=True))
    ids = tuple(of_row[row] for row in np.unique(rows).tolist() if row in of_row)
    state.select(PAGE, Ids(ids=ids) if ids else None)


def _cards(shown: Shown) -> Cards:
    """What is shown beside a point; the server asks for it in a thread, where Streamlit is not."""
    workspace, source, rows = page.workspace(), shown.source, shown.rows

    def of_row(row: int) -> Card:
        (item,) = scenes.items(workspace, source, [row])
        image = browsing.thumbnails(workspace, [item["image_hash"]]) if item["image_hash"] else {}
        text = cut(item["text"] or item["id"], limit=TEXT)
        return Card(text, item["label"] or "", None, next(iter(image.values()), None))

    name = f"{workspace.path} {source} {shown.found.spaces[0].run_id} {shown.modality}"
    kept = pictures.remembered(workspace, of_row, most=len(rows))
    return Cards(name, lambda point: kept(int(rows[point])), pictures="image" in shown.found.modalities)
