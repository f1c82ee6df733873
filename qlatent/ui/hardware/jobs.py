"""Part of the page Hardware: the list of jobs, and where the chosen one stands."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from qlatent.services.hardware import listing
from qlatent.services.hardware.listing import JobView
from qlatent.ui.hardware import addresses, key
from qlatent.ui.shell import owners, page, parts, url_state
from qlatent.ui.shell.formatting import ago, count, duration, literal
from qlatent.ui.shell.progress import waiting

STATES: dict[str, tuple[str, Any, str]] = {
    "created": ("Preparing", "blue", ":material/hourglass_top:"),
    "here": ("Waiting here", "gray", ":material/schedule:"),
    "queued": ("Waiting for the device", "gray", ":material/schedule:"),
    "running": ("Running", "blue", ":material/play_circle:"),
    "cancelling": ("Cancelling", "orange", ":material/cancel:"),
    "key": ("Needs your key", "orange", ":material/key:"),
    "resume": ("Interrupted", "orange", ":material/power_off:"),
    "done": ("Done", "green", ":material/check_circle:"),
    "failed": ("Failed", "red", ":material/error:"),
    "cancelled": ("Cancelled", "gray", ":material/cancel:"),
}
"""The state of a job in plain words."""
COLOURS = {word: colour for word, colour, _ in STATES.values()}
SECONDS = 1.0
ENDED = ("done", "failed", "cancelled")


def state(view: JobView) -> str:
    """A key of `STATES`."""
    if view.waits_for:
        return view.waits_for
    if view.job.cancel_asked and view.state not in ENDED:
        return "cancelling"
    return "here" if view.run.state == "queued" and view.state not in ENDED else view.state


def board(*, polled: bool) -> None:
    """The list of jobs and the state of the chosen one; polled every second while a worker is busy with any."""

    def show() -> None:
        with page.guarded():
            views = listing.jobs(page.workspace())
            if polled and not any(each.run.active for each in views):
                st.rerun(
                    scope="app"
                )  # before Resume is drawn: a click on it would go down with this fragment
            named = table(views)
            chosen = next(each for each in views if each.id == named)
            _header(chosen)
            _body(chosen)
            if st.session_state["hardware_drawn"] != (chosen.id, chosen.state):
                st.rerun(scope="app")  # what the page draws of a job is below this fragment

    st.fragment(show, run_every=SECONDS if polled else None)()


def opened(views: Sequence[JobView]) -> JobView:
    """The job in the URL, by default the newest; call it before `board`, which reruns the page where it has changed."""
    chosen = next((each for each in views if each.id == url_state.get(addresses.JOB)), views[0])
    st.session_state["hardware_drawn"] = (chosen.id, chosen.state)
    return chosen


def table(views: Sequence[JobView]) -> str:
    """Draw the list, newest first, and return the id of the chosen job, by default the newest."""
    ids = [each.id for each in views]
    chosen = url_state.get(addresses.JOB)
    chosen = chosen if chosen in ids else ids[0]
    widget = url_state.table_key("hardware_jobs", (chosen, ids.index(chosen)))

    def selected() -> None:
        rows = st.session_state[widget].selection.rows
        if rows and rows[0] < len(ids):
            url_state.put(addresses.JOB, ids[rows[0]])
            url_state.table_says("hardware_jobs", (ids[rows[0]], rows[0]))

    st.dataframe(
        _rows(views),
        key=widget,
        on_select=selected,
        selection_mode="single-row-required",
        selection_default={"selection": {"rows": [ids.index(chosen)]}},
        hide_index=True,
        height="auto" if len(views) < parts.LONG else parts.LIST_HEIGHT,
        column_config=_columns(),
        alt="Jobs of this workspace",
    )
    url_state.put(addresses.JOB, chosen)
    return chosen


def _rows(views: Sequence[JobView]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "State": [[STATES[state(each)][0]] for each in views],
            "Device": [each.device for each in views],
            "Items": [len(each.spec.rows) if each.spec else 0 for each in views],
            "Shots": [each.spec.options.shots if each.spec else 0 for each in views],
            "Name": [each.run.name for each in views],
            "Created": pd.to_datetime([each.run.created for each in views], unit="s"),
        }
    )


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "State": column.MultiselectColumn(options=list(COLOURS), color=list(COLOURS.values()), width=150),
        "Items": column.NumberColumn(format="localized", width=70),
        "Shots": column.NumberColumn(format="localized", width=80, help="0: exact."),
        "Name": column.TextColumn(width="medium"),
        "Created": column.DatetimeColumn(format="distance", width=110),
    }


def _header(view: JobView) -> None:
    """Name and state of the job, with the buttons that apply to its state."""
    workspace, (word, colour, icon) = page.workspace(), STATES[state(view)]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        parts.name(view.run.name)
        st.badge(word, color=colour, icon=icon)
        st.space("stretch")
        goes_on = view.state not in ENDED and not view.job.cancel_asked
        if goes_on:
            cancel = functools.partial(listing.cancel, workspace, view.id)
            owners.cancel_button(view.run.name, view.run.owner, cancel, key="hardware_cancel")
        resumable = view.waits_for == "resume" or (
            view.state in ("failed", "cancelled") and not view.run.active
        )
        if resumable and st.button("Resume", key="hardware_resume", icon=":material/play_arrow:"):
            listing.resume(workspace, view.id)
            st.rerun(scope="app")
        if not view.run.active and st.button("Remove", key="hardware_remove", icon=":material/delete:"):
            confirm_removal(view)


@st.dialog("Remove this job?", icon=":material/delete:")
def confirm_removal(view: JobView) -> None:
    """Ask before removing a job."""
    st.markdown(literal(view.run.name))
    owners.made_by(view.run.owner)
    st.caption(
        "You can restore it for a day; then its results are deleted, and a new job would measure them again. What it "
        "used stays in the budget."
    )
    if st.button("Remove", type="primary", key="hardware_remove_yes", icon=":material/delete:"):
        with page.guarded():
            listing.remove(page.workspace(), view.id)
            url_state.put(addresses.JOB, None)
            st.rerun()


def _body(view: JobView) -> None:
    """Its progress, or why it does not go on."""
    if view.waits_for == "key":
        st.warning(
            literal(view.remedy, limit=2000) or "Enter the key of the same account, and the job goes on.",
            title=literal(view.reason, limit=2000) or "This job needs your key",
            icon=":material/key:",
        )
        _going_on(view)
    elif view.waits_for == "resume":
        st.warning("Press Resume: it goes on from where it was, and nothing is measured twice.",
                   title="The process that followed this job has ended", icon=":material/power_off:")  # fmt: skip
    elif view.state == "failed":
        remedy = (
            literal(view.remedy, limit=2000) or "Resume it, or submit a new job. What was measured is kept."
        )
        st.error(remedy, title=literal(view.reason, limit=2000) or "The job failed", icon=":material/error:")
    elif view.state == "done":
        if view.reason:
            st.warning(literal(view.reason, limit=2000), icon=":material/data_alert:")
    elif view.state != "cancelled":
        _progress(view)
    st.caption(_told(view))


def _going_on(view: JobView) -> None:
    """The form for a key, and with one of the same account the way to go on."""
    held = key.panel()
    if held is None:
        return
    account = key.opened(held).fingerprint
    if view.spec and view.spec.account not in ("", account):
        st.error("Forget it, and enter the key and the instance that the job was submitted with.",
                 title="This is the key of another account", icon=":material/key_off:")  # fmt: skip
    elif st.button("Go on with this key", key="hardware_go_on", type="primary", icon=":material/play_arrow:"):
        listing.resume(page.workspace(), view.id, broker=held.broker)
        st.rerun(scope="app")


def _progress(view: JobView) -> None:
    if view.run.state == "queued":
        st.info(waiting(view.run), icon=":material/schedule:")
        return
    total, status = max(view.job.total, 1), view.run.status
    said = [f"{view.job.done:,} of {view.job.total:,} items"] if view.job.total else []
    said = [status.phase, *said] if status.phase else said
    if view.job.queue:
        said.append(f"{count(view.job.queue, 'job')} before it on the device")
    if status.seconds_left is not None:
        said.append(f"{duration(status.seconds_left)} left")
    st.progress(min(view.job.done / total, 1.0), text=" · ".join(said) or "Starting")
    if view.reason:
        st.warning(
            literal(view.remedy, limit=2000) or "It is asked again.", title=literal(view.reason, limit=2000)
        )


def _told(view: JobView) -> str:
    job = view.job
    said = [f"Job {view.id}", f"created {ago(view.run.created)}"]
    if job.known:
        said.append(f"{count(job.known, 'item')} measured by earlier jobs")
    if job.seconds:
        said.append(f"{job.seconds:.2g} s {'on the device' if view.spec and view.spec.remote else 'of CPU'}")
    if job.duplicates:
        said.append(f"{count(len(job.duplicates), 'duplicate')} made by repeated requests, cancelled")
    return " · ".join(said)
