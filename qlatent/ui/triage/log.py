"""The log of a queue: what was done, newest first, undone or reopened from here, and written to files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from qlatent.services.exports import triage as files
from qlatent.services.triage import audit, background, casework, people
from qlatent.services.triage.audit import TriageEvent
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page
from qlatent.ui.shell.formatting import count, cut, literal
from qlatent.ui.triage import acting, words, you

PAGE = 100
KINDS = (
    "decided", "reopened", "undone", "skipped", "held", "handed", "released", "noted", "reviewed", "golden", "created",
    "configured", "ordered", "renamed", "filled", "removed",
)  # fmt: skip
BEFORE = "triage_log_before"  # the events before which further pages begin


@page.fragment
def section(view: QueueView) -> None:
    """Draw the log with its filters, what can be done with an event, and the files."""
    acting.said()
    actor, kind, item = _filters(view)
    asked = (view.id, actor, kind, item)
    if st.session_state.get("triage_log_asked") != asked:
        st.session_state.update({"triage_log_asked": asked, BEFORE: []})
    before: list[int] = st.session_state[BEFORE]
    since = before[-1] if before else None
    events = audit.recent(
        page.workspace(), view.id, most=PAGE + 1, before=since, actor=actor, kind=kind, item=item
    )
    further, events = len(events) > PAGE, events[:PAGE]
    if not events:
        st.info("No event is like this.", icon=":material/search_off:")
    else:
        undone = audit.undone(page.workspace(), events)
        _table(view, events, undone)
        _pages(events, before, further=further)
        _event(view, events, undone)
    _files(view)


def _filters(view: QueueView) -> tuple[str, str, str]:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        actor = st.selectbox(
            "Who", audit.actors(page.workspace(), view.id), index=None, key="triage_log_actor", placeholder="Everybody"
        )  # fmt: skip
        kind = st.selectbox("What", KINDS, index=None, key="triage_log_kind", placeholder="Everything")
        item = st.text_input("Item", key="triage_log_item", placeholder="Id of an item")
    return actor or "", kind or "", item.strip()


def _table(view: QueueView, events: list[TriageEvent], undone: set[int]) -> None:
    zone = ZoneInfo(st.context.timezone) if st.context.timezone else UTC
    rows = [
        {
            "Event": each.id,
            "When": datetime.fromtimestamp(each.time, zone).strftime("%Y-%m-%d %H:%M:%S"),
            "Who": each.actor,
            "What": _what(each) + (", undone" if each.id in undone else ""),
            "Items": each.item_id or _items(each),
            "Decision": words.decision(view.policy, each.code) if each.code else "",
            "Reason": words.reason(view.policy, each.reason) if each.reason else "",
            "Note": cut(each.note, limit=200),
        }
        for each in events
    ]
    st.dataframe(
        pd.DataFrame(rows), hide_index=True, height="content" if len(rows) < 15 else 560, key="triage_log",
        alt="Events of the queue, newest first",
    )  # fmt: skip


def _what(event: TriageEvent) -> str:
    if event.undoes is not None:
        return f"undid event {event.undoes}"
    how = event.payload.get("how", "single")
    return event.kind if how == "single" else f"{event.kind} a group ({how})"


def _told(event: TriageEvent) -> str:
    return f"{event.id} · {event.actor} {_what(event)} {event.item_id or _items(event)}"


def _items(event: TriageEvent) -> str:
    number = event.payload.get("items", event.payload.get("cases"))
    return count(int(number), "case") if isinstance(number, int) else ""


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


def _event(view: QueueView, events: list[TriageEvent], undone: set[int]) -> None:
    """Choose an event of the page, and undo it, reopen its case, or open it."""
    able = {each.id: each for each in events if each.kind in casework.UNDOABLE or each.item_id}
    if not able:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        chosen = st.selectbox(
            "Event", list(able), key="triage_log_event", width=420,
            format_func=lambda each: _told(able[each]),
        )  # fmt: skip
        event = able[chosen]
        can = event.kind in casework.UNDOABLE and event.id not in undone
        st.button(
            "Undo this event", key="triage_log_undo", icon=":material/undo:", disabled=not can,
            on_click=_undo, args=(view.id, event.id), help="All its cases are then as the events before it say.",
        )  # fmt: skip
        st.button(
            "Reopen the case", key="triage_log_reopen", icon=":material/lock_open:", disabled=not event.item_id,
            on_click=acting.reopened, args=(view.id, event.item_id),
        )  # fmt: skip
        st.button(
            "Open the case", key="triage_log_open", icon=":material/open_in_new:", disabled=not event.item_id,
            on_click=acting.open_in_work, args=(event.item_id,),
        )  # fmt: skip


def _undo(queue: str, event: int) -> None:
    def done() -> None:
        _, items = casework.undo(page.workspace(), queue, by=you.name(), event=event)
        st.session_state[acting.TOLD] = f"Event {event} undone: {count(len(items), 'case')}"
        background.learn_soon(page.workspace(), queue)

    acting.guarded(done)


def _files(view: QueueView) -> None:
    """The buttons that write decisions and log to files, for whoever may."""
    st.markdown("**Files**")
    by = you.name()
    if "export" not in people.permitted(page.workspace(), by):
        st.caption(f"{literal(by)} may not {people.PERMISSIONS['export']}.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        ending = st.selectbox(
            "As", list(files.MIMES), key="triage_log_ending", width=140, format_func=lambda each: each[1:].upper(),
            help="In CSV, texts that a spreadsheet would run as formulas are escaped.",
        )  # fmt: skip
        labels: dict[files.What, str] = {"decisions": "Decisions", "log": "Log"}
        for what, label in labels.items():
            st.download_button(
                label, _content(view.id, what, ending, by), f"{view.id}-{what}{ending}", files.MIMES[ending],
                key=f"triage_log_download_{what}", icon=":material/download:", on_click="ignore",
            )  # fmt: skip


def _content(queue: str, what: files.What, ending: str, by: str) -> Callable[[], bytes]:
    """What makes the file when the button is clicked."""
    workspace = page.workspace()
    return lambda: files.content(workspace, queue, what=what, ending=ending, by=by)
