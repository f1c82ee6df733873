"""Scores of a queue's items from the decisions made so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.services.triage.signals import Evidence
from qlatent.triage import likeness, ordering, scoring
from qlatent.triage.ordering import Signals
from qlatent.triage.scoring import Model, Risk

DIVERSE = 50  # items of the order by uncertainty that are chosen far from each other

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Scores:
    """What the decisions so far say of all n items of a dataset, in row order."""

    model: Model | None  # None before the first bad item: then nothing is known
    risk: Risk
    signals: Signals  # for any order of `ordering.ORDERS`


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
    """How alike each item (n,) is to the most alike of some rows.

    Near-duplicates that were found before have 2 for the same content to 1 at their usual threshold; all others the
    cosine of their latents, by any modality.
    """
    found = np.full(evidence.signals.count, np.nan)
    for points in evidence.places():
        found = np.fmax(found, likeness.to_any(points, rows))
    for threshold, pairs in evidence.near:
        apart = pairs.distances_to(rows)
        close = 2 - apart / max(threshold, 1e-9)
        found = np.fmax(found, np.where(apart <= threshold, close, np.nan))
    return found
