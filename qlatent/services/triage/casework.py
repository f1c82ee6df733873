"""Working a queue: the next case, decisions, skips, holding and handing over, and undoing any of them.

Every change is an event, stored with the state of the case in one transaction: what returns here is stored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

from qlatent.errors import InputError
from qlatent.services.triage import clock, learning, people, queues, reviews, withholding
from qlatent.store.catalogue.records import CaseRecord, TriageEvent
from qlatent.store.catalogue.taken import TakenError
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy
from qlatent.triage.replay import DECIDING

__all__ = [
    "Assignment", "Nothing", "TakenError", "decide", "decide_all", "hand", "hold", "next_case", "note", "release",
    "renew", "reopen", "skip", "take", "undo",
]  # fmt: skip

UNDOABLE = ("decided", "reviewed", "skipped", "reopened", "held", "handed")
Why = Literal["order", "random", "skipped", "second", "golden"]
LONGEST_NOTE = 5_000


@dataclass(frozen=True, slots=True)
class Assignment:
    """A case that an analyst has until `until` (unix seconds), and why it comes now.

    `why` is "random" for a case that was drawn for the estimate of what is left, and "skipped" for one that the analyst
    skipped before. A "second" case was decided by somebody else, and a "golden" one has a known answer: both are shown
    like any other, and `reviews.review` stores the answer instead of `decide`.
    """

    item: str
    why: Why
    until: float


@dataclass(frozen=True, slots=True)
class Nothing:
    """There is no case for an analyst: all are decided, or `count` open ones are with others, put aside or skipped."""

    why: Literal["done", "others", "aside", "skipped"]
    count: int


def next_case(
    workspace: Workspace, queue: str, *, by: str, skipped: bool = False, now: float | None = None
) -> Assignment | Nothing:
    """The case that an analyst works on next, leased for the minutes that the policy says.

    Whoever has a case gets the same one again. Every n-th case of an analyst, n as the policy says, is drawn at random.
    `skipped`: also cases that the analyst skipped.
    """
    people.check(workspace, by, "decide")
    withholding.complete(workspace)
    moment = clock.at(now)
    rules = queues.workable(workspace, queue)
    until = moment + 60.0 * rules.lease_minutes
    if (asked := reviews.due(workspace, queue, rules, by=by, now=moment, until=until)) is not None:
        return Assignment(asked.item, asked.why, until)
    drawn = _is_drawn(workspace, queue, by, rules)
    case = workspace.catalogue.cases.take(queue, by, now=moment, until=until, drawn=drawn, skipped=skipped)
    if case is not None:
        why: Why = "skipped" if skipped else "random" if drawn else "order"
        return Assignment(case.item_id, why, until)
    counts = workspace.catalogue.cases.counts(queue, by, now=moment)
    if not counts.open:
        return Nothing("done", 0)
    if counts.skipped:
        return Nothing("skipped", counts.skipped)
    return Nothing("aside", counts.mine) if counts.mine else Nothing("others", counts.others)


def take(workspace: Workspace, queue: str, item: str, *, by: str, now: float | None = None) -> CaseRecord:
    """Lease one case, for a link that names it; a decided one, or one that somebody else has, comes back as it is."""
    people.check(workspace, by, "decide")
    moment = clock.at(now)
    until = moment + 60.0 * queues.policy(workspace, queue).lease_minutes
    return workspace.catalogue.cases.take_item(queue, item, by, now=moment, until=until)


def renew(workspace: Workspace, queue: str, item: str, *, by: str, now: float | None = None) -> bool:
    """Keep the case in use for as long again; False if somebody else has it by now."""
    moment = clock.at(now)
    until = moment + 60.0 * queues.policy(workspace, queue).lease_minutes
    return workspace.catalogue.cases.renew(queue, item, by, until=until)


def decide(
    workspace: Workspace,
    queue: str,
    item: str,
    *,
    code: str,
    by: str,
    reason: str = "",
    note: str = "",
    shown: Mapping[str, Any] | None = None,
    now: float | None = None,
) -> TriageEvent:
    """Store a decision on a case; returns its event.

    `shown` is what the analyst saw: why the case came, neighbours, seconds. The score that the case had is stored with
    it, also where it was hidden. A code or reason that the policy does not have raises `InputError`. If somebody else
    decided the case meanwhile, or has it after the lease ran out, `TakenError` says who, and nothing is stored.
    The pictures of an item that is decided as severe are deleted; undoing does not bring them back.
    """
    people.check(workspace, by, "decide")
    rules = queues.workable(workspace, queue)
    severe = rules.check(code, reason).severe
    moment = clock.at(now)
    found = learning.score(workspace, queue, item)
    score = found.shown() | {"score_hidden": rules.score_hidden} if found else {}
    drawn = {"drawn": True} if _came_at_random(workspace, queue, item, by, rules, moment) else {}
    payload = {"how": "single", **score, **drawn, **(shown or {})}
    event = TriageEvent(queue, moment, by, "decided", item, code, reason, _note(note), payload=payload)
    with _pictures(workspace, queue, [item], severe=severe):
        return workspace.catalogue.cases.decide(event, now=moment)


def decide_all(
    workspace: Workspace,
    queue: str,
    items: Collection[str],
    *,
    code: str,
    by: str,
    reason: str = "",
    note: str = "",
    shown: Mapping[str, Any] | None = None,
    now: float | None = None,
) -> tuple[TriageEvent, list[str]]:
    """Store one decision on many cases as one event; returns it and the items that it decided.

    Cases that are decided already, or that somebody else has, are left out; `StoreError` if none is left.
    """
    people.check(workspace, by, "decide")
    severe = queues.workable(workspace, queue).check(code, reason).severe
    moment = clock.at(now)
    payload = {"how": "group", "asked": len(items), **(shown or {})}
    event = TriageEvent(queue, moment, by, "decided", "", code, reason, _note(note), payload=payload)
    with _pictures(workspace, queue, items, severe=severe):
        return workspace.catalogue.cases.decide_all(event, items, now=moment)


def skip(workspace: Workspace, queue: str, item: str, *, by: str, now: float | None = None) -> TriageEvent:
    """Leave a case to others; it comes to this analyst again only when asked for."""
    people.check(workspace, by, "decide")
    moment = clock.at(now)
    rules = queues.policy(workspace, queue)
    payload = {"drawn": True} if _came_at_random(workspace, queue, item, by, rules, moment) else {}
    event = TriageEvent(queue, moment, by, "skipped", item, payload=payload)
    return workspace.catalogue.cases.skip(event, now=moment)


def hold(workspace: Workspace, queue: str, item: str, *, by: str, now: float | None = None) -> CaseRecord:
    """Keep a case until the analyst decides or releases it, and go on with others."""
    return _pass_on(workspace, TriageEvent(queue, clock.at(now), by, "held", item), to=by, lease="held")


def hand(
    workspace: Workspace, queue: str, item: str, *, to: str, by: str, note: str = "", now: float | None = None
) -> CaseRecord:
    """Hand a case to a colleague, to whom it comes next."""
    people.check(workspace, to, "decide")
    event = TriageEvent(queue, clock.at(now), by, "handed", item, note=_note(note), payload={"to": to})
    return _pass_on(workspace, event, to=to, lease="handed")


def release(workspace: Workspace, queue: str, item: str, *, by: str, now: float | None = None) -> CaseRecord:
    """Give a case back to the queue."""
    return _pass_on(workspace, TriageEvent(queue, clock.at(now), by, "released", item), to="", lease="")


def note(
    workspace: Workspace, queue: str, item: str, *, text: str, by: str, now: float | None = None
) -> TriageEvent:
    """Add a note to a case without deciding it."""
    people.check(workspace, by, "decide")
    workspace.catalogue.cases.one(queue, item)
    if not text.strip():
        raise InputError("The note is empty.", remedy="Write something.")
    event = TriageEvent(queue, clock.at(now), by, "noted", item, note=_note(text))
    return workspace.catalogue.triage_events.add(event, [item])


def reopen(
    workspace: Workspace, queue: str, item: str, *, by: str, note: str = "", now: float | None = None
) -> TriageEvent:
    """Open a decided case again."""
    people.check(workspace, by, "decide")
    event = TriageEvent(queue, clock.at(now), by, "reopened", item, note=_note(note))
    severe = bool(queues.policy(workspace, queue).severe())
    with _pictures(workspace, queue, [item], severe=severe):
        return workspace.catalogue.cases.reopen(event)


def undo(
    workspace: Workspace, queue: str, *, by: str, event: int | None = None, now: float | None = None
) -> tuple[TriageEvent, list[str]]:
    """Take back an event, by default the analyst's last decision, skip or hand-over; returns it and its items.

    Each item is then in the state that the events before it say. Taking back what somebody else did needs the
    permission to configure.
    """
    people.check(workspace, by, "decide")
    events = workspace.catalogue.triage_events
    found = events.last_open(queue, by, UNDOABLE) if event is None else events.one(event)
    if found is None or found.queue_id != queue or found.kind not in UNDOABLE:
        what = f"{by} has done nothing in this queue" if event is None else f"Event {event} is nothing"
        raise InputError(f"{what} that can be undone.", remedy="Look at the log of the queue.")
    if found.actor != by:
        people.check(workspace, by, "configure")
    undoing = TriageEvent(queue, clock.at(now), by, "undone", undoes=found.id)
    severe = found.kind in DECIDING and bool(queues.policy(workspace, queue).severe())
    with _pictures(workspace, queue, events.items(found.id) if severe else (), severe=severe):
        return found, workspace.catalogue.cases.undo(undoing)


def _pictures(
    workspace: Workspace, queue: str, items: Collection[str], *, severe: bool
) -> AbstractContextManager[None]:
    """A block in which items may become severe, or stop being so."""
    return withholding.changing(workspace, queue, items) if severe else nullcontext()


def _pass_on(workspace: Workspace, event: TriageEvent, *, to: str, lease: str) -> CaseRecord:
    people.check(workspace, event.actor, "decide")
    return workspace.catalogue.cases.pass_on(event, to=to, lease=lease, now=event.time)


def _is_drawn(workspace: Workspace, queue: str, by: str, rules: Policy) -> bool:
    """Whether the analyst's next case is drawn at random."""
    if not rules.random_every:
        return False
    decided = workspace.catalogue.triage_events.count(queue, by, kind="decided")
    return (decided + 1) % rules.random_every == 0


def _came_at_random(workspace: Workspace, queue: str, item: str, by: str, rules: Policy, now: float) -> bool:
    """Whether it is the turn of a random case, and this is the one; the estimate of what is left counts only these."""
    return (
        _is_drawn(workspace, queue, by, rules)
        and workspace.catalogue.cases.first_drawn(queue, by, now=now) == item
    )


def _note(text: str) -> str:
    if len(text) > LONGEST_NOTE:
        raise InputError(
            f"The note has {len(text):,} characters; the limit is {LONGEST_NOTE:,}.", remedy="Shorten it."
        )
    return text.strip()
