"""Who works on a queue: what each may do, how much each decided and saw, and the reminder of breaks."""

from __future__ import annotations

import time

import pandas as pd
import streamlit as st

from qlatent.services.triage import audit, people
from qlatent.services.triage.queues import QueueView
from qlatent.services.triage.workload import Workload, workload
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import literal
from qlatent.ui.triage import settings, you

SPANS = {"24 hours": 1, "7 days": 7, "30 days": 30}
LONGEST_BREAK = 240
BREAK = "break_minutes"
_DAY = 86_400.0


@page.fragment
def section(view: QueueView) -> None:
    """Draw throughput and exposure by person, permissions, and the analyst's own reminder."""
    st.markdown(
        "**What each has done**",
        help="Seen: items that were looked at one by one; of a group decision the examples of its preview. Who decides "
        "groups sees fewer.",
    )  # fmt: skip
    span = st.segmented_control(
        "Of the last", list(SPANS), default="24 hours", required=True, key="triage_people_span"
    )
    now = time.time()
    since = now - SPANS[span] * _DAY
    names = audit.actors(page.workspace(), view.id)
    rows = [(name, workload(page.workspace(), view.id, by=name, since=since, now=now)) for name in names]
    table = pd.DataFrame([_row(name, each) for name, each in rows])
    st.dataframe(
        table, hide_index=True, key="triage_people", height="content", alt="What each person has done"
    )
    _reminder()
    settings.permissions()


def _row(name: str, done: Workload) -> dict[str, object]:
    return {
        "Who": name,
        "Decisions": done.decisions,
        "Cases decided": done.items,
        "Seen": done.exposures,
        "Decisions an hour": None if done.per_hour is None else round(done.per_hour),
    }


def _reminder() -> None:
    """The reminder of breaks of whoever uses this tab; 0 is off, as it is to begin with."""
    own = you.name()
    st.number_input(
        f"Remind {literal(own, limit=40)} of a break after (minutes)", 0, LONGEST_BREAK, minutes(own), step=5,
        key="triage_break_minutes", on_change=_changed, width=320,
        help="0: never. It is kept for your name; nobody else sees it. Ten minutes without a step count as a break.",
    )  # fmt: skip


def minutes(name: str) -> int:
    """After how many minutes of work a name wants to be reminded; 0 for never."""
    kept = people.personal(page.workspace(), name).get(BREAK, 0)
    return int(kept) if isinstance(kept, int | float) else 0


def break_due(view: QueueView) -> None:
    """Say that a break is due, for whoever asked for it."""
    own, now = you.name(), time.time()
    after = minutes(own)
    if (
        after
        and (done := workload(page.workspace(), view.id, by=own, since=now - _DAY / 2, now=now)).minutes
        >= after
    ):
        st.info(
            f"You have worked for {done.minutes:.0f} minutes and looked at {done.exposures:,} items. Time for a break.",
            icon=":material/self_improvement:",
        )  # fmt: skip


def _changed() -> None:
    with page.guarded():
        people.keep_personal(
            page.workspace(), you.name(), {BREAK: int(st.session_state["triage_break_minutes"])}
        )
