"""Second opinions: decided cases shown again to somebody else, and golden ones with a known answer, both unmarked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from qlatent.services.triage import clock, people, queues
from qlatent.store.catalogue.records import TriageEvent
from qlatent.store.workspace import Workspace
from qlatent.triage.policy import Policy


@dataclass(frozen=True, slots=True)
class Due:
    """A case to be asked about again."""

    item: str
    why: Literal["second", "golden"]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two answers on one item: of a decision and of its review, or the known one and that of an analyst."""

    item: str
    first: str
    second: str
    first_by: str  # "" for the known answer of a golden item
    second_by: str


def due(workspace: Workspace, queue: str, rules: Policy, *, by: str, now: float, until: float) -> Due | None:
    """The case that an analyst is asked about again now, leased; None if it is the turn of an open one.

    Reviews are due while they are fewer than the share of decisions that the policy says; those that were taken back do
    not count. Golden items that the analyst has not answered come first, unless somebody else has them at present; then
    cases that somebody else decided, in the order of their draws, without severe ones, whose pictures are not kept.
    """
    if not rules.review_share:
        return None
    events = workspace.catalogue.triage_events
    answered = _standing(workspace, queue, ("reviewed", "skipped"), actor=by)
    reviewed = sum(each.kind == "reviewed" for each in answered)
    if reviewed >= int(rules.review_share * events.count(queue, by, kind="decided")):
        return None
    known = {each.item_id for each in answered}
    asked = [
        item for item, each in golden(workspace, queue).items() if item not in known and each.actor != by
    ]
    cases = workspace.catalogue.cases
    if asked and (case := cases.take_first(queue, asked, by, now=now, until=until)) is not None:
        return Due(case.item_id, "golden")
    case = cases.take_review(queue, by, now=now, until=until, without=rules.severe())
    return None if case is None else Due(case.item_id, "second")


def review(
    workspace: Workspace,
    queue: str,
    item: str,
    *,
    code: str,
    by: str,
    reason: str = "",
    note: str = "",
    now: float | None = None,
) -> TriageEvent:
    """Store a second opinion; the case keeps its decision, and `pairs` shows both."""
    people.check(workspace, by, "decide")
    queues.policy(workspace, queue).check(code, reason)
    moment = clock.at(now)
    case = workspace.catalogue.cases.one(queue, item)
    payload = {"of": case.event_id}
    event = TriageEvent(queue, moment, by, "reviewed", item, code, reason, note.strip(), payload=payload)
    return workspace.catalogue.cases.review(event, now=moment)


def skip(workspace: Workspace, queue: str, item: str, *, by: str, now: float | None = None) -> TriageEvent:
    """Give no second opinion on a case; somebody else is asked."""
    people.check(workspace, by, "decide")
    moment = clock.at(now)
    return workspace.catalogue.cases.skip(
        TriageEvent(queue, moment, by, "skipped", item), now=moment, review=True
    )


def set_golden(
    workspace: Workspace, queue: str, item: str, *, code: str, by: str, now: float | None = None
) -> TriageEvent:
    """Make an item golden: analysts are asked about it unmarked, and their answers are compared with this code."""
    people.check(workspace, by, "configure")
    queues.policy(workspace, queue).decision(code)
    workspace.catalogue.cases.one(queue, item)
    moment = clock.at(now)
    return workspace.catalogue.triage_events.add(TriageEvent(queue, moment, by, "golden", item, code), [item])


def golden(workspace: Workspace, queue: str) -> dict[str, TriageEvent]:
    """The golden items of a queue with the last event that made them so."""
    events = workspace.catalogue.triage_events.of(queue, kinds=("golden",))
    return {each.item_id: each for each in events}


def pairs(workspace: Workspace, queue: str) -> list[Pair]:
    """All second opinions beside the decisions that they are on, oldest first."""
    first = {each.id: each for each in workspace.catalogue.triage_events.of(queue, kinds=("decided",))}
    known = golden(workspace, queue)
    return [each for each in _pairs(workspace, queue, first) if each.item not in known]


def golden_answers(workspace: Workspace, queue: str) -> list[Pair]:
    """All answers on golden items beside the known ones, oldest first."""
    known = golden(workspace, queue)
    reviewed = _standing(workspace, queue, ("reviewed",))
    return [
        Pair(each.item_id, known[each.item_id].code, each.code, "", each.actor)
        for each in reviewed
        if each.item_id in known
    ]


def _pairs(workspace: Workspace, queue: str, first: dict[int, TriageEvent]) -> Iterator[Pair]:
    for each in _standing(workspace, queue, ("reviewed",)):
        before = first.get(int(each.payload.get("of") or 0))
        if before is not None:
            yield Pair(each.item_id, before.code, each.code, before.actor, each.actor)


def _standing(
    workspace: Workspace, queue: str, kinds: tuple[str, ...], *, actor: str = ""
) -> list[TriageEvent]:
    """The events of these kinds that were not taken back, oldest first, or those of one actor."""
    events = workspace.catalogue.triage_events.of(queue, kinds=kinds, actor=actor)
    undone = workspace.catalogue.triage_events.undone([each.id for each in events])
    return [each for each in events if each.id not in undone]
