"""The ways of items over jobs in a step: the map with arrows, what each job has kept, and the numbers of one item."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from qlatent.plots import hardware as plots
from qlatent.services.hardware import placing, results
from qlatent.services.lessons import figures
from qlatent.services.lessons.figures import WaysShown
from qlatent.services.runs import listing
from qlatent.services.scenes.scenes import Source
from qlatent.ui.hardware import steps, way_map
from qlatent.ui.hardware.way_map import Ways
from qlatent.ui.latent_map import cameras
from qlatent.ui.latent_map.linked import refusal, told
from qlatent.ui.latent_map.point_map import PointMapEvent, point_map
from qlatent.ui.learn.figures import colours
from qlatent.ui.learn.figures.moving import REFUSED
from qlatent.ui.learn.links import Stand, refused
from qlatent.ui.shell import page, parts, url_state
from qlatent.ui.shell.formatting import count, literal


def draw(stand: Stand) -> None:
    """Draw the map with the ways of all items, or that of the open one alone, and what they come to."""
    figure = stand.figure
    if figure.frame > len(figure.jobs):
        raise refused("frame", figure.frame)
    found = figures.shown(page.workspace(), replace(figure, item=""))
    assert isinstance(found, WaysShown)
    ids, positions = found.placed.ids, found.placed.positions
    if figure.item and figure.item not in ids:
        raise refused("item", figure.item)
    if (camera := stand.now().camera) and not cameras.belongs(positions, camera):
        raise refused("camera", camera)
    opened = ids.index(figure.item) if figure.item else None
    shown = _ways(found, colours.switch(stand, _colours(found)), opened)
    chosen = None if opened is None else np.arange(len(ids)) == opened
    stage = figure.frame if figure.frame >= 0 else shown.last
    spec = way_map.spec(
        shown, placing.shown(found.placed, chosen), frame=stage,
        camera=cameras.read(positions, camera), reports=("frame", "camera"),
        title="Map of the items with their ways; the table below lists the same ones",
    )  # fmt: skip
    point_map(
        spec, key=f"learn_ways_{positions.digest[:8]}", height=stand.height,
        on_event=partial(told, partial(_happened, stand, found), REFUSED),
    )  # fmt: skip
    refusal(REFUSED)
    st.caption(_said(found, opened, stage))
    steps.figures_of(found.placed.stages[1:], found.kept, key="learn_jobs", but=figures.UNSHOWN)
    if opened is not None:
        _item(found, opened)
    _qubits(found)
    _table(stand, found, opened)


def _colours(found: WaysShown) -> list[str]:
    return ["label", "moved"] if any(found.placed.labels) else ["moved"]


def _ways(found: WaysShown, colour: str, opened: int | None) -> Ways:
    run = listing.summary(page.workspace(), found.jobs[-1].id)
    source = Source(dataset=run.dataset or "", version=run.dataset_version)
    return Ways(
        found.placed, found.rows, source, f"lesson {run.id}", None, colour, rings=opened is not None, opened=opened
    )  # fmt: skip


def _happened(stand: Stand, found: WaysShown, event: PointMapEvent) -> None:
    if event.clicked is not None:
        stand.change(item=found.placed.ids[event.clicked.row])
    if event.cleared:
        stand.change(item="")
    if event.frame is not None:
        stand.change(frame=event.frame)
    if event.camera is not None:
        stand.change(camera=cameras.written(found.placed.positions, event.camera))


def _said(found: WaysShown, opened: int | None, stage: int) -> str:
    """What the map shows, in words."""
    placed = found.placed
    way = " → ".join(placed.stages)
    said = f"{way}: the ways of {count(len(placed.ids), 'item')}. Click a point to see its own."
    if opened is not None:
        sampled = stage > 0 and found.jobs[stage - 1].errors[opened].any()
        ellipse = " The ellipse holds 95 % of repetitions, by the shots alone." if sampled else ""
        said = f"{way}: the way of the open item.{ellipse} Click into the empty map to see all ways."
    return f"{said} The axes show {placed.explained:.0%} of the variance of the exact places."


def _item(found: WaysShown, opened: int) -> None:
    """The numbers of the open item, each with its standard error by the shots."""
    exact = found.jobs[0].exact[opened]
    values = {
        "Qubit": [f"qubit {each}" for each in range(len(exact))],
        "Exact": [f"{each:.3f}" for each in exact],
    }
    for name, job in zip(found.placed.stages[1:], found.jobs, strict=True):
        pairs = zip(job.expectations[opened], job.errors[opened], strict=True)
        values[name] = [f"{value:.3f} ± {error:.3f}" if error else f"{value:.3f}" for value, error in pairs]
    with st.container(border=True, gap="small", key="learn_item"):
        name, label = found.placed.ids[opened], found.placed.labels[opened]
        st.markdown(f"**{literal(name, limit=80)}**" + (f" · {literal(label, limit=80)}" if label else ""))
        st.dataframe(
            pd.DataFrame(values),
            hide_index=True,
            key="learn_values",
            alt="⟨Z⟩ of each qubit of the open item",
        )


def _qubits(found: WaysShown) -> None:
    """What the last job leaves of each qubit's values, and by how much it is off on average."""
    lines = results.lines(found.jobs[-1])
    st.markdown(f"**Slope and bias of each qubit: {literal(found.placed.stages[-1], limit=80)}**")
    st.plotly_chart(
        plots.qubits([each.slope for each in lines], [each.bias for each in lines], height=220), key="learn_qubits",
        config={"displayModeBar": False}, alt="Slope and bias of each qubit",
    )  # fmt: skip
    st.caption(
        "Slope: what is left of each value. Bias: the mean of measured − exact. Without errors: 1 and 0."
    )


def _table(stand: Stand, found: WaysShown, opened: int | None) -> None:
    """All items with how far each job has moved them; selecting a row opens its item."""
    with st.expander(
        "Table of the items", icon=":material/table_rows:", key="learn_items", on_change="rerun"
    ) as drawer:
        if not drawer.open:
            return
        key = url_state.table_key("learn_rows", (found.jobs[-1].id, opened))

        def chosen() -> None:
            rows = st.session_state[key].selection.rows
            url_state.table_says("learn_rows", (found.jobs[-1].id, rows[0] if rows else None))
            stand.change(item=found.placed.ids[rows[0]] if rows else "")

        table: dict[str, object] = {"Item": found.placed.ids, "Label": found.placed.labels}
        for name, job in zip(found.placed.stages[1:], found.jobs, strict=True):
            table[f"Moved by: {name}"] = np.linalg.norm(job.latents - job.exact_latents, axis=1).round(3)
        st.dataframe(
            pd.DataFrame(table), hide_index=True, key=key, on_select=chosen, selection_mode="single-row",
            selection_default={"selection": {"rows": [] if opened is None else [opened]}}, height=parts.LIST_HEIGHT,
            alt="Items of the map",
        )  # fmt: skip
