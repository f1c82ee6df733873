"""The map of a queue's items, coloured by decision, on which a lasso selects a group."""

from __future__ import annotations

from functools import partial

import numpy as np
import streamlit as st

from qlatent.errors import QlatentError
from qlatent.services.datasets import browsing
from qlatent.services.layouts import layouts
from qlatent.services.runs.frames import Drawing
from qlatent.services.runs.specs import Layout
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene
from qlatent.services.selections import collections
from qlatent.services.selections.definitions import Lasso
from qlatent.services.triage import cases
from qlatent.services.triage.places import view_of
from qlatent.services.triage.queues import QueueView
from qlatent.ui.latent_map.linked import refusal, told
from qlatent.ui.latent_map.point_map import Classes, PointMap, PointMapEvent, point_map
from qlatent.ui.selections import state
from qlatent.ui.shell import page, url_state
from qlatent.ui.triage import addresses, words

HEIGHT = 480
FLAT = 2  # dimensions
REFUSED = "triage_map_refused"
OUTSIDE = "not in this queue"
COLOURS = {"bad": "#d55e00", "good": "#009e73", "open": "#e69f00"}
FURTHER = ("#cc79a7", "#56b4e9", "#8a6fd1", "#882255", "#117733", "#9b8b00")
VERTICES = 3


def group_map(view: QueueView) -> None:
    """Draw the map that the URL names; without vectors, how to get them."""
    if not cases.encoder(page.workspace(), view.dataset):
        with st.container(border=True, gap="small"):
            st.markdown(":material/scatter_plot: **No map yet**")
            st.caption("The items have no vectors. Encode the dataset on the page Data.")
            if st.button("Encode", key="triage_group_encode", icon=":material/bolt:"):
                url_state.go("data", dataset=view.dataset, section="browse")
        return
    if stored := layouts_of(view):
        url_state.pick(
            "Map",
            ["", *stored],
            name=addresses.MAP,
            names=lambda each: stored.get(each, "Plane of the vectors"),
        )
    try:
        scene = shown(view)
    except QlatentError as err:
        st.caption(f"{err.message} {err.remedy}")
        return
    spec = PointMap(
        scene.positions,
        colours=_colours(view, scene),
        selection=scene.mask(state.rows(addresses.PAGE, view.dataset)),
        title="Map of the items, coloured by decision",
        reports=(),
    )
    point_map(
        spec,
        key="triage_group_map",
        height=HEIGHT,
        on_event=partial(told, partial(_happened, scene), REFUSED),
    )
    refusal(REFUSED)


def layouts_of(view: QueueView) -> dict[str, str]:
    """The names of the finished layouts of the dataset's vectors in two dimensions, by id, newest first."""
    return {
        each.id: each.spec.name
        for each in layouts.listed(page.workspace(), view.dataset)
        if each.state == "finished" and isinstance(each.spec, Layout) and each.spec.dimensions == FLAT
    }


def shown(view: QueueView) -> Scene:
    """The map that the URL names, with one point for each item."""
    workspace = page.workspace()
    encoder, layout = cases.encoder(workspace, view.dataset), url_state.get(addresses.MAP)
    asked = layout if layout in layouts_of(view) else ""
    return _scene(str(workspace.path), view.dataset, encoder, asked, browsing.state_of(workspace))


def _happened(scene: Scene, event: PointMapEvent) -> None:
    """Put a lasso into the URL as the selection."""
    if event.lasso is not None and len(event.lasso.polygon) >= VERTICES:
        polygon = tuple((int(x), int(y)) for x, y in event.lasso.polygon)
        on = scene.drawn(event.lasso.frame, matrix=event.lasso.matrix)
        url_state.put(addresses.HOW, "lasso")
        state.select(addresses.PAGE, Lasso(polygon=polygon, on=on), mode=event.lasso.mode)
    if event.cleared:
        url_state.put(addresses.HOW, None)
        state.select(addresses.PAGE, None)


def _colours(view: QueueView, scene: Scene) -> Classes:
    """The decision of each point; open ones and those outside the queue are classes of their own."""
    workspace = page.workspace()
    codes = {each.code: number for number, each in enumerate(view.policy.decisions, 1)}
    known = cases.codes(workspace, view.id)
    earlier = sorted(set(known.values()) - {*codes, ""})  # configured no more
    codes |= {code: number for number, code in enumerate(earlier, len(codes) + 1)}
    items = collections.ids_of(workspace, view.dataset, scene.rows)
    outside = len(codes) + 1
    places = np.array([codes.get(known[item], 0) if item in known else outside for item in items], np.uint8)
    kinds = view.policy.kinds()
    further, used, colours = iter(FURTHER * 2), set[str](), ["#0072b2"]
    for code in codes:
        own = COLOURS[kinds.get(code, "open")]
        colours.append(next(further) if own in used else own)
        used.add(own)
    names = ["Open", *(words.decision(view.policy, code) for code in codes), OUTSIDE]
    return Classes(
        np.tile(places, len(scene.modalities)), names, "Decision", [*colours, "#9a9a9a"], missing=outside,
    )  # fmt: skip


@st.cache_resource(max_entries=4, show_spinner="Drawing the map …")
def _scene(path: str, dataset: str, encoder: str, layout: str, state: str) -> Scene:
    workspace = page.workspace()
    if layout:
        return scenes.of_layout(workspace, layout)
    return scenes.of_vectors(workspace, dataset, encoder, Drawing(view=view_of(workspace, dataset, encoder)))
