"""Learn from decisions how likely each item is bad: a logistic model, its probability and its interval.

Weights have a normal prior, so that one bad item is enough to begin with; its width is the one under which the
decisions are most likely. The posterior is normal around the best weights (Laplace's approximation and evidence:
Bishop, Pattern Recognition and Machine Learning, 4.4 and 4.5). Until enough good items are decided, undecided ones
drawn by the seed stand for them (Cormack & Grossman 2015, "Autonomy and reliability of continuous active learning").
With enough decisions of both kinds, a sigmoid calibrates the probabilities (Platt 1999).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.errors import InputError

PRESUMED = 100  # good examples, with those that stand for them
PRESUMED_WEIGHT = 0.1  # of one that stands for a good one, since it may be bad
CALIBRATED_FROM = 10  # decided items of each kind
WIDTHS = (0.1, 0.3, 1.0, 3.0, 10.0)  # of the prior of each weight, from which the decisions choose
FOLDS = 5
_INTERCEPT_WIDTH = 10.0
_BLOCK = 20_000  # rows whose variances are computed at once
_FLATTEST = 1e-3  # slope of a calibration: a lower one would turn the order round

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Risk:
    """How likely each of n items is bad, with an interval for 95 % of the posterior."""

    probability: Floats  # (n,)
    low: Floats  # (n,)
    high: Floats  # (n,)

    @property
    def uncertainty(self) -> Floats:
        """1 where bad and good are equally likely, 0 where one is certain (n,)."""
        return np.asarray(1 - np.abs(2 * self.probability - 1))


@dataclass(frozen=True, eq=False)
class Model:
    """A fitted model of f columns: logit = slope · (weights · row + intercept) + shift.

    The weights are a sum over what was learned from, each row times its force: width² · (kind - probability), since
    the loss has no slope at its least (the representer theorem; Yeh et al. 2018, "Representer point selection for
    explaining deep neural networks").
    """

    weights: Floats  # (f,)
    intercept: float
    root: Floats  # (f + 1, f + 1): lower Cholesky factor of the posterior's precision, the intercept last
    slope: float
    shift: float
    sigmoid: Floats  # (2, 2): covariance of slope and shift
    width: float  # of the prior
    positive: int  # decided bad items that it learned from
    negative: int  # decided good items
    presumed: int  # undecided items that stood for good ones
    decided: Rows  # (m,) bad ones first
    forces: Floats  # (m,): how much of each decided row the weights hold; bad ones pull, good ones push

    @property
    def calibrated(self) -> bool:
        """Whether there were enough decisions to calibrate; before, a probability is little more than a rank."""
        return min(self.positive, self.negative) >= CALIBRATED_FROM

    def risk(self, columns: ArrayLike) -> Risk:
        """How likely rows (n, f) are bad; the probability is the mean over the posterior (Bishop, eq. 4.153)."""
        from scipy.special import expit

        rows = np.asarray(columns, dtype=np.float64)
        logits, variances = rows @ self.weights + self.intercept, _variances(rows, self.root)
        mean = expit(self.slope * _moderated(logits, variances) + self.shift)
        middle = self.slope * logits + self.shift
        beside = np.column_stack([logits, np.ones(len(logits))])
        spread = np.sqrt(self.slope**2 * variances + ((beside @ self.sigmoid) * beside).sum(axis=1))
        low, high = expit(middle - 1.96 * spread), expit(middle + 1.96 * spread)
        return Risk(mean, np.minimum(low, mean), np.maximum(high, mean))

    def shares(self, row: ArrayLike) -> Floats:
        """What each column adds to the calibrated logit of a row (f,), against a row of zeros."""
        return np.asarray(self.slope * self.weights * np.asarray(row, dtype=np.float64))


def surprise(values: ArrayLike) -> Floats:
    """How rarely a value is that large: minus the logarithm of the share of items with at least this value (n,).

    0 for the least, ln(n) for a single largest, and 0 where a value is missing. Columns of any unit become comparable,
    and the few largest values stand out.
    """
    given = np.asarray(values, dtype=np.float64)
    known = np.flatnonzero(np.isfinite(given))
    found = np.zeros(len(given))
    if len(known):
        at_least = len(known) - np.searchsorted(np.sort(given[known]), given[known], side="left")
        found[known] = np.log(len(known) / at_least)
    return found


def fit(
    columns: ArrayLike,
    positive: ArrayLike,
    negative: ArrayLike,
    *,
    seed: int,
    examples: ArrayLike | None = None,
    calibrate: bool = True,
) -> Model:
    """The model learned from decided rows of `columns` (n, f), such as latents (`axes`) beside `surprise` columns.

    `positive` and `negative` are rows; `examples` (q, f) are further bad rows that are no items, such as a query.
    Without any bad row `InputError`: there is nothing to look for. The order of probabilities is the same without
    `calibrate`, which is quicker.
    """
    from scipy.special import expit

    rows = np.asarray(columns, dtype=np.float64)
    bad, good = np.asarray(positive, dtype=np.int64), np.asarray(negative, dtype=np.int64)
    given = np.empty((0, rows.shape[1])) if examples is None else np.asarray(examples, dtype=np.float64)
    if len(bad) + len(given) == 0:
        raise InputError(
            "No item is decided as bad yet, so there is nothing to learn from.",
            remedy="Decide one item as bad, or give a query.",
        )
    presumed = _presumed(len(rows), bad, good, seed)
    beside = _Known(
        np.concatenate([given, rows[presumed]]),
        np.concatenate([np.ones(len(given)), np.zeros(len(presumed))]),
        np.concatenate([np.ones(len(given)), np.full(len(presumed), PRESUMED_WEIGHT)]),
    )
    decided = _Known(
        rows[np.concatenate([bad, good])],
        np.concatenate([np.ones(len(bad)), np.zeros(len(good))]),
        np.ones(len(bad) + len(good)),
    )
    best = max((_posterior(beside.plus(decided), width) for width in WIDTHS), key=lambda each: each.evidence)
    slope, shift, sigmoid = 1.0, 0.0, np.zeros((2, 2))
    if calibrate and min(len(bad), len(good)) >= CALIBRATED_FROM:
        slope, shift, sigmoid = _calibration(beside, decided, best.width, seed)
    forces = best.width**2 * (decided.kinds - expit(decided.rows @ best.weights + best.intercept))
    return Model(
        best.weights, best.intercept, best.root, slope, shift, sigmoid, best.width, len(bad), len(good), len(presumed),
        np.concatenate([bad, good]), forces if best.weights.any() else np.zeros(len(forces)),
    )  # fmt: skip


class _Known(NamedTuple):
    """Rows (m, f) with their kinds, 1 for bad, and weights (m,)."""

    rows: Floats
    kinds: Floats
    weights: Floats

    def plus(self, other: _Known) -> _Known:
        return _Known(*(np.concatenate(pair) for pair in zip(self, other, strict=True)))

    def at(self, places: Rows) -> _Known:
        return _Known(*(each[places] for each in self))


class _Posterior(NamedTuple):
    weights: Floats
    intercept: float
    root: Floats
    width: float
    evidence: float  # logarithm, up to a constant

    def logits(self, rows: Floats) -> Floats:
        return _moderated(rows @ self.weights + self.intercept, _variances(rows, self.root))


def _presumed(count: int, bad: Rows, good: Rows, seed: int) -> Rows:
    """Undecided rows that stand for good ones."""
    undecided = np.setdiff1d(np.arange(count), np.concatenate([bad, good]))
    wanted = min(max(0, PRESUMED - len(good)), len(undecided))
    return np.sort(np.random.default_rng(seed).choice(undecided, wanted, replace=False))


def _posterior(known: _Known, width: float) -> _Posterior:
    """The best weights under a prior of this width, and the normal posterior around them."""
    from scipy.special import expit

    rows, kinds, counted = known
    if kinds.min() == kinds.max():  # every row is bad: nothing tells them from others
        weights, intercept = np.zeros(rows.shape[1]), float(np.log(counted.sum() + 1))
    else:
        weights, intercept = _best(known, width)
    logits = rows @ weights + intercept
    likely = expit(logits)
    beside = np.column_stack([rows, np.ones(len(rows))])
    precision = (beside * (counted * likely * (1 - likely))[:, None]).T @ beside
    precision[np.diag_indices_from(precision)] += np.append(
        np.full(len(weights), width**-2), _INTERCEPT_WIDTH**-2
    )
    root = np.linalg.cholesky(precision)
    likelihood = -(counted * np.logaddexp(0, np.where(kinds == 1, -logits, logits))).sum()
    prior = -0.5 * weights @ weights / width**2 - len(weights) * np.log(width)
    return _Posterior(
        weights, intercept, root, width, float(likelihood + prior - np.log(np.diag(root)).sum())
    )


def _best(known: _Known, width: float) -> tuple[Floats, float]:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=width**2, tol=1e-4, max_iter=1000)
    model.fit(known.rows, known.kinds, sample_weight=known.weights)
    return model.coef_[0], float(model.intercept_[0])


def _variances(rows: Floats, root: Floats) -> Floats:
    """The posterior's variance of each logit (n,)."""
    from scipy.linalg import solve_triangular

    found = np.empty(len(rows))
    for first in range(0, len(rows), _BLOCK):
        block = rows[first : first + _BLOCK]
        beside = np.column_stack([block, np.ones(len(block))])
        found[first : first + _BLOCK] = (solve_triangular(root, beside.T, lower=True) ** 2).sum(axis=0)
    return found


def _moderated(logits: Floats, variances: Floats) -> Floats:
    """The logit of the mean probability over a normal posterior of the logit, approximately."""
    return np.asarray(logits / np.sqrt(1 + np.pi * variances / 8))


def _calibration(beside: _Known, decided: _Known, width: float, seed: int) -> tuple[float, float, Floats]:
    """Slope and shift of a sigmoid on logits by models that did not learn from these rows, and their covariance."""
    from scipy.special import expit
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.frozen import FrozenEstimator
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    logits = np.empty(len(decided.rows))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learned, left in folds.split(decided.rows, decided.kinds):
        model = _posterior(beside.plus(decided.at(learned)), width)
        logits[left] = model.logits(decided.rows[left])
    same = LogisticRegression()  # its decision function returns the logit that it is given
    same.classes_, same.coef_, same.intercept_ = np.array([0.0, 1.0]), np.ones((1, 1)), np.zeros(1)
    sigmoid = CalibratedClassifierCV(FrozenEstimator(same), method="sigmoid")
    at = sigmoid.fit(logits[:, None], decided.kinds).predict_proba(np.array([[0.0], [1.0]]))[:, 1]
    first, second = np.log(at) - np.log1p(-at)
    slope, shift = max(float(second - first), _FLATTEST), float(first)
    likely = expit(slope * logits + shift)
    pairs = np.column_stack([logits, np.ones(len(logits))])
    return slope, shift, np.linalg.pinv((pairs * (likely * (1 - likely))[:, None]).T @ pairs)
