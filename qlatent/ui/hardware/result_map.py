"""Part of the page Hardware: where the items of a job lie, from the exact values to the device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from qlatent.services.datasets import browsing, pictures
from qlatent.services.hardware import placing
from qlatent.services.hardware.listing import JobView
from qlatent.services.hardware.placing import Placed
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Source
from qlatent.services.selections.definitions import Ids
from qlatent.ui.hardware import addresses, steps, unmet
from qlatent.ui.latent_map import linked
from qlatent.ui.latent_map.linked import Group, LinkedMap, linked_maps
from qlatent.ui.latent_map.point_map import (
    Card,
    Cards,
    Classes,
    Contour,
    Lasso,
    PointMap,
    PointMapEvent,
    Ramp,
    classes,
    point_map,
    ramp,
)
from qlatent.ui.selections import state
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, cut

VIEWS = {"arrows": "Arrows on one map", "beside": "Side by side"}
COLOURS = {"label": "Label", "moved": "How far it moved"}
RING = "#7d8294"
HEIGHT, TEXT, TOP = 520, 240, 20
REFUSED = "hardware_refused"


@dataclass(frozen=True, eq=False)
class Shown:
    """The places of a job's items as they are drawn now."""

    job: JobView
    found: Placed
    rows: NDArray[np.int64]  # (m,): dataset rows
    picked: NDArray[np.bool_] | None  # (m,)
    colour: str
    rings: bool  # whether ellipses are drawn


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
    shown = Shown(job, found, rows, _picked(found), colour, rings)
    drawn = placing.shown(found, shown.picked)
    if view == "beside":
        _beside(shown, drawn)
    else:
        point_map(
            _spec(shown, drawn), key="hardware_map", height=HEIGHT,
            on_event=partial(linked.told, partial(happened, shown, len(found.stages) - 1), REFUSED),
        )  # fmt: skip
        linked.refusal(REFUSED)
    st.caption(_said(shown, drawn, view))


def _picked(found: Placed) -> NDArray[np.bool_] | None:
    chosen = state.current(addresses.POINTS)
    if not isinstance(chosen, Ids):
        return None
    mask = np.isin(np.array(found.ids, dtype=object), list(chosen.ids))
    return mask if mask.any() else None


def _spec(shown: Shown, drawn: NDArray[np.int64]) -> PointMap:
    """All stages as the frames of one map, with arrows from each to the next."""
    found, last = shown.found, len(shown.found.stages) - 1
    lines = [
        Contour(placing.arrows(found, drawn, stage=stage), colour=steps.COLOURS[stage - 1])
        for stage in range(1, last + 1)
    ]
    lines += [each for stage in range(1, last + 1) for each in _rings(shown, drawn, stage=stage)]
    return PointMap(
        found.positions, colours=_colours(shown), selection=shown.picked, cards=_cards(shown), contours=lines,
        labels=found.stages, opened=_opened(shown), title=f"Map of {shown.job.run.name}; a table stands below it",
        reports=(),
    )  # fmt: skip


def _beside(shown: Shown, drawn: NDArray[np.int64]) -> None:
    """One map for each stage; pointer, selection and camera are shared."""
    found, maps = shown.found, []
    for stage, name in enumerate(found.stages):
        spec = PointMap(
            placing.only(found, stage), colours=_colours(shown), selection=shown.picked, cards=_cards(shown),
            contours=_rings(shown, drawn, stage=stage, frame=None), opened=_opened(shown), axes="hardware",
            title=f"{name}; a table stands below it", reports=(),
        )  # fmt: skip
        maps.append(LinkedMap(name, spec, f"hardware_map_{stage}", partial(happened, shown, stage)))
    with st.container(key="hardware_maps"):
        linked_maps(maps, Group("hardware", min(len(maps), 3), HEIGHT - 100, REFUSED))


def _rings(shown: Shown, drawn: NDArray[np.int64], *, stage: int, frame: int | None = -1) -> list[Contour]:
    """The ellipses of a stage, by default in its own frame alone; the exact stage has none."""
    rings = placing.ellipses(shown.found, drawn, stage=stage) if shown.rings else []
    return [Contour(rings, colour=RING, frame=stage if frame == -1 else frame)] if rings else []


def _said(shown: Shown, drawn: NDArray[np.int64], view: str) -> str:
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


def _colours(shown: Shown) -> Ramp | Classes:
    if shown.colour == "label":
        return classes(shown.found.labels, label="Label", top=TOP)
    return ramp(
        shown.found.moved, label="Distance from the exact latent", name="plasma",
        help="Euclidean distance between the latent by this job and the exact one, in all dimensions.",
    )  # fmt: skip


def _opened(shown: Shown) -> int | None:
    at = np.flatnonzero(shown.rows == url_state.number(addresses.ROW))
    return int(at[0]) if len(at) else None


def happened(shown: Shown, stage: int, event: PointMapEvent) -> None:
    """Open a clicked item, or select what a lasso holds."""
    if event.lasso is not None:
        _lasso(shown, stage, event.lasso)
    if event.clicked is not None:
        url_state.put(addresses.ROW, int(shown.rows[event.clicked.row]))
    if event.cleared:
        state.select(addresses.POINTS, None)


def _lasso(shown: Shown, stage: int, lasso: Lasso) -> None:
    stage = lasso.frame if stage == len(shown.found.stages) - 1 and lasso.frame else stage
    inside = placing.inside(shown.found, lasso.polygon, stage=min(stage, len(shown.found.stages) - 1))
    before = np.flatnonzero(shown.picked) if shown.picked is not None else inside[:0]
    if lasso.mode != "replace":
        inside = np.union1d(before, inside) if lasso.mode == "add" else np.setdiff1d(before, inside)
    ids = tuple(shown.found.ids[each] for each in inside)
    state.select(addresses.POINTS, Ids(ids=ids) if ids else None)


def _cards(shown: Shown) -> Cards:
    """What is shown beside a point; the server asks for it in a thread, where Streamlit is not."""
    workspace, found, rows = page.workspace(), shown.found, shown.rows
    source = Source(dataset=shown.job.run.dataset or "", version=shown.job.run.dataset_version)

    def of_point(point: int) -> Card:
        (item,) = scenes.items(workspace, source, [int(rows[point])])
        image = browsing.thumbnails(workspace, [item["image_hash"]]) if item["image_hash"] else {}
        text = cut(item["text"] or item["id"], limit=TEXT)
        said = f"{text}\nmoved by {found.moved[point]:.3f}"
        return Card(said, item["label"] or "", None, next(iter(image.values()), None))

    kept = pictures.remembered(workspace, of_point, most=len(rows))
    return Cards(f"{workspace.path} hardware {shown.job.id} {' '.join(found.stages)}", kept)
