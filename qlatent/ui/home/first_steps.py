"""The first step of each of the three people who come here: one card each, one click to where it happens."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from qlatent.services.runs.listing import RunSummary
from qlatent.services.triage import background, queues
from qlatent.ui.shell import dataset_cache, page, url_state, who

ORDER = "risk"  # the order that a new queue has on the page Triage, too


def first_steps(run: RunSummary | None, beside: RunSummary | None = None) -> None:
    """Draw the cards; Explore opens `run` with `beside`, Triage the first case of its dataset. Lessons need neither."""
    cards = (
        ("explore", "Explore", ":material/scatter_plot:", "Open the map",
         "Point at a dot to see its picture, its text and its neighbours before and after compression.",
         lambda: _explore(run, beside)),
        ("learn", "Teach or learn", ":material/school:", "Open the lessons",
         "Ten-minute lessons with live figures. `qlatent class open` lets a room of laptops follow, without accounts.",
         lambda: url_state.go("learn")),
        ("triage", "Review listings", ":material/fact_check:", "Decide the first case",
         "Listings one by one, from the keyboard: what is like them, where they lie on the map, a log of everything.",
         lambda: _triage(run)),
    )  # fmt: skip
    with st.grid(len(cards), min_column_width=220) as grid:
        for each in cards:
            with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
                _card(*each, ready=run is not None or each[0] == "learn")


def _card(
    key: str, name: str, icon: str, label: str, text: str, act: Callable[[], None], *, ready: bool
) -> None:
    st.markdown(f"{icon} **{name}**")
    st.caption(text)
    wanted = "" if ready else "This needs a map: prepare the demo or train a head first."
    if st.button(
        label, key=f"home_{key}", icon=":material/arrow_forward:", disabled=not ready, help=wanted or None
    ):
        with page.guarded():
            act()


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
