"""Scores of a queue's items from the decisions made so far, and what the score of one item is made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.services.triage.signals import Evidence
from qlatent.triage import likeness, ordering, scoring
from qlatent.triage.ordering import Signals
from qlatent.triage.scoring import Model, Risk

DIVERSE = 50  # items of the order by uncertainty that are chosen far from each other
SHOWN = 5  # nearest decided items, and columns, that are told

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scores:
    """What the decisions so far say of all n items of a dataset, in row order."""

    model: Model | None  # None before the first bad item: then nothing is known
    risk: Risk
    signals: Signals  # for any order of `ordering.ORDERS`


@dataclass(frozen=True)
class Share:
    """What one column adds to the logit of an item, against the usual item."""

    title: str
    logit: float
    rarer_than: float  # share of items with a smaller value


@dataclass(frozen=True)
class DecidedItem:
    """A decided item and how alike it is: the cosine of latents, or the smaller of both modalities'."""

    row: int
    bad: bool
    alike: float


@dataclass(frozen=True)
class Parts:
    """What the score of one item is made of, and what it rests on."""

    probability: float
    low: float
    high: float
    calibrated: bool
    bad_decided: int
    good_decided: int
    latents: float  # what the latents add to the logit, against the usual item
    columns: tuple[Share, ...]  # those that raise it, the largest first
    nearest: tuple[DecidedItem, ...]


def scored(
    evidence: Evidence,
    rows: ArrayLike,
    bad: ArrayLike,
    *,
    seed: int,
    calibrate: bool = True,
    diverse: int = DIVERSE,
) -> Scores:
    """The scores by a model of decided rows (m,), of which those in `bad` (m,) are bad and the others good.

    Before the first bad one every risk is NaN. Of the order by uncertainty, the first `diverse` items lie far from each
    other and from all that is decided.
    """
    decided, kinds = np.asarray(rows, dtype=np.int64), np.asarray(bad, dtype=np.bool_)
    count = evidence.signals.count
    if not kinds.any():
        unknown = np.full(count, np.nan)
        return Scores(None, Risk(unknown, unknown, unknown), evidence.signals)
    model = scoring.fit(evidence.learned, decided[kinds], decided[~kinds], seed=seed, calibrate=calibrate)
    risk = model.risk(evidence.learned)
    return Scores(model, risk, _signals(evidence, risk, decided, kinds, diverse))


def _signals(evidence: Evidence, risk: Risk, decided: Rows, bad: Flags, diverse: int) -> Signals:
    uncertainty = risk.uncertainty.copy()
    if diverse:
        first = ordering.diverse(uncertainty, evidence.latents, known=decided, wanted=diverse)
        uncertainty[first] = 2 - np.arange(len(first)) / max(
            1, len(first)
        )  # before all others, in this order
    alike = alike_to(evidence, decided[bad])
    return replace(evidence.signals, risk=risk.probability, uncertainty=uncertainty, duplicates=alike)


def alike_to(evidence: Evidence, rows: Rows) -> NDArray[np.float64]:
    """How alike each item (n,) is to the most alike of some rows, by any of its modalities."""
    found = np.full(evidence.signals.count, np.nan)
    for points in evidence.places.values():
        found = np.fmax(found, likeness.to_any(points, rows))
    return found


def parts(evidence: Evidence, scores: Scores, rows: ArrayLike, bad: ArrayLike, *, row: int) -> Parts | None:
    """What the score of one row is made of, with the nearest of the decided rows; None before the first bad item."""
    if scores.model is None:
        return None
    learned = evidence.learned
    shares = scores.model.shares(learned[row]) - scores.model.shares(np.median(learned, axis=0))
    width = evidence.latents.shape[1]
    raising = sorted(
        (
            Share(
                title, float(share), float((evidence.columns[:, place] < evidence.columns[row, place]).mean())
            )
            for place, (title, share) in enumerate(zip(evidence.titles, shares[width:], strict=True))
        ),
        key=lambda each: -each.logit,
    )
    return Parts(
        float(scores.risk.probability[row]), float(scores.risk.low[row]), float(scores.risk.high[row]),
        scores.model.calibrated, scores.model.positive, scores.model.negative, float(shares[:width].sum()),
        tuple(each for each in raising if each.logit > 0)[:SHOWN], _nearest(evidence, rows, bad, row),
    )  # fmt: skip


def _nearest(evidence: Evidence, rows: ArrayLike, bad: ArrayLike, row: int) -> tuple[DecidedItem, ...]:
    decided, kinds = np.asarray(rows, dtype=np.int64), np.asarray(bad, dtype=np.bool_)
    alike = np.full(len(decided), np.nan)
    for points in evidence.places.values():
        found = likeness.directions(points)
        alike = np.fmin(alike, np.where(found[decided].any(axis=1), found[decided] @ found[row], np.nan))
    places = [place for place in ordering.positions(alike) if decided[place] != row][:SHOWN]
    return tuple(
        DecidedItem(int(decided[place]), bool(kinds[place]), float(alike[place]))
        for place in places
        if np.isfinite(alike[place])
    )
