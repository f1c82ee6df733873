"""Part of the page Explore: the moving map with player, picked item and table, in one fragment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from qlatent import spacing
from qlatent.plots.evolution import Look, evolution_map
from qlatent.services.datasets import browsing
from qlatent.services.runs import frames
from qlatent.services.runs.frames import Drawing, Evolution, Outline
from qlatent.services.runs.listing import RunSummary
from qlatent.ui.items.card import item_card
from qlatent.ui.latent_map import figures, maps
from qlatent.ui.latent_map.player import Playback, player
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import count, cut

COLOURS = {
    "norm": "Norm",
    "frame": "Norm, per frame",
    "label": "Label",
    "part": "Training or held out",
    "modality": "Image or text",
}
SHAPES = {"2": "Plane", "3": "Space"}
BASES = {"pooled": "All frames", "last": "Last frame"}
PARTS = {"all": "All", "train": "Training", "heldout": "Held out"}
AMOUNTS = {"300": 300, "1000": 1000, "5000": 5000, "all": 200_000}  # the first is the default
MOST_LINES = 300
HEIGHT = 480


@dataclass(frozen=True)
class View:
    """The user's choices about the items that are drawn, and how; each stands in the URL."""

    colour: str
    part: str
    amount: int
    pairs: bool
    whole: bool


def modalities(found: Outline) -> str:
    """Draw the choice of what is on the map, if there is one, and return it."""
    if len(found.views) == 1:
        return found.default
    text = (
        "Images and texts often lie far apart, and the gap between them then hides everything else. Means together: "
        "each modality is drawn around its own mean, both in the same axes."
    )
    names = {each: maps.SHOWN[each] for each in found.views}
    return url_state.switch("show", names, default=found.default, label="On the map", help=text)


def axes(found: Outline, view: str) -> Drawing:
    """Draw the choices about the axes and return how to draw the map."""
    text = "The map shows principal axes, computed from all frames together or from the last frame."
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        shape = _shape(found)
        basis = cast(Any, url_state.switch("basis", BASES, label="Axes from", help=text))
    return Drawing(view, basis, int(shape))


def controls(found: Evolution) -> View:
    """Draw the choices about the items on the map and their colours, and return them."""
    heldout = np.asarray(found.heldout, dtype=bool)
    split, paired = bool(heldout.any() and not heldout.all()), len(found.places) > 1
    there = {"label": any(found.labels), "part": split, "modality": paired}
    colours = {key: name for key, name in COLOURS.items() if there.get(key, True)}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        colour = url_state.switch("colour", colours, label="Colour")
        part = url_state.switch("part", PARTS, label="Items") if split else "all"
        amount = st.selectbox(
            "Points",
            list(AMOUNTS),
            key="amount",
            bind="query-params",
            width=110,
            help="Largest number of items drawn; they are evenly spaced in the sample.",
        )
        joined = paired and st.toggle(
            "Join matched pairs",
            key="pairs",
            bind="query-params",
            help=f"Draw lines between image and text of an item, for at most {MOST_LINES} pairs.",
        )
        whole = st.toggle(
            "Fit all points",
            key="fit",
            bind="query-params",
            help="Outliers and frames far from the last one stand outside the view at first. On a plane, a double "
            "click shows them too.",
        )
    return View(colour, part, AMOUNTS[amount], bool(joined), bool(whole))


def _shape(found: Outline) -> str:
    """Map dimensions, "2" or "3", as far as the latents allow; three-dimensional latents start in space."""
    if found.size <= maps.PLANE:
        return "2"
    order = reversed(SHAPES) if found.size == maps.SPACE else iter(SHAPES)
    text = "In space, drag to rotate, scroll to zoom, and click a point to pick it."
    return url_state.switch("shape", {key: SHAPES[key] for key in order}, label="Map", help=text)


@page.fragment
def explorer(run: RunSummary) -> None:
    """Draw the map of a run with its player, the picked item and the table."""
    outline = frames.outline(page.workspace(), run.id)
    if outline is None:
        st.info(
            "This run has no frame yet. The first one appears after its first step.",
            icon=":material/hourglass_top:",
        )
        return
    parts.beyond_builtin(run.encoder, run.dataset)
    chart, side = st.columns([1.4, 1], gap="medium")  # on a phone the map comes before its settings
    with chart:
        show = modalities(outline)
    with side:
        drawing = axes(outline, show)
    found, name = maps.read(run, drawing)
    assert found is not None  # it has an outline
    with side:
        view = controls(found)
    at = positions(found, view)
    with chart:
        shown = moving_map(found, at, name, view)
    with side:
        item_card(run, found, url_state.number("row"), frame=shown)
    table(run, found, at)


def positions(found: Evolution, view: View) -> NDArray[np.intp]:
    """The positions of the items to draw, out of those snapshotted."""
    heldout = np.asarray(found.heldout, dtype=bool)
    eligible = np.flatnonzero(
        {"all": np.ones_like(heldout), "heldout": heldout, "train": ~heldout}[view.part]
    )
    return eligible[spacing.evenly(len(eligible), view.amount)]


@st.cache_resource(max_entries=6, show_spinner=False)
def _figure(name: str, view: View, _found: Evolution, _at: NDArray[np.intp]) -> go.Figure:
    pairs = spacing.evenly(len(_at), MOST_LINES) if view.pairs else None
    look = Look(colour=view.colour, pairs=pairs, axes=maps.axes(_found), height=HEIGHT)
    return evolution_map(maps.points(_found, _at, whole=view.whole), look)


def moving_map(found: Evolution, at: NDArray[np.intp], name: str, view: View) -> int:
    """Draw map, player and quality metrics; returns the frame at which the player stopped."""
    steps = [int(step) for step in found.steps]

    def clicked() -> None:
        picked = st.session_state["explore_map"].selection.points
        url_state.put("row", int(picked[0]["customdata"]) if picked else None)

    st.plotly_chart(
        _figure(name, view, found, at),
        key="explore_map",
        on_select=clicked,
        selection_mode="points",
        config=maps.CONFIG,
        alt=maps.ALT,
    )
    start = url_state.number("frame", len(steps) - 1) or 0
    shown = player(
        Playback(
            "explore_map",
            f"{name}/{view}",
            steps,
            max(0, min(start, len(steps) - 1)),
            figures.metrics(found),
            _path(found),
        ),
        key="player",
        on_picked=lambda row: url_state.put("row", row),
    )
    url_state.put("frame", shown)
    maps.captions(found, len(at), colour=view.colour)
    return shown


def _path(found: Evolution) -> dict[str, list[list[float]]]:
    """The picked item's coordinates frame by frame, to mark it on the map."""
    place = np.flatnonzero(found.rows == url_state.number("row", -1))
    if not len(place):
        return {}
    paths = {name: each[:, place[0]] for name, each in found.places.items()}
    return {name: path.tolist() for name, path in paths.items() if np.isfinite(path).all()}


def table(run: RunSummary, found: Evolution, at: NDArray[np.intp]) -> None:
    """Draw the items of the map as a table; selecting a row marks it on the map."""
    rows = found.rows[at]
    picked = np.flatnonzero(rows == url_state.number("row", -1))

    mark = int(rows[picked[0]]) if len(picked) else None
    widget = url_state.table_key("map_table", mark)

    def chosen() -> None:
        selected = st.session_state[widget].selection.rows
        row = int(rows[selected[0]]) if selected else None
        url_state.put("row", row)
        url_state.table_says("map_table", row)

    with st.expander(
        f"Table of the {count(len(at), 'item')} on the map", icon=":material/table_rows:", expanded=True
    ):
        listed = _rows(run, found, at)
        st.dataframe(
            listed,
            hide_index=True,
            key=widget,
            on_select=chosen,
            selection_mode="single-row",
            selection_default={"selection": {"rows": [int(place) for place in picked]}},
            height=320,
            column_config={"Text": st.column_config.TextColumn(width="large")},
            alt="Items of the map",
        )
        parts.rows_csv(listed, f"{run.id}.csv", key="map_rows_csv")


def _rows(run: RunSummary, found: Evolution, at: NDArray[np.intp]) -> pd.DataFrame:
    last = {f"Norm, {name}": norms[-1, at].round(4) for name, norms in found.norms.items()}
    texts = browsing.texts(
        page.workspace(), run.dataset or "", found.rows[at].tolist(), at=run.dataset_version
    )
    columns: dict[str, Any] = {"Row": found.rows[at], "Id": [found.ids[place] for place in at]}
    if any(texts):
        columns["Text"] = [cut(text, limit=200) for text in texts]
    if any(found.labels):
        columns["Label"] = [found.labels[place] for place in at]
    columns["Part"] = np.where(np.asarray(found.heldout, dtype=bool)[at], "held out", "training")
    return pd.DataFrame(columns | last)
