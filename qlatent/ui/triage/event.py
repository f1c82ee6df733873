"""One event of the log: what was done, to which cases, what was on screen, and what can be done about it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from qlatent.services.triage import audit, background, cases, casework, people
from qlatent.services.triage import tiles as service
from qlatent.services.triage.audit import TriageEvent
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page, parts
from qlatent.ui.shell.formatting import ago, count, literal
from qlatent.ui.triage import acting, words, you
from qlatent.ui.triage.tiles import tiles

SHOWN = 12


def event(
    view: QueueView, chosen: TriageEvent, undone_by: int | None, *, on_other: Callable[[int], None]
) -> None:
    """Draw an event; `undone_by` is the number of the one that took it back. `on_other` shows another event."""
    items = audit.items(page.workspace(), chosen)
    with st.container(border=True, gap="small", key="triage_event"):
        what = f"{literal(chosen.actor, limit=60)} {literal(words.happened(chosen))}"
        if chosen.code:
            what += f" as {literal(words.decision(view.policy, chosen.code))}"
        if chosen.reason:
            what += f", {literal(words.reason(view.policy, chosen.reason))}"
        st.markdown(f"**Event {chosen.id}** · {what} · {ago(chosen.time)}")
        parts.foreign(chosen.note, limit=1000)
        if told := _seen(chosen):
            st.caption(told)
        _items(view, chosen, items)
        _actions(view, chosen, undone_by, on_other)


def _seen(chosen: TriageEvent) -> str:
    """What was on screen, as far as the event keeps it."""
    kept = chosen.payload
    told = [literal(str(kept["why"]))] if kept.get("why") else []
    if isinstance(score := kept.get("score"), float):
        told.append(f"risk {score:.0%}" + (", hidden" if kept.get("score_hidden") else ""))
    if neighbours := kept.get("neighbours"):
        told.append(count(len(neighbours), "similar item"))
    if examples := kept.get("examples"):
        told.append(f"{count(len(examples), 'member')} looked at")
    if excluded := kept.get("excluded"):
        told.append(f"{len(excluded):,} left out")
    if isinstance(seconds := kept.get("seconds"), int | float):
        told.append(f"{seconds:,.0f} s on screen")
    return f"Shown then: {', '.join(told)}." if told else ""


def _items(view: QueueView, chosen: TriageEvent, items: list[str]) -> None:
    """The cases of the event as they are now; a click on a title opens one."""
    if not items:
        return
    found = [] if view.gone else service.tiles(page.workspace(), view.id, items[:SHOWN])
    tiles(view, found, of=f"event {chosen.id}", key="triage_event_items", on_open=acting.open_in_work)
    if gone := min(len(items), SHOWN) - len(found):
        lost = sorted(set(items[:SHOWN]) - {each.item for each in found})
        named = ", ".join(literal(each, limit=60) for each in lost)
        st.caption(f"{count(gone, 'item')} no longer there: {named}")
    if len(items) > SHOWN:
        st.caption(f"{SHOWN} of {len(items):,} cases are shown. All are in the files below.")


def _actions(
    view: QueueView, chosen: TriageEvent, undone_by: int | None, on_other: Callable[[int], None]
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        other = chosen.undoes if chosen.undoes is not None else undone_by
        if undone_by is not None:
            st.markdown("Taken back", width="content")
        elif chosen.kind in casework.UNDOABLE:
            may = chosen.actor == you.name() or "configure" in people.permitted(page.workspace(), you.name())
            st.button(
                "Undo this event", key="triage_log_undo", icon=":material/undo:", disabled=not may,
                on_click=_undo, args=(view.id, chosen.id),
                help="Its cases are then as the events before it say." if may else
                "Only who may configure queues takes back what somebody else did.",
            )  # fmt: skip
        if other is not None:
            st.button(
                f"Show event {other}", key="triage_log_other", icon=":material/arrow_forward:",
                on_click=on_other, args=(other,),
            )  # fmt: skip
        if chosen.item_id:
            st.button(
                "Open the case", key="triage_log_open", icon=":material/open_in_new:", on_click=acting.open_in_work,
                args=(chosen.item_id,), disabled=view.gone,
            )  # fmt: skip
            st.button(
                "Reopen the case", key="triage_log_reopen", icon=":material/lock_open:", on_click=acting.reopened,
                args=(view.id, chosen.item_id), disabled=not cases.code(page.workspace(), view.id, chosen.item_id),
            )  # fmt: skip


def _undo(queue: str, number: int) -> None:
    def done() -> None:
        _, items = casework.undo(page.workspace(), queue, by=you.name(), event=number)
        st.session_state[acting.TOLD] = f"Event {number} undone: {count(len(items), 'case')}"
        background.learn_soon(page.workspace(), queue)

    acting.guarded(done)
