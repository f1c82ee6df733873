"""The first step of each of the three people who come here, one click to where it happens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from qlatent.services.runs.listing import RunSummary
from qlatent.services.triage import background, queues
from qlatent.ui.shell import dataset_cache, page, url_state, who

ORDER = "risk"  # the order that a new queue has on the page Triage, too


@dataclass(frozen=True)
class _Step:
    key: str
    name: str
    icon: str
    text: str
    act: Callable[[], None]


def first_steps(run: RunSummary | None, beside: RunSummary | None = None, *, in_a_row: bool = False) -> None:
    """Draw the steps; Explore opens `run` with `beside`, Triage the first case of its dataset. Lessons need neither.

    They are cards with a sentence each, or `in_a_row` of buttons above the maps, where the sentence is the help.
    """
    steps = (
        _Step("explore", "Explore the map", ":material/scatter_plot:",
              "Point at a dot to see its picture, its text and its neighbours before and after compression.",
              lambda: _explore(run, beside)),
        _Step("learn", "Learn, or teach a class", ":material/school:",
              "Ten-minute lessons with live figures. `qlatent class open` lets a room of laptops follow, without "
              "accounts.",
              lambda: url_state.go("learn")),
        _Step("triage", "Review listings", ":material/fact_check:",
              "Listings one by one, from the keyboard: what is like them, where they lie on the map, a log of "
              "everything.",
              lambda: _triage(run)),
    )  # fmt: skip
    if in_a_row:
        with st.container(horizontal=True, gap="small", key="home_steps"):
            for step in steps:
                _button(step, help=step.text)
        return
    with st.grid(len(steps), min_column_width=220) as grid:
        for step in steps:
            with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
                st.caption(step.text)
                ready = run is not None or step.key == "learn"
                wanted = None if ready else "This needs a map: prepare the demo or train a head first."
                _button(step, help=wanted, disabled=not ready)


def _button(step: _Step, *, help: str | None, disabled: bool = False) -> None:
    if st.button(step.name, key=f"home_{step.key}", icon=step.icon, disabled=disabled, help=help):
        with page.guarded():
            step.act()


def _explore(run: RunSummary | None, beside: RunSummary | None) -> None:
    assert run is not None  # else the button is disabled
    other = {"explore_beside": f"run-{beside.id}"} if beside else {}
    url_state.go("explore", run=run.id, **other)


def _triage(run: RunSummary | None) -> None:
    """Open the newest queue of the dataset with an open case; a dataset without a queue gets one of all its items."""
    assert run is not None
    workspace, dataset = page.workspace(), dataset_cache.all_datasets().get(run.dataset or "")
    if dataset is None or dataset.lost:
        url_state.go("triage")
        return
    there = [each for each in queues.listed(workspace, analyst=who.name()) if each.dataset == dataset.id]
    chosen = next((each for each in reversed(there) if each.counts.open), there[-1] if there else None)
    if chosen is None:
        chosen = queues.create(
            workspace, dataset.id, name=f"Review of {dataset.name}"[: queues.LONGEST_NAME], order=ORDER, by=who.name()
        )  # fmt: skip
        background.learn_soon(workspace, chosen.id, always=True)
    url_state.go("triage", queue=chosen.id)
