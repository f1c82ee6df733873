"""Replay known labels as if an analyst decided them in some order, and say how much work the order saves.

The protocol is that of technology-assisted review (Cormack & Grossman 2014, 2015): the review begins with one known bad
item or a query; after each batch the order is computed anew, and each batch is a tenth larger than the last.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.errors import InputError
from qlatent.triage import estimation
from qlatent.triage.estimation import Draw
from qlatent.triage.ordering import positions

EVERY = 10  # each tenth item is drawn at random
RECALL = 0.95  # of WSS@95 and TNR@95
EARLY = 0.1  # share reviewed of recall_at_10

Flags = NDArray[np.bool_]
Rows = NDArray[np.int64]
Ranking = Callable[[Rows, Flags], NDArray[np.float64]]
"""From the decided rows, in order, and which of them are bad, to a value for each item, larger first."""


@dataclass(frozen=True, eq=False)
class Replay:
    """A review of m items from first to last."""

    rows: Rows  # (m,) in the order of review
    bad: Flags  # (m,)
    drawn: Flags  # (m,): at random

    def draws(self, reviewed: int) -> list[Draw]:
        """The random draws among the first items that were reviewed."""
        found = np.concatenate([[0], np.cumsum(self.bad)])
        return [
            Draw(len(self.rows) - int(place), int(found[place]), bool(self.bad[place]))
            for place in np.flatnonzero(self.drawn[:reviewed])
        ]


@dataclass(frozen=True)
class Figures:
    """What an order is worth, in a review of n items of which m are bad.

    `share_for_half` compares with random order, whose expectation for the k-th bad item is k (n + 1) / (m + 1).
    WSS@95 is the share of items that need no review once 95 % are found, less the 5 % that random order saves (Cohen et
    al. 2006); TNR@95 the share of good items among these (Kusa, Lipani, Knoth & Hanbury 2023, "An analysis of work
    saved over sampling"). `time_to_discovery` is the mean share of items reviewed until a bad item is found (Ferdinands
    et al. 2023). `stopped_at` is the share reviewed when `estimation.enough` hints to stop, `recall_at_stop` the recall
    then; without a hint both are 1. All are NaN without a bad item, TNR@95 without a good one, too.
    """

    share_for_half: float
    reviews_for_half: float
    recall_at_10: float
    wss95: float
    tnr95: float
    time_to_discovery: float
    stopped_at: float
    recall_at_stop: float

    def document(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


NAMES = tuple(Figures.__dataclass_fields__)


def replayed(
    labels: ArrayLike,
    ranking: Ranking,
    *,
    start: ArrayLike = (),
    seed: int,
    every: int = EVERY,
    batch: int = 1,
) -> Replay:
    """The review of all items whose label (n,) is known: 1 bad, 0 good, NaN neither, which is never shown.

    `start` rows are decided beforehand and are no part of the review. Each `every`-th item is drawn at random from
    what is left, as in a queue; 0 draws none. A ranking may look only at the decisions it is given.
    """
    given = np.asarray(labels, dtype=np.float64)
    begun = np.asarray(start, dtype=np.int64)
    waiting = np.isfinite(given)
    waiting[begun] = False
    total, rng = int(waiting.sum()), np.random.default_rng(seed)
    rows, drawn = np.empty(total, dtype=np.int64), np.zeros(total, dtype=np.bool_)
    done = 0
    while done < total:
        decided = np.concatenate([begun, rows[:done]])
        coming = iter(positions(ranking(decided, given[decided] == 1)))
        for _ in range(min(batch, total - done)):
            if every and (done + 1) % every == 0:
                row, drawn[done] = int(rng.choice(np.flatnonzero(waiting))), True
            else:
                row = next(int(each) for each in coming if waiting[each])
            rows[done], waiting[row] = row, False
            done += 1
        batch += -(-batch // 10)
    return Replay(rows, given[rows] == 1, drawn)


def figures(bad: ArrayLike) -> Figures:
    """The figures of a whole review, from which of its items (n,) were bad, in their order."""
    found = np.asarray(bad, dtype=np.bool_)
    places, items = np.flatnonzero(found) + 1, len(found)
    count = len(places)
    if not count:
        return Figures(*[float("nan")] * len(NAMES))
    half, most = -(-count // 2), _needed(count, RECALL)
    until = int(places[most - 1])
    good = items - count
    stop = stopped(found)
    return Figures(
        share_for_half=float(places[half - 1]) / (half * (items + 1) / (count + 1)),
        reviews_for_half=float(places[half - 1]),
        recall_at_10=float(found[: int(np.ceil(EARLY * items))].mean() * np.ceil(EARLY * items) / count),
        wss95=(items - until) / items - (1 - RECALL),
        tnr95=1 - (until - most) / good if good else float("nan"),
        time_to_discovery=float(places.mean() / items),
        stopped_at=stop / items,
        recall_at_stop=float(found[:stop].sum() / count),
    )


def perfect(bad: ArrayLike) -> Figures:
    """The figures of the best order of these items: all bad ones first."""
    return figures(np.sort(np.asarray(bad, dtype=np.bool_))[::-1])


def recalls(bad: ArrayLike, shares: ArrayLike) -> NDArray[np.float64]:
    """The recall curve: recall after each share (s,) of the items was reviewed; NaN without a bad item."""
    found = np.asarray(bad, dtype=np.float64)
    reviewed = np.floor(np.asarray(shares, dtype=np.float64) * len(found) + 1e-9).astype(np.int64)
    counted = np.concatenate([[0.0], np.cumsum(found)])[reviewed]
    return counted / found.sum() if found.any() else np.full(len(reviewed), np.nan)


def stopped(bad: ArrayLike) -> int:
    """After how many items the hint to stop comes, asked after every fiftieth of the queue; all without a hint."""
    found = np.asarray(bad, dtype=np.bool_)
    items = len(found)
    for reviewed in np.unique(np.linspace(0, items, 51).astype(np.int64)[1:]):
        if estimation.enough(found[:reviewed], items=items):
            return int(reviewed)
    return items


def starts(labels: ArrayLike, *, seed: int) -> Rows:
    """One known bad row, drawn by the seed; none at all raises `InputError`."""
    bad = np.flatnonzero(np.asarray(labels, dtype=np.float64) == 1)
    if not len(bad):
        raise InputError(
            "No item is labelled as bad, so there is nothing to look for.",
            remedy="Check --label and --positive.",
        )
    return np.random.default_rng(seed).choice(bad, 1).astype(np.int64)


def _needed(count: int, recall: float) -> int:
    return int(np.ceil(recall * count - 1e-9))
