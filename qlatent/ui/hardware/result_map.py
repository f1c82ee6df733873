"""Part of the page Hardware: where the items of a job lie, from the exact values to the device."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.hardware import placing
from qlatent.services.hardware.listing import JobView
from qlatent.services.hardware.placing import Placed
from qlatent.services.scenes.scenes import Source
from qlatent.services.selections.definitions import Ids
from qlatent.ui.hardware import addresses, unmet, way_map
from qlatent.ui.hardware.way_map import Ways
from qlatent.ui.latent_map import linked
from qlatent.ui.latent_map.linked import Group, LinkedMap, linked_maps
from qlatent.ui.latent_map.point_map import (
    Lasso,
    PointMap,
    PointMapEvent,
    point_map,
)
from qlatent.ui.selections import state
from qlatent.ui.shell import url_state
from qlatent.ui.shell.formatting import count

VIEWS = {"arrows": "Arrows on one map", "beside": "Side by side"}
COLOURS = {"label": "Label", "moved": "How far it moved"}
HEIGHT = 520
REFUSED = "hardware_refused"


def draw(job: JobView, found: Placed, rows: NDArray[np.int64]) -> None:
    """Draw the map of a job, with what can be chosen about it."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        view = url_state.switch(addresses.VIEW, VIEWS, label="Show")
        colours = COLOURS if any(found.labels) else {"moved": COLOURS["moved"]}
        colour = "moved"
        if len(colours) > 1:
            colour = url_state.switch(addresses.COLOUR, colours, label="Colour by")
        rings = addresses.toggle("Ellipses", addresses.RINGS, default=True)
    unmet.unknown("View", addresses.VIEW, VIEWS, f"there are {', '.join(VIEWS)}")
    unmet.unknown("Colour", addresses.COLOUR, colours, f"this map has {', '.join(colours)}")
    source = Source(dataset=job.run.dataset or "", version=job.run.dataset_version)
    name = f"hardware {job.id}"
    shown = Ways(found, rows, source, name, _picked(found), colour, rings, opened=_opened(rows))
    drawn = placing.shown(found, shown.picked)
    if view == "beside":
        _beside(shown, drawn)
    else:
        point_map(
            way_map.spec(shown, drawn, title=f"Map of {job.run.name}; a table stands below it"),
            key="hardware_map", height=HEIGHT,
            on_event=partial(linked.told, partial(happened, shown, shown.last), REFUSED),
        )  # fmt: skip
        linked.refusal(REFUSED)
    st.caption(_said(shown, drawn, view))


def _picked(found: Placed) -> NDArray[np.bool_] | None:
    chosen = state.current(addresses.POINTS)
    if not isinstance(chosen, Ids):
        return None
    mask = np.isin(np.array(found.ids, dtype=object), list(chosen.ids))
    return mask if mask.any() else None


def _beside(shown: Ways, drawn: NDArray[np.int64]) -> None:
    """One map for each stage; pointer, selection and camera are shared."""
    found, maps = shown.found, []
    for stage, name in enumerate(found.stages):
        spec = PointMap(
            placing.only(found, stage), colours=way_map.colours(shown), selection=shown.picked,
            cards=way_map.cards(shown), contours=way_map.rings(shown, drawn, stage=stage, frame=None),
            opened=shown.opened, axes="hardware", title=f"{name}; a table stands below it", reports=(),
        )  # fmt: skip
        maps.append(LinkedMap(name, spec, f"hardware_map_{stage}", partial(happened, shown, stage)))
    with st.container(key="hardware_maps"):
        linked_maps(maps, Group("hardware", min(len(maps), 3), HEIGHT - 100, REFUSED))


def _said(shown: Ways, drawn: NDArray[np.int64], view: str) -> str:
    found, items = shown.found, len(shown.found.ids)
    chosen = items if shown.picked is None else int(shown.picked.sum())
    kinds = (["Arrows"] if view == "arrows" else []) + (["ellipses"] if shown.rings else [])
    what = " and ".join(kinds).capitalize() or "Points"
    share = (
        f"of {len(drawn):,} of {chosen:,} items, evenly spaced"
        if len(drawn) < chosen
        else f"of {count(chosen, 'item')}"
    )
    if shown.picked is not None:
        share += " that you selected; click into the empty map to see all"
    way = " → ".join(found.stages)
    both = {2: "", 3: " that both jobs have"}.get(len(found.stages), " that all jobs have")
    rings = " An ellipse holds 95 % of repetitions, by the shots alone." if shown.rings else ""
    return (
        f"{way}. {count(items, 'item')}{both} in the plane of the exact latents, which holds {found.explained:.0%} of "
        f"their variance. {what} {share}.{rings} Draw a lasso to choose items."
    )


def _opened(rows: NDArray[np.int64]) -> int | None:
    at = np.flatnonzero(rows == url_state.number(addresses.ROW))
    return int(at[0]) if len(at) else None


def happened(shown: Ways, stage: int, event: PointMapEvent) -> None:
    """Open a clicked item, or select what a lasso holds."""
    if event.lasso is not None:
        _lasso(shown, stage, event.lasso)
    if event.clicked is not None:
        url_state.put(addresses.ROW, int(shown.rows[event.clicked.row]))
    if event.cleared:
        state.select(addresses.POINTS, None)


def _lasso(shown: Ways, stage: int, lasso: Lasso) -> None:
    stage = lasso.frame if stage == shown.last and lasso.frame else stage
    inside = placing.inside(shown.found, lasso.polygon, stage=min(stage, shown.last))
    before = np.flatnonzero(shown.picked) if shown.picked is not None else inside[:0]
    if lasso.mode != "replace":
        inside = np.union1d(before, inside) if lasso.mode == "add" else np.setdiff1d(before, inside)
    ids = tuple(shown.found.ids[each] for each in inside)
    state.select(addresses.POINTS, Ids(ids=ids) if ids else None)
