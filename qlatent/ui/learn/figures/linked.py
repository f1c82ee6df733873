"""Two linked maps in a step, with the neighbours of the open item in each space."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import streamlit as st

from qlatent.services.experiments import side_by_side as service
from qlatent.services.experiments.side_by_side import SideBySide
from qlatent.services.lessons import figures, preparing
from qlatent.services.runs import listing
from qlatent.services.scenes.scenes import Source
from qlatent.ui.compare import linked_maps, maps
from qlatent.ui.compare.linked_maps import Shown
from qlatent.ui.latent_map import cameras, linked
from qlatent.ui.latent_map.linked import Group, LinkedMap
from qlatent.ui.latent_map.point_map import PointMap, PointMapEvent
from qlatent.ui.learn.figures import colours
from qlatent.ui.learn.figures.moving import REFUSED, row_of
from qlatent.ui.learn.links import Stand, refused
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import literal


def draw(stand: Stand) -> None:
    """Draw both maps; a click opens an item in both."""
    workspace, figure = page.workspace(), stand.figure
    runs = tuple((preparing.run_id(workspace, name), figures.title(name)) for name in figure.runs)
    found = _found(str(workspace.path), runs)
    row = row_of(found.ids, found.rows, figure.item)
    run = listing.summary(workspace, runs[0][0])
    offered = ["norm", *(["label"] if any(found.labels) else [])]
    shown = Shown(
        found,
        Source(dataset=run.dataset or "", version=run.dataset_version),
        colours.switch(stand, offered),
        "",
        None,
    )
    specs = [
        linked_maps.spec(shown, number, places, opened=row)
        for number, places in enumerate(service.positions(found))
    ]
    specs = _seen(specs, stand.now().camera)
    with st.container(key="learn_linked"):
        linked.linked_maps(
            [
                LinkedMap(space.title, spec, f"learn_linked_{number}", partial(_happened, stand, found, spec))
                for number, (space, spec) in enumerate(zip(found.spaces, specs, strict=True))
            ],
            Group("learn", len(specs), stand.height - 60, REFUSED),
        )
    st.caption(
        " · ".join(
            f"**{number}** {literal(space.title, limit=80)}: {space.dimensions:,} numbers, the axes show "
            f"{space.explained:.0%} of their variance"
            for number, space in enumerate(found.spaces, start=1)
        )
    )
    if row is None:
        st.caption("Click a point to see its neighbours in each space.")
    else:
        maps.near_lists(found, row, found.modalities[0])


@st.cache_resource(max_entries=8, show_spinner="Laying out the spaces…")
def _found(workspace: str, runs: tuple[tuple[str, str], ...]) -> SideBySide:
    return service.side_by_side(page.workspace(), runs)


def _seen(specs: list[PointMap], camera: str) -> list[PointMap]:
    """The maps with the camera that they share; the first one reports it."""
    first = specs[0].positions
    if camera and not cameras.belongs(first, camera):
        raise refused("camera", camera)
    specs = [replace(each, camera=cameras.read(first, camera)) for each in specs]
    return [replace(specs[0], reports=("camera",)), *specs[1:]]


def _happened(stand: Stand, found: SideBySide, spec: PointMap, event: PointMapEvent) -> None:
    if event.clicked is not None:
        stand.change(item=found.ids[event.clicked.row % len(found.ids)])
    if event.cleared:
        stand.change(item="")
    if event.camera is not None:
        stand.change(camera=cameras.written(spec.positions, event.camera))
