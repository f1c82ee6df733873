"""Part of the page Compare: the table, or two maps, as a step of a lesson."""

from __future__ import annotations

from functools import partial

import streamlit as st

from qlatent.errors import InputError
from qlatent.services.datasets import browsing
from qlatent.services.experiments.grid import Experiment
from qlatent.services.lessons.drafts import drafting
from qlatent.services.lessons.drafts.drafting import Draft
from qlatent.ui.compare import linked_maps, tables
from qlatent.ui.compare.experiment import rows
from qlatent.ui.drafts import button
from qlatent.ui.shell import page, url_state

MAPS, TABLE = "Side by side", "Table"


def use(found: Experiment, tab: str) -> None:
    """Draw the button that makes a step of what this tab shows."""
    button.button({tab: partial(_of_maps if tab == MAPS else _of_table, found, tab)}, key="compare")


def of_retrieval() -> None:
    """Draw the button for evaluations by retrieval; its dialog says that lessons have no figure for them."""
    button.button({"Retrieval": _no_retrieval}, key="compare")


def _of_table(found: Experiment, tab: str) -> Draft:
    remarks = [] if tab == TABLE else [f"Lessons have no figure for the tab {tab}: the step shows the table."]
    have = rows(found)
    if not have:
        raise InputError("Nothing is measured yet.", remedy="Wait until the first training has finished.")
    metrics = st.session_state.get(tables.METRICS) or tables.first(have)
    dims = st.session_state.get(tables.DIMS) or found.dims
    return drafting.of_table(page.workspace(), found, metrics, dim=dims[0], remarks=remarks)


def _of_maps(found: Experiment, tab: str) -> Draft:
    workspace, row = page.workspace(), url_state.number("row")
    item = "" if row is None else str(browsing.one(workspace, found.dataset, row)["id"])
    remarks = []
    if url_state.get("shown", "all") != "all":
        remarks.append("A step shows all points, of images and of texts.")
    if linked_maps.selected(found.dataset) is not None:
        remarks.append("A step does not keep the selection.")
    colour = url_state.get("tint") or next(iter(linked_maps.COLOURS))
    spaces = st.session_state.get("side_spaces") or []
    return drafting.of_two_maps(workspace, spaces, drafting.State(colour=colour, item=item), remarks=remarks)


def _no_retrieval() -> Draft:
    raise InputError(
        "Lessons have no figure for an evaluation by retrieval.",
        remedy="Switch to Experiments: they can be shown in a lesson, as a table or as two maps.",
    )
