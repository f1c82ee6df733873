"""How many bad items a queue still has, from its cases in the order of their draws, and a hint when to stop."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from qlatent.store.catalogue.records import CaseRecord
from qlatent.triage import estimation
from qlatent.triage.estimation import Draw
from qlatent.triage.policy import Policy

LEAST_DRAWS = 10  # with fewer, an interval says almost nothing


@dataclass(frozen=True, slots=True)
class Remaining:
    """What the random sample of a queue says of its open cases.

    The sample are the cases with the smallest draws up to the first that is open; those decided as neither bad nor good
    count neither in it nor in the queue.
    """

    found: int  # bad items so far
    open: int
    draws: int
    left: float  # expected number of bad items among the open cases
    low: int  # 95 % interval
    high: int
    sure: float  # probability that 95 % of the bad items are found
    further: int  # random cases in a row, all good, that would make it so to 95 %
    enough: bool  # whether the latest decisions say so, too: a hint to stop

    def document(self) -> dict[str, Any]:
        """The figures as JSON values."""
        return asdict(self)


def remaining(cases: list[CaseRecord], policy: Policy) -> Remaining:
    """The estimate from all cases of a queue; the model is `estimation.estimate`, the hint `estimation.enough`."""
    kinds = policy.kinds()
    kind = {each.item_id: kinds.get(each.code, "open") if each.code else "" for each in cases}
    counted = [each for each in cases if kind[each.item_id] in ("", "bad", "good")]
    decided = sorted((each for each in counted if each.code), key=lambda each: each.event_id or 0)
    bad = [kind[each.item_id] == "bad" for each in decided]
    sample: list[Draw] = []
    before = 0
    for each in sorted(counted, key=lambda each: each.draw):
        if not each.code:
            break
        sample.append(Draw(len(counted) - len(sample), before, kind[each.item_id] == "bad"))
        before += sample[-1].bad
    found, undecided = sum(bad), len(counted) - len(decided)
    made = estimation.estimate(sample, undecided=undecided, found=found)
    low, high = made.interval
    return Remaining(
        found, undecided, len(sample), made.left, low, high, made.sure(), made.further_draws(),
        estimation.enough(bad, items=len(counted)),
    )  # fmt: skip
