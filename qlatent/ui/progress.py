"""How far a run is: bar, rate, time left, or why it does not go on."""

from __future__ import annotations

import streamlit as st

from qlatent.services.runs import RunView
from qlatent.ui.words import duration, literal

UNITS = {
    "train": "steps",
    "encode": "items",
}  # what the steps of a run of this kind are; else a share is shown


def progress(run: RunView) -> None:
    """How far it is, how fast, and how long it will still take."""
    status = run.status
    if run.state == "queued":
        st.info(
            "Waiting for a free place. Runs start in the order in which they were queued.",
            icon=":material/schedule:",
        )
        return
    if run.state in ("failed", "interrupted"):
        said = literal(status.error, limit=2000) or "Its process ended without a word."
        remedy = literal(status.remedy, limit=2000) or "Resume it from its last checkpoint, or remove it."
        st.warning(remedy, title=said)
    st.progress(run.progress, text=_said(run))


def _said(run: RunView) -> str:
    status, unit = run.status, UNITS.get(run.kind)
    if not status.steps:
        return run.message.capitalize() if run.active else run.state.capitalize()
    parts = [f"{status.step:,} of {status.steps:,} {unit}" if unit else f"{run.progress:.0%}"]
    if run.active and status.rate and unit:
        parts.append(f"{status.rate:,.1f} {unit}/s")
    if run.active and status.seconds_left is not None:
        parts.append(f"{duration(status.seconds_left)} left")
    return " · ".join(parts)
