"""How many bad items a queue still has, from the cases that came at random, and a hint when to stop."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from qlatent.store.catalogue.records import CaseRecord
from qlatent.store.workspace import Workspace
from qlatent.triage import estimation
from qlatent.triage.policy import Policy

LEAST_DRAWS = 10  # with fewer, an interval says almost nothing


@dataclass(frozen=True, slots=True)
class Remaining:
    """What the random cases of a queue say of its open ones; see `estimation` for what makes them a fair sample.

    Cases decided as neither bad nor good count as not bad. Cases that came before the queue was last filled up are left
    out of the sample, since the new ones could not come then. With several analysts a random case is drawn from those
    that nobody else has at that moment, so the sample lacks the few cases in use.
    """

    found: int  # bad items so far
    open: int
    draws: int
    left: float  # expected number of bad items among the open cases that nobody has skipped
    low: int  # 95 % interval
    high: int
    unknown: int  # open cases that were skipped, or decided and opened again: all of them may be bad
    sure: float  # probability that 95 % of the bad items are found, even if all `unknown` ones are bad
    further: (
        int  # random cases in a row, all good, that would make it so to 95 %; all that are left if none would
    )
    enough: bool  # whether the latest decisions say so, too: a hint to stop

    def document(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return asdict(self)


def remaining(workspace: Workspace, queue: str, cases: list[CaseRecord], policy: Policy) -> Remaining:
    """The estimate from all cases of a queue; the model is `estimation.pool`, the hint `estimation.enough`.

    Open cases whose item is gone come to nobody, so they are left out.
    """
    cases = [each for each in cases if each.code or not each.gone]
    events = workspace.catalogue.triage_events
    filled = events.last(queue, kind="filled", most=1)
    since = filled[0].id if filled else 0
    first: dict[str, tuple[int, str, bool]] = {}  # item → the first event that took it out of the pool
    for number, what, item, random in events.looked_at(queue):
        first.setdefault(item, (number, what, random and number > since))
    kinds = policy.kinds()
    bad = np.array([bool(each.code) and kinds.get(each.code) == "bad" for each in cases], dtype=np.bool_)
    left, drawn, own = np.full(len(cases), np.inf), np.zeros(len(cases), dtype=np.bool_), bad.copy()
    for place, each in enumerate(cases):
        if each.code and each.event_id is not None:
            left[place] = each.event_id
        if (seen := first.get(each.item_id)) is not None and seen[0] <= left[place]:
            left[place], drawn[place] = seen[0], seen[2]
            own[place] &= seen[1] == "decided"  # a skipped one was not known to be bad when it left
    decided = sorted(
        (each.event_id or 0, flag) for each, flag in zip(cases, bad.tolist(), strict=True) if each.code
    )
    open_ = len(cases) - len(decided)
    found = int(bad.sum())
    pool = estimation.pool(left, own, drawn)
    made = replace(pool, found=found, unknown=open_ - pool.undecided)
    low, high = made.interval
    return Remaining(
        found, open_, made.draws, made.left, low, high, made.unknown, made.sure(), made.further_draws(),
        estimation.enough([flag for _, flag in decided], items=len(cases)),
    )  # fmt: skip
