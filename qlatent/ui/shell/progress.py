"""Shows the progress of a run: bar, rate, time left, or why it stopped."""

from __future__ import annotations

import streamlit as st

from qlatent.services.runs import listing, naming, queue
from qlatent.services.runs.listing import RunSummary
from qlatent.settings import settings
from qlatent.ui.shell import dataset_cache, page, parts
from qlatent.ui.shell.formatting import duration, literal

UNITS = {
    "train": "steps",
    "encode": "items",
    "probe": "batches",
    "layout": "epochs",
    "hardware": "items",
}  # the unit of a run's steps, by kind; other kinds show a percentage


def progress(run: RunSummary) -> None:
    """The progress bar of a run with rate and time left, or the reason it is not running."""
    status = run.status
    if run.state == "queued":
        st.info(waiting(run), icon=":material/schedule:")
        return
    if run.state in ("failed", "interrupted"):
        message = literal(status.error, limit=2000) or "Its process was killed."
        remedy = literal(status.remedy, limit=2000) or "Resume it from its last checkpoint or remove it."
        st.warning(remedy, title=message)
    st.progress(run.progress, text=_progress_text(run))


def waiting(run: RunSummary) -> str:
    """A queued run's position, and about when it starts."""
    found = naming.waiting(listing.list_runs(page.workspace()), run.id, workers=settings().max_runs)
    place = "Next in the queue" if found.place == 1 else f"Number {found.place} in the queue"
    if found.seconds is None:
        return f"{place}. It starts when the runs before it have ended."
    return (
        f"{place}. It starts in about {duration(found.seconds)}."
        if found.seconds
        else f"{place}. It starts now."
    )


def _progress_text(run: RunSummary) -> str:
    status, unit = run.status, UNITS.get(run.kind)
    if not status.steps:
        return run.message.capitalize() if run.active else run.state.capitalize()
    parts = [f"{status.step:,} of {status.steps:,} {unit}" if unit else f"{run.progress:.0%}"]
    if run.state == "running" and status.phase:
        parts.insert(0, status.phase)
    if run.active and status.rate and unit:
        parts.append(f"{status.rate:,.1f} {unit}/s")
    if run.active and status.seconds_left is not None:
        parts.append(f"{duration(status.seconds_left)} left")
    return " · ".join(parts)


def followed(run_id: str, *, key: str, polled: bool) -> None:
    """A run with its name, progress, Stop and Resume; polled every second until it ends."""

    def show() -> None:
        with page.guarded():
            workspace = page.workspace()
            run = listing.summary(workspace, run_id)
            if polled and not run.active:
                dataset_cache.changed()
                st.rerun(
                    scope="app"
                )  # before Resume is drawn: a click on it would go down with this fragment
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(literal(run.name, limit=60), width="content")
                parts.badge(run.state)
                if run.active and st.button("Stop", key=f"{key}_stop", icon=":material/stop:"):
                    queue.stop(workspace, run_id)
                goes_on = not run.active and run.state != "finished"
                if goes_on and st.button("Resume", key=f"{key}_resume", icon=":material/play_arrow:"):
                    queue.resume(workspace, run_id)
                    st.rerun(scope="app")
            progress(run)

    st.fragment(show, run_every=1.0 if polled else None)()
