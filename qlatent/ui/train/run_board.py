"""Shows one training run live: progress, losses, the newest frame of the map and its quality metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from qlatent.plots.losses import losses
from qlatent.services.heads import kept_heads
from qlatent.services.runs import listing, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import ImageTraining, RetrievalTraining
from qlatent.ui.latent_map import maps
from qlatent.ui.shell import owners, page, parts, url_state
from qlatent.ui.shell.formatting import ago, count, literal
from qlatent.ui.shell.progress import progress
from qlatent.ui.train import image_board, retrieval_board
from qlatent.ui.train.run_list import run_list

PANELS: dict[type, Callable[[RunSummary, Any], None]] = {
    ImageTraining: image_board.board,
    RetrievalTraining: retrieval_board.board,
}
"""What a kind of training shows below map and losses."""
REDRAWS = 60
"""Upper limit on how often the loss figure is redrawn during a run; the browser rebuilds it each time."""


def header(run: RunSummary) -> None:
    """Name and state of the run, with the buttons that apply to its state."""
    workspace = page.workspace()
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parts.name(run.name)
        parts.badge(run.state)
        st.space("stretch")
        if run.active:
            if st.button("Stop", key="run_stop", icon=":material/stop:"):
                queue.stop(workspace, run.id)
                st.rerun(scope="app")
        elif run.state != "finished" and st.button("Resume", key="run_resume", icon=":material/play_arrow:"):
            queue.resume(workspace, run.id)
            st.rerun(scope="app")
        if not run.active and st.button(
            "Start over",
            key="run_again",
            icon=":material/restart_alt:",
            help="Start a new run with the same settings. This one stays.",
        ):
            url_state.put("run", queue.start_over(workspace, run.id))
            st.rerun(scope="app")
        if run.state != "running" and st.button("Remove", key="run_remove", icon=":material/delete:"):
            confirm_removal(run)


@st.dialog("Remove this run?", icon=":material/delete:")
def confirm_removal(run: RunSummary) -> None:
    """Ask before removing a run."""
    st.markdown(literal(run.name))
    owners.made_by(run.owner)
    st.caption(
        "You can restore it for a day; then its losses, snapshots and checkpoints are deleted. "
        "A head kept from it stays on the page Heads."
    )
    if st.button("Remove", type="primary", key="run_remove_yes", icon=":material/delete:"):
        with page.guarded():
            queue.remove(page.workspace(), run.id)
            url_state.put("run", None)
            st.rerun()


def loss_chart(run: RunSummary) -> None:
    """The parts of the loss so far, on training and on held-out pairs."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Losses**", width="content")
        st.space("stretch")
        log = st.toggle("Log scale", key="log", bind="query-params")
    figure = loss_figure(run, log=log)
    if figure is None:
        if run.state == "finished":
            st.caption("No training step was made, so this head has learned nothing.")
        else:
            st.skeleton(height=300)
        return
    look = {"displayModeBar": False}
    st.plotly_chart(figure, key="losses", config=look, alt="Loss parts over the steps")


def loss_figure(run: RunSummary, *, log: bool = False) -> go.Figure | None:
    """The figure of the losses so far, cached; None before the first step."""
    beat = max(1, run.status.steps // REDRAWS) if run.state == "running" else 1
    until = max(run.status.step - run.status.step % beat, 1)
    written = f"{run.state} {run.status.attempt}"  # the log may be a moment behind the status until it ends
    return _losses(str(page.workspace().path), run.id, written, until, log)


@st.cache_resource(max_entries=16, show_spinner=False)
def _losses(path: str, run_id: str, written: str, until: int, log: bool) -> go.Figure | None:
    workspace = page.workspace()
    train, held = (
        {name: values[columns["step"] <= until] for name, values in columns.items()}
        for columns in (listing.losses(workspace, run_id), listing.evaluations(workspace, run_id))
    )
    return losses(train, held, log=log) if len(train["step"]) else None


def after(run: RunSummary) -> None:
    """Buttons that lead from a finished run to its map and its head."""
    workspace = page.workspace()
    with st.container(horizontal=True, gap="small"):
        if st.button("Explore the map", type="primary", key="run_explore", icon=":material/scatter_plot:"):
            url_state.go("explore", run=run.id)
        head = next((each for each in kept_heads.list_heads(workspace) if each.run_id == run.id), None)
        if head:
            st.download_button(
                "Download head",
                key="run_download",
                icon=":material/download:",
                file_name=f"{head.id}.zip",
                data=lambda: kept_heads.download_zip(workspace, head.id),
                mime="application/zip",
                on_click="ignore",
            )
            if st.button("Use head", key="run_use", icon=":material/deployed_code:"):
                url_state.go("heads", head=head.id)


def body(run: RunSummary) -> None:
    """Everything about the run below its header."""
    progress(run)
    if run.state == "queued" and not run.status.step:
        return
    if run.state == "finished":
        after(run)
    parts.beyond_builtin(run.encoder, run.dataset)
    left, right = st.columns([1.1, 1], gap="medium")
    with left:
        maps.newest(run)
    with right:
        loss_chart(run)
    maps.quality(run)
    if (panel := PANELS.get(type(run.spec))) is not None:
        panel(run, run.spec)
    st.caption(f"Run {run.id} · started {ago(run.created)} · attempt {max(1, run.status.attempt)}")


def follow_link(views: list[RunSummary]) -> None:
    """If the URL names a run but no dataset, choose the run's dataset in the form."""
    named = next((each for each in views if each.id == url_state.get("run")), None)
    if named is not None and named.dataset and "dataset" not in st.query_params:
        url_state.put("dataset", named.dataset)


def _listed(views: list[RunSummary]) -> list[RunSummary]:
    """The runs on the chosen dataset, without those of experiments; all runs if the user switches to all."""
    here = [each for each in views if each.dataset == url_state.get("dataset")]
    shown = [each for each in here if not each.part_of or each.active] or here
    left_out = {each.id for each in views} - {each.id for each in shown}
    if not left_out:
        return views
    of_experiments = "in experiments" if len(here) > len(shown) else ""
    elsewhere = "on other datasets" if len(views) > len(here) else ""
    what = " and ".join(filter(None, [of_experiments, elsewhere]))
    if url_state.get("run") in left_out:
        st.session_state["train_every_run"] = True
    every = st.toggle(f"Show {count(len(left_out), 'more run')} {what}", key="train_every_run")
    return views if every else shown


def _none_here() -> None:
    parts.empty(
        "No run on this dataset yet",
        "Press Start training. The map appears here while the head learns.",
        icon=":material/model_training:",
    )


def board(*, polled: bool) -> None:
    """The list of runs and the selected run; polled every second while any run is active."""

    def show() -> None:
        with page.guarded():
            views = listing.list_runs(page.workspace(), "train")
            if polled and not any(each.active for each in views):
                st.rerun(
                    scope="app"
                )  # before Resume is drawn: a click on it would go down with this fragment
            listed = _listed(views)
            if not listed:
                _none_here()
                return
            chosen = run_list(listed, key="train_runs")
            run = next(each for each in views if each.id == chosen)
            header(run)
            body(run)

    st.fragment(show, run_every=1.0 if polled else None)()
