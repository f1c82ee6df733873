"""The page Explore: the moving map of a run's latent space, and single items on it."""

from __future__ import annotations

import streamlit as st

from qlatent.services.runs import listing, naming
from qlatent.ui.explore import evolution
from qlatent.ui.shell import page, parts, url_state

workspace = page.workspace()
trained = [each for each in listing.list_runs(workspace, "train") if each.status.step]
views = {each.id: each for each in naming.own_first(trained)}
TITLE = (
    "Explore",
    "Replay the training, colour points by their norm, and see which neighbours stayed neighbours.",
)
url_state.refuse_gone("run", views, what="run with a map")
if not views:
    parts.title(*TITLE)
    parts.empty(
        "No map yet",
        "The map appears after a run's first training step.",
        icon=":material/scatter_plot:",
        to="train",
        button="Train a head",
    )
    st.stop()


names = naming.names(views.values())


def label(run_id: str) -> str:
    """The name of a run in the picker."""
    run = views[run_id]
    part = f"{run.part_of.removeprefix('an ')}: " if run.part_of else ""
    return f"{part}{names[run_id]} · {run.state} · {run.status.step:,} steps"


heading, picker = st.columns([1, 1.1], vertical_alignment="bottom")
with heading:
    parts.title(*TITLE)
with picker, st.container(horizontal=True, vertical_alignment="bottom"):
    chosen = url_state.pick("Run", list(views), name="run", names=label, width=520)
    if views[chosen].active:
        st.button("Newest frames", key="explore_refresh", icon=":material/refresh:")
evolution.explorer(views[chosen])
