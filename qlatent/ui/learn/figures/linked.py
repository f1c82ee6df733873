"""Two linked maps in a step, with the neighbours of the open item in each space."""

from __future__ import annotations

from functools import partial

import streamlit as st

from qlatent.services.experiments import side_by_side as service
from qlatent.services.experiments.side_by_side import SideBySide
from qlatent.services.lessons import figures, preparing
from qlatent.services.runs import listing
from qlatent.services.scenes.scenes import Source
from qlatent.ui.compare import linked_maps, maps
from qlatent.ui.compare.linked_maps import Shown
from qlatent.ui.latent_map import linked
from qlatent.ui.latent_map.linked import Group, LinkedMap
from qlatent.ui.latent_map.point_map import PointMapEvent
from qlatent.ui.learn.figures import colours
from qlatent.ui.learn.figures.moving import REFUSED, row_of
from qlatent.ui.learn.links import Stand
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
    with st.container(key="learn_linked"):
        linked.linked_maps(
            [
                LinkedMap(space.title, spec, f"learn_linked_{number}", partial(_happened, stand, found))
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


def _happened(stand: Stand, found: SideBySide, event: PointMapEvent) -> None:
    if event.clicked is not None:
        stand.change(item=found.ids[event.clicked.row % len(found.ids)])
    if event.cleared:
        stand.change(item="")
