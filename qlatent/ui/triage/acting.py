"""What an analyst does on a case, from buttons and keys alike: each is stored before the page says so.

Every action names the case that was on screen. One for another case is ignored, so that a double press decides once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from qlatent.errors import InputError, QlatentError
from qlatent.services.selections.definitions import Ids
from qlatent.services.triage import background, casework, queues, reviews
from qlatent.ui.selections import state
from qlatent.ui.shell import page, url_state
from qlatent.ui.shell.formatting import count, literal
from qlatent.ui.triage import addresses, words, you

ON_SCREEN, SHOWN, SINCE = "triage_on_screen", "triage_shown", "triage_since"
PENDING, PROBLEM, TOLD = "triage_pending", "triage_problem", "triage_told"
TURN, ACTIVE, SKIPPED, OWN = "triage_turn", "triage_active", "triage_with_skipped", "triage_own"
SEEN = "triage_seen"
WHY = "triage_why"
"""Why the case on screen came: the reason of its assignment, a slash, and the item."""
REVIEW = "triage_review"
IDLE_LEASES = 6
"""A card that nobody touches for so many leases becomes free for others."""


def on_screen(queue: str, item: str, shown: dict[str, Any], *, own: bool, review: bool = False) -> None:
    """Record which case is on screen, whether the analyst has it or reviews it, and what stands beside it."""
    name = f"{queue}/{item}"
    if st.session_state.get(ON_SCREEN) != name:
        st.session_state.update({ON_SCREEN: name, SINCE: time.time(), PENDING: ""})
    st.session_state.update({SHOWN: shown, OWN: own, REVIEW: review})


def saw(neighbours: list[str]) -> None:
    """Record which similar items were shown beside the case."""
    st.session_state[SHOWN] = st.session_state[SHOWN] | {"neighbours": neighbours}


def own_item(queue: str) -> str:
    """The case on screen, if it is of this queue and the analyst has it; else ""."""
    of, _, item = str(st.session_state.get(ON_SCREEN, "")).partition("/")
    return item if of == queue and st.session_state.get(OWN) and not st.session_state.get(REVIEW) else ""


def is_review(item: str) -> bool:
    """Whether an item came to this tab for a second opinion, or with a known answer."""
    why, _, of = str(st.session_state.get(WHY, "")).partition("/")
    return of == item and why in ("second", "golden")


def active() -> float:
    """When the analyst last did something, or saw another case (unix seconds)."""
    return max(float(st.session_state.get(ACTIVE, 0.0)), float(st.session_state.get(SINCE, 0.0)))


def failed(err: QlatentError) -> None:
    """Show this error beside the case."""
    st.session_state[PROBLEM] = (err.message, err.remedy)


def turn() -> int:
    """A number that changes with everything that was done."""
    return int(st.session_state.get(TURN, 0))


def seen() -> int:
    """The number of the last key press that came here."""
    return int(st.session_state.get(SEEN, 0))


def pending() -> str:
    """The decision that waits for its reason, or ""."""
    return str(st.session_state.get(PENDING, ""))


def note_key(item: str) -> str:
    """The key of the field for a note on a case."""
    return f"triage_note_{item}"


def decide(queue: str, item: str, code: str, reason: str = "", *, confirmed: bool = False) -> None:
    """Store a decision and go on, or ask for the reason that it needs, or whether pictures may be deleted."""

    def done() -> None:
        workspace = page.workspace()
        policy = queues.policy(workspace, queue)
        decision = policy.decision(code)
        deletes = decision.severe and not st.session_state.get(REVIEW)
        if (decision.needs_reason and not reason) or (deletes and not reason and not confirmed):
            st.session_state[PENDING] = code
            return
        note = st.session_state.get(note_key(item), "")
        if st.session_state.get(REVIEW):
            reviews.review(workspace, queue, item, code=code, reason=reason, note=note, by=you.name())
            _go_on(f"{words.decision(policy, code)} · {item} · undo with {policy.keys['undo']}")
            return
        seconds = round(time.time() - st.session_state.get(SINCE, time.time()), 1)
        shown = st.session_state.get(SHOWN, {}) | {"seconds": seconds}
        casework.decide(
            workspace, queue, item, code=code, reason=reason, note=note, by=you.name(), shown=shown
        )
        background.learn_soon(workspace, queue)
        said = words.decision(policy, code)
        _go_on(f"{said} · {item} · undo with {policy.keys['undo']}")

    _on(queue, item, done)


def back(queue: str, item: str) -> None:
    """Choose another decision instead of giving a reason."""
    _on(queue, item, lambda: st.session_state.update({PENDING: ""}))


def skip(queue: str, item: str) -> None:
    """Leave the case to others."""

    def done() -> None:
        (reviews if st.session_state.get(REVIEW) else casework).skip(
            page.workspace(), queue, item, by=you.name()
        )
        st.session_state[SKIPPED] = ""  # or it would come again at once
        _go_on(f"Skipped {item}")

    _on(queue, item, done)


def hold(queue: str, item: str) -> None:
    """Keep the case for later, and go on."""

    def done() -> None:
        _keep_to_cases()
        casework.hold(page.workspace(), queue, item, by=you.name())
        _go_on(f"Held {item}; it stays yours")

    _on(queue, item, done)


def hand(queue: str, item: str, to: str) -> None:
    """Hand the case to a colleague."""

    def done() -> None:
        _keep_to_cases()
        note = st.session_state.get(note_key(item), "")
        casework.hand(page.workspace(), queue, item, to=to, by=you.name(), note=note)
        _go_on(f"Handed {item} to {to}")

    _on(queue, item, done)


def release(queue: str, item: str) -> None:
    """Give a case that is put aside back to the queue."""

    def done() -> None:
        casework.release(page.workspace(), queue, item, by=you.name())
        st.session_state[TOLD] = f"{item} is free again"

    guarded(done)


def note(queue: str, item: str) -> None:
    """Store the note without deciding."""

    def done() -> None:
        text = st.session_state.get(note_key(item), "")
        casework.note(page.workspace(), queue, item, text=text, by=you.name())
        st.session_state[note_key(item)] = ""
        st.session_state[TOLD] = "The note is stored"

    _on(queue, item, done)


def reopen(queue: str, item: str) -> None:
    """Open a decided case again."""

    def done() -> None:
        casework.reopen(page.workspace(), queue, item, by=you.name())
        st.session_state[TOLD] = f"{item} is open again"

    _on(queue, item, done)


def reopened(queue: str, item: str) -> None:
    """Open a decided case again that is not on screen."""

    def done() -> None:
        casework.reopen(page.workspace(), queue, item, by=you.name())
        st.session_state[TOLD] = f"{item} is open again"
        background.learn_soon(page.workspace(), queue)

    guarded(done)


def undo(queue: str) -> None:
    """Take back the analyst's last step, and show its case."""

    def done() -> None:
        event, items = casework.undo(page.workspace(), queue, by=you.name())
        background.learn_soon(page.workspace(), queue)
        what = items[0] if len(items) == 1 else count(len(items), "case")
        kind = event.kind
        if kind == "reviewed":
            kind, st.session_state[WHY] = "decided", f"second/{items[0]}"
        st.session_state[TOLD] = f"Undone: {kind} {what}"
        st.session_state[PENDING] = ""
        url_state.put(addresses.CASE, items[0] if len(items) == 1 else None)

    guarded(done)


def open_case(item: str) -> None:
    """Show a case of this queue."""
    st.session_state[PENDING] = ""
    url_state.put(addresses.CASE, item)


def next_case() -> None:
    """Leave the case on screen without doing anything, and go on."""
    st.session_state.update({PENDING: "", PROBLEM: None})
    url_state.put(addresses.CASE, None)


def take_skipped(queue: str) -> None:
    """Go through the cases of a queue that the analyst skipped."""
    st.session_state[SKIPPED] = queue
    next_case()


def takes_skipped(queue: str) -> bool:
    """Whether skipped cases come, too."""
    return bool(st.session_state.get(SKIPPED) == queue)


def pressed(queue: str, done: Any) -> None:
    """Do what a key asked for; anything that no key sends is ignored."""
    if not isinstance(done, dict):
        return
    st.session_state[SEEN] = int(done.get("number", 0))
    item, action = str(done.get("case", "")), done.get("action")
    if action == "decide":
        code, reason = str(done.get("code", "")), str(done.get("reason", ""))
        decide(queue, item, code, reason, confirmed=done.get("confirmed") is True)
    elif action == "undo" and done.get("turn") == turn():  # a double press takes back one step
        undo(queue)
    elif action in ("skip", "hold", "back"):
        {"skip": skip, "hold": hold, "back": back}[action](queue, item)


def said(section: str) -> None:
    """Say what was done, once, and what could not be done, until something else is.

    A section that was left by what was done is drawn no more: the page shows the other one.
    """
    if (url_state.carried(addresses.SECTION) or "work") != section:
        st.rerun()
    told = st.session_state.pop(TOLD, "")
    if told:
        st.toast(literal(told), icon=":material/check:")
    if problem := st.session_state.get(PROBLEM):
        message, remedy = problem
        st.error(literal(remedy, limit=1000), title=literal(message, limit=1000), icon=":material/error:")


def _keep_to_cases() -> None:
    """Raise `InputError` for a second opinion, which is nothing to put aside."""
    if st.session_state.get(REVIEW):
        raise InputError("This case cannot be put aside.", remedy="Decide or skip it.")


def open_in_work(item: str) -> None:
    """Show a case of this queue in the section Work."""
    url_state.put(addresses.SECTION, None)
    open_case(item)


def as_group(items: Sequence[str], how: str) -> None:
    """Select items as the group of the section Groups, which is shown next."""

    def done() -> None:
        state.select(addresses.PAGE, Ids(ids=tuple(items)))
        url_state.put(addresses.HOW, how)
        url_state.put(addresses.SECTION, "groups")

    guarded(done)


def _go_on(told: str) -> None:
    st.session_state.update({TOLD: told, PENDING: ""})
    url_state.put(addresses.CASE, None)


def _on(queue: str, item: str, done: Callable[[], None]) -> None:
    """Do something to the case if it is the one on screen."""
    if st.session_state.get(ON_SCREEN) == f"{queue}/{item}":
        guarded(done)


def guarded(done: Callable[[], None]) -> None:
    """Do something, and keep an error of it for the page to show."""
    st.session_state.update({PROBLEM: None, TURN: turn() + 1, ACTIVE: time.time()})
    try:
        done()
    except QlatentError as err:
        failed(err)
