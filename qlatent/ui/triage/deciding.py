"""The decisions on a case as buttons with their keys, and everything else that can be done with it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import streamlit as st

from qlatent.services.triage import people
from qlatent.services.triage.cases import Case
from qlatent.services.triage.queues import QueueView
from qlatent.ui.shell import page, parts
from qlatent.ui.shell.formatting import ago, literal
from qlatent.ui.triage import acting, words, you

DELETES = (
    "A severe decision deletes the pictures of this item from the workspace, for everybody. Undoing brings back the "
    "decision but not the pictures, unless the file that they came from is imported once more."
)


def panel(view: QueueView, case: Case, *, own: bool) -> None:
    """Draw what the analyst can do with the case on screen."""
    with st.container(border=True, gap="small", key="triage_panel"):
        if not own:
            _not_own(view, case)
        elif acting.pending():
            _reasons(view, case)
        else:
            _decisions(view, case)
        if own:
            _note(view, case)
        _more(view, case, own=own)


def policy(view: QueueView) -> None:
    """Draw the text of the policy, if it has one."""
    if view.policy.text:
        with st.expander("Policy", icon=":material/gavel:", expanded=True, key="triage_policy"):
            parts.foreign(view.policy.text, limit=20_000)


def _decisions(view: QueueView, case: Case) -> None:
    st.markdown("**Decide**")
    with st.grid(2, min_column_width=130, gap="small") as grid:
        for each in view.policy.decisions:
            with grid.cell():
                _button(
                    each.label, each.key, f"decide_{each.code}", case, acting.decide, view.id, case.item, each.code,
                    icon=words.ICONS[each.kind],
                )  # fmt: skip


def _reasons(view: QueueView, case: Case) -> None:
    code = acting.pending()
    decision, label = view.policy.decision(code), literal(words.decision(view.policy, code))
    if decision.severe:
        st.warning(DELETES, icon=":material/hide_image:")
    if not decision.needs_reason:
        st.markdown(f"**{label}: delete its pictures?**")
        done = functools.partial(acting.decide, confirmed=True)
        _button(
            "Delete and decide", "y", f"confirm_{code}", case, done, view.id, case.item, code, look="primary"
        )
        _button("Another decision", "Esc", "back", case, acting.back, view.id, case.item, look="tertiary")
        return
    st.markdown(f"**{label}: for which reason?**")
    with st.grid(2, min_column_width=180, gap="small") as grid:
        for number, each in enumerate(view.policy.reasons, 1):
            with grid.cell():
                _button(
                    each.label, str(number), f"reason_{each.code}", case, acting.decide, view.id, case.item, code,
                    each.code,
                )  # fmt: skip
    _button("Another decision", "Esc", "back", case, acting.back, view.id, case.item, look="tertiary")


def _not_own(view: QueueView, case: Case) -> None:
    record = case.record
    if not record.code and record.gone:
        st.markdown(":material/delete_history: **This case cannot be decided: its item is gone**")
        st.caption("The dataset no longer has it. If it is imported again, the case comes back.")
    elif not record.code:
        who = literal(record.lease_by, limit=60) or "Somebody else"
        st.markdown(f":material/lock: **{who} has this case at present**")
    else:
        event = next((each for each in case.history if each.id == record.event_id), None)
        kind = words.kind(view.policy, record.code)
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown("**Decided as**", width="content")
            label = literal(words.decision(view.policy, record.code))
            st.badge(label, color=words.COLOURS[kind], icon=words.ICONS[kind])
        if event:
            st.caption(f"by {literal(event.actor, limit=60)}, {ago(event.time)}")
    with st.container(horizontal=True, gap="small"):
        st.button(
            "Next case", key="triage_next", type="primary", icon=":material/arrow_forward:",
            on_click=acting.next_case,
        )  # fmt: skip
        if record.code:
            st.button(
                "Reopen", key=f"triage_reopen_{case.item}", icon=":material/lock_open:",
                on_click=acting.reopen, args=(view.id, case.item),
            )  # fmt: skip


def _note(view: QueueView, case: Case) -> None:
    with st.container(key="triage_note", gap="xsmall"):
        st.text_area(
            f"Note `{view.policy.keys.get('note', '')}`", key=acting.note_key(case.item), height=68, max_chars=5_000,
            placeholder="Stored with the decision", help="Esc leaves the field.",
        )  # fmt: skip
        if st.session_state.get(acting.note_key(case.item), "").strip():
            st.button(
                "Store the note without deciding", key=f"triage_keep_note_{case.item}", type="tertiary",
                icon=":material/save:", on_click=acting.note, args=(view.id, case.item),
            )  # fmt: skip


def _more(view: QueueView, case: Case, *, own: bool) -> None:
    keys = view.policy.keys
    with st.container(horizontal=True, gap="small", vertical_alignment="center"):
        if own:
            _button("Skip", keys.get("skip", ""), "skip", case, acting.skip, view.id, case.item, wide=False)
            _button("Hold", keys.get("hold", ""), "hold", case, acting.hold, view.id, case.item, wide=False)
            _hand(view, case)
        st.button(
            _labelled("Undo", keys.get("undo", "")), key=f"triage_undo_{acting.turn()}", icon=":material/undo:",
            on_click=acting.undo, args=(view.id,), help="Take back your last decision, skip or hand-over.",
        )  # fmt: skip


def _hand(view: QueueView, case: Case) -> None:
    with st.popover("Hand to", key="triage_hand", icon=":material/forward:"):
        known = [each.name for each in people.analysts(page.workspace()) if each.name != you.name()]
        to = st.selectbox(
            "Colleague", known, index=None, key=f"triage_hand_to_{case.item}", accept_new_options=True,
            placeholder="Choose or write a name", help="The case comes to this colleague next.",
        )  # fmt: skip
        st.button(
            "Hand over", key=f"triage_hand_yes_{case.item}", type="primary", disabled=not to,
            on_click=acting.hand, args=(view.id, case.item, to or ""),
        )  # fmt: skip


def _button(
    label: str, key: str, name: str, case: Case, done: Callable[..., None], *args: Any, icon: str | None = None,
    wide: bool = True, look: Any = "secondary",
) -> None:  # fmt: skip
    """A button for this case alone: a second click on it acts on nothing once the next case is there."""
    st.button(
        _labelled(label, key), key=f"triage_{name}_{case.item}", icon=icon, on_click=done, args=args, type=look,
        width="stretch" if wide else "content",
    )  # fmt: skip


def _labelled(label: str, key: str) -> str:
    return f"{literal(label)} `{key}`" if key else literal(label)
