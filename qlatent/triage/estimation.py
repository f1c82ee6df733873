"""How many bad items a queue still has, from the items drawn at random, and a hint when enough of them are found.

Each random item is drawn from all that are in the pool at that moment: open, and never skipped. If the pool and what
left it before hold B bad items of which F are found, and R are in the pool, it is bad with probability (B - F) / R,
whatever was decided in between and in which order. The product over the draws is the likelihood of B; with every B
equally likely beforehand it is the posterior (Waudby-Smith & Ramdas 2020, "Confidence sequences for sampling without
replacement").

What decides the sample must not know the answers. The cases with the smallest draw numbers up to the first open one are
no such sample: where they end depends on which cases came by risk, so their last ones lean to bad, and one case that is
skipped holds up all that follow. So only those count that *came* at random. A skip is a third answer, beside bad and
not bad: a skipped case was drawn, is not known to be bad, and leaves the pool. The estimate then says how many in the
pool will be decided as bad. Of the skipped ones nothing is known, and both ends are possible (Manski 1989, "Anatomy of
the selection problem"): all `Estimate.unknown` may be bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

LEVEL = 0.95
TARGET = 0.95  # recall at which a queue counts as done
POINTS = 4_000  # numbers of bad items left that are compared; of a longer queue so many, evenly spaced
WINDOWS = 40  # numbers of latest decisions that are tested
_BLOCK = 500  # draws at once

Floats = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Draw:
    """An item that was drawn at random and decided."""

    undecided: int  # items that it was drawn from, itself included
    found: int  # bad items that were found before, in any order
    bad: bool


@dataclass(frozen=True, eq=False)
class Estimate:
    """The posterior of the number of bad items left among `undecided`, where `found` are known."""

    undecided: int
    found: int
    draws: int
    numbers: Numbers  # (m,) ascending: bad items left
    posterior: Floats  # (m,)
    unknown: int = 0  # open items beside the undecided ones, of which nothing is known

    @property
    def left(self) -> float:
        """The expected number of bad items left."""
        return float(self.posterior @ self.numbers)

    @cached_property
    def interval(self) -> tuple[int, int]:
        """The shortest interval of bad items left that holds 95 % of the posterior."""
        order = np.argsort(-self.posterior, kind="stable")
        chosen = order[: int(np.searchsorted(np.cumsum(self.posterior[order]), LEVEL)) + 1]
        return int(self.numbers[chosen.min()]), int(self.numbers[chosen.max()])

    def sure(self, *, target: float = TARGET) -> float:
        """The probability that recall is at least `target` even if all `unknown` items are bad."""
        return _mass(self.posterior, self.numbers + self.unknown <= _most_left(self.found, target))

    def further_draws(self, *, target: float = TARGET, level: float = LEVEL) -> int:
        """How many further items, drawn at random in a row and all good, would make recall ≥ `target` sure to `level`.

        All that are undecided if nothing less is enough, as without a bad item found.
        """
        enough = self.numbers + self.unknown <= _most_left(self.found, target)
        if not self.found or self.undecided == 0:
            return self.undecided
        low, high = -1, self.undecided  # after all of them, none is left
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if _mass(self._after(middle), enough) >= level else (middle, high)
        return high

    def _after(self, draws: int) -> Floats:
        """The posterior after so many further draws without putting back, all good."""
        from scipy.special import gammaln

        items, kept = self.undecided, np.maximum(self.undecided - self.numbers - draws, 0)
        none = (
            gammaln(items - self.numbers + 1) - gammaln(kept + 1) - gammaln(items + 1) + gammaln(items - draws + 1)
        )  # fmt: skip
        weights = self.posterior * np.where(self.numbers <= items - draws, np.exp(none), 0.0)
        return np.asarray(weights / weights.sum()) if weights.sum() > 0 else np.eye(1, len(weights))[0]


def estimate(draws: Sequence[Draw], *, undecided: int, found: int) -> Estimate:
    """The bad items left among `undecided` ones after `found` were found, from random draws in their order.

    Without a draw every number is equally likely. If all draws come before any other decision, it is the beta-binomial
    posterior of simple random sampling.
    """
    numbers = np.unique(np.linspace(0, undecided, min(undecided, POINTS) + 1).round().astype(np.int64))
    logarithm = np.zeros(len(numbers))
    of = np.array([[each.undecided, each.found, each.bad] for each in draws], dtype=np.int64).reshape(-1, 3)
    for first in range(0, len(of), _BLOCK):
        size, before, bad = (column[:, None] for column in of[first : first + _BLOCK].T)
        then = found - before + numbers  # bad ones among those it was drawn from
        chance = np.where(bad == 1, then, size - then) / size
        with np.errstate(divide="ignore"):
            logarithm += np.log(np.clip(chance, 0.0, 1.0)).sum(axis=0)
    weights = np.exp(logarithm - logarithm.max())
    return Estimate(undecided, found, len(draws), numbers, weights / weights.sum())


def pool(left: ArrayLike, bad: ArrayLike, drawn: ArrayLike) -> Estimate:
    """The estimate from when each of n items left the pool.

    `left` (n,) is a number that grows with time, infinite for an item that is in the pool. `drawn` (n,) says whether it
    left when it came at random, decided or skipped, and `bad` (n,) whether it was found to be bad when it left.
    """
    moment = np.asarray(left, dtype=np.float64)
    found, random = np.asarray(bad, dtype=np.bool_), np.asarray(drawn, dtype=np.bool_)
    order = np.argsort(moment, kind="stable")
    before = np.concatenate([[0], np.cumsum(found[order])])
    gone = int(np.isfinite(moment).sum())
    draws = [
        Draw(len(moment) - place, int(before[place]), bool(found[order[place]]))
        for place in range(gone)
        if random[order[place]]
    ]
    return estimate(draws, undecided=len(moment) - gone, found=int(found.sum()))


def missed_risk(decisions: ArrayLike, *, items: int, target: float = TARGET) -> float:
    """The largest probability of so few bad items lately if recall were below `target`: small is a hint to stop.

    `decisions` (t,) says of each decision so far, in order, whether it was bad; the queue has `items`. For some numbers
    of latest decisions, these count as random ones, and the hypergeometric test is that of Callaghan & Müller-Hansen
    2020, "Statistical stopping criteria for automated screening in systematic reviews"; the smallest p value counts.
    That is cautious as long as the order finds bad items at least as often as chance. Bad items unlike all that were
    found break this: see `Estimate.further_draws` for a check that does not rest on it. 1 without any bad item.
    """
    from scipy.stats import hypergeom

    bad = np.asarray(decisions, dtype=np.int64)
    found, count = int(bad.sum()), len(bad)
    if not found:
        return 1.0
    least_missed = _most_left(found, target) + 1  # bad items left, if recall is below the target
    if least_missed > items - count:
        return 0.0
    late = np.unique(np.geomspace(1, count, WINDOWS).round().astype(np.int64))  # latest decisions
    lately = np.cumsum(bad[::-1])[late - 1]
    return float(hypergeom.cdf(lately, items - count + late, least_missed + lately, late).min())


def enough(decisions: ArrayLike, *, items: int, target: float = TARGET, level: float = LEVEL) -> bool:
    """Whether `missed_risk` is at most 1 − `level`: a hint that recall has reached `target`, not a proof."""
    return missed_risk(decisions, items=items, target=target) <= 1 - level


def _most_left(found: int, target: float) -> int:
    """The most bad items that may be left: found / (found + left) ≥ target."""
    return int(np.floor(found * (1 - target) / target + 1e-9))


def _mass(posterior: Floats, chosen: NDArray[np.bool_]) -> float:
    return float(posterior[chosen].sum())
