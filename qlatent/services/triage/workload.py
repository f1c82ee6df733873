"""What an analyst did: decisions, items seen, pace, and when a break is due."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from qlatent.store.workspace import Workspace

PAUSE_SECONDS = 10 * 60.0
"""A pause that counts as a break."""
_SEEN = ("decided", "skipped", "reviewed", "held", "handed")


@dataclass(frozen=True, slots=True)
class Workload:
    """The work of one analyst in a queue since a time.

    `exposures` counts the items that were looked at one by one; a group decision counts the examples of its preview.
    `minutes` is the time since the last break.
    """

    decisions: int  # events that decide, groups as one
    items: int  # decided by them
    exposures: int
    per_hour: float | None  # decisions by the hour of work, breaks left out; None for fewer than two
    minutes: float


def workload(workspace: Workspace, queue: str, *, by: str, since: float, now: float) -> Workload:
    """What an analyst did in a queue since a time (unix seconds)."""
    events = workspace.catalogue.triage_events.of(queue, kinds=_SEEN, actor=by, since=since)
    decided = [each for each in events if each.kind == "decided"]
    items = sum(
        1 if each.item_id else int(each.payload.get("items", each.payload["asked"])) for each in decided
    )
    seen = sum(1 if each.item_id else len(each.payload.get("examples", ())) for each in events)
    times = [each.time for each in events]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    worked = sum(gap for gap in gaps if gap < PAUSE_SECONDS)
    pace = (len(decided) - 1) / worked * 3600 if len(decided) > 1 and worked else None
    return Workload(len(decided), items, seen, pace, _since_break(times, now) / 60)


def _since_break(times: list[float], now: float) -> float:
    """Seconds of work since the last break until now; 0 in a break."""
    start = now
    for each in reversed(times):
        if start - each >= PAUSE_SECONDS:
            break
        start = each
    return now - start
