"""The log of a queue: what was done, newest first, each event with its cases, and the files of it."""

from __future__ import annotations

from collections.abc import Container
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from qlatent.services.triage import audit
from qlatent.services.triage.audit import TriageEvent
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import cut
from qlatent.ui.triage import acting, event, files, words

PAGE = 100
KINDS = (
    "decided", "reopened", "undone", "skipped", "held", "handed", "released", "noted", "reviewed", "golden", "created",
    "configured", "ordered", "renamed", "filled", "removed",
)  # fmt: skip
FEW = 12  # rows that are shown without scrolling
BEFORE = "triage_log_before"  # the events before which further pages begin
CHOSEN, TURN = "triage_log_chosen", "triage_log_turn"


def section(view: QueueView) -> None:
    """Draw the log, and the files, whose buttons stay as they are while the log is looked through."""
    events(view)
    files.files(view)


@page.fragment
def events(view: QueueView) -> None:
    """Draw the events with their filters, and the one that is chosen."""
    acting.said("log")
    actor, kind, item = _filters(view)
    asked = (view.id, actor, kind, item)
    if st.session_state.get("triage_log_asked") != asked:
        st.session_state.update({"triage_log_asked": asked, BEFORE: []})
    before: list[int] = st.session_state[BEFORE]
    since = before[-1] if before else None
    found = audit.recent(
        page.workspace(), view.id, most=PAGE + 1, before=since, actor=actor, kind=kind, item=item
    )
    further, found = len(found) > PAGE, found[:PAGE]
    if not found:
        st.info("No event is like this.", icon=":material/search_off:")
    else:
        undone = audit.undone(page.workspace(), found)
        _table(view, found, undone)
        _pages(found, before, further=further)
    _chosen(view)


def _filters(view: QueueView) -> tuple[str, str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        actor = st.selectbox(
            "Who", audit.actors(page.workspace(), view.id), index=None, key="triage_log_actor", placeholder="Everybody"
        )  # fmt: skip
        kind = st.selectbox("What", KINDS, index=None, key="triage_log_kind", placeholder="Everything")
        item = st.text_input("Item", key="triage_log_item", placeholder="Id of an item")
    return actor or "", kind or "", item.strip()


def _table(view: QueueView, events: list[TriageEvent], undone: Container[int]) -> None:
    """Draw the events as rows that can be chosen."""
    zone = ZoneInfo(st.context.timezone) if st.context.timezone else UTC
    rows = [
        {
            "Event": each.id,
            "When": datetime.fromtimestamp(each.time, zone).strftime("%Y-%m-%d %H:%M:%S"),
            "Who": each.actor,
            "What": words.happened(each) + (", undone" if each.id in undone else ""),
            "Items": each.item_id or words.size(each),
            "Decision": words.decision(view.policy, each.code) if each.code else "",
            "Reason": words.reason(view.policy, each.reason) if each.reason else "",
            "Note": cut(each.note, limit=200),
        }
        for each in events
    ]
    place = next(
        (place for place, each in enumerate(events) if each.id == st.session_state.get(CHOSEN)), None
    )
    # a further event moves the rows, so that the table is a new one then
    key = f"triage_log_{events[0].id}_{events[-1].id}_{st.session_state.get(TURN, 0)}"

    def chose() -> None:
        marked = st.session_state[key].selection.rows
        st.session_state[CHOSEN] = events[marked[0]].id if marked else None

    column = st.column_config
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height="content" if len(rows) < FEW else 420, key=key,
        alt="Events of the queue, newest first", on_select=chose, selection_mode="single-row",
        selection_default={"selection": {"rows": [] if place is None else [place]}},
        column_config={"Event": column.NumberColumn(width=60), "What": column.TextColumn(width=260)},
    )  # fmt: skip


def _chosen(view: QueueView) -> None:
    """The event that was chosen, also one that is not among the rows."""
    number = st.session_state.get(CHOSEN)
    found = audit.one(page.workspace(), view.id, number) if number else None
    if found is None:
        st.caption("Choose a row to see what happened, open its cases, or undo it.")
        return
    event.event(view, found, audit.undone(page.workspace(), [found]).get(found.id), on_other=_choose)


def _choose(number: int) -> None:
    """Choose an event that stands elsewhere on the page."""
    st.session_state[CHOSEN] = number
    st.session_state[TURN] = st.session_state.get(TURN, 0) + 1


def _pages(events: list[TriageEvent], before: list[int], *, further: bool) -> None:
    if not before and not further:
        return
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Newer", key="triage_log_newer", icon=":material/arrow_back:", disabled=not before, on_click=_newer,
        )  # fmt: skip
        st.button(
            "Older", key="triage_log_older", icon=":material/arrow_forward:", disabled=not further,
            on_click=before.append, args=(events[-1].id,),
        )  # fmt: skip


def _newer() -> None:
    st.session_state[BEFORE].pop()
