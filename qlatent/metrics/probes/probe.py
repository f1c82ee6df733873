"""Linear and nearest-neighbour probes: accuracy of simple classifiers that predict labels from latents."""

from __future__ import annotations

import functools
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from qlatent.metrics.comparison import Comparison
from qlatent.metrics.metric import ItemMetric
from qlatent.metrics.pairs.distances import Distance, Matrix, between
from qlatent.metrics.value import Contributions, Undefined
from qlatent.types import Arrays

STRENGTHS = (0.01, 0.1, 1.0, 10.0, 100.0)  # C of the logistic regression, most regularised first
FOLDS = 3
ITERATIONS = 500
NEIGHBOURS = 10
BLOCK = 1024
_ALONE = threading.Lock()  # the thread limit is global to the process, so uses must not overlap

Classes = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Confusion:
    """Confusion matrix of held-out items: counts (classes, classes) by true class (rows) and prediction (columns)."""

    labels: tuple[str, ...]
    counts: NDArray[np.int64]

    @property
    def accuracy(self) -> float:
        """Fraction of correct predictions."""
        return float(np.trace(self.counts) / self.counts.sum())

    @property
    def macro_recall(self) -> float:
        """Mean recall over the classes that occur."""
        sizes = self.counts.sum(axis=1)
        return float((np.diag(self.counts)[sizes > 0] / sizes[sizes > 0]).mean())


@dataclass(frozen=True, slots=True)
class Labelled:
    """The labelled rows: features for training and evaluation, with classes as indices into `names`.

    Rows with equal `train_groups` (n,) stay in one cross-validation fold; None: no groups.
    """

    train: Matrix  # (n, d), modalities side by side
    train_classes: Classes
    heldout: Matrix
    heldout_classes: Classes
    names: tuple[str, ...]
    train_groups: Classes | None = None


def labelled(comparison: Comparison) -> Labelled:
    """The labelled rows of a comparison; raises `Undefined` without labels, training rows or a second class."""
    if comparison.labels is None or not (comparison.labels != "").any():
        raise Undefined("needs labels; these items have none")
    if comparison.train_latents is None or comparison.train_labels is None:
        raise Undefined("needs training rows with labels")
    known, train_known = comparison.labels != "", comparison.train_labels != ""
    heldout, train = comparison.labels[known], comparison.train_labels[train_known]
    if len(set(train)) < 2:
        raise Undefined(
            f"needs two classes among the training rows; there is {', '.join(set(train)) or 'none'}"
        )
    names, numbers = np.unique(np.concatenate([train, heldout]), return_inverse=True)
    return Labelled(
        _features(comparison.train_latents, comparison.modalities)[train_known],
        numbers[: len(train)],
        _features(comparison.latents, comparison.modalities)[known],
        numbers[len(train) :],
        tuple(str(name) for name in names),
        None if comparison.train_groups is None else comparison.train_groups[train_known],
    )


def _features(arrays: Arrays, modalities: tuple[str, ...]) -> Matrix:
    return np.concatenate([np.asarray(arrays[name], dtype=np.float64) for name in modalities], axis=1)


def _labelled(comparison: Comparison) -> Labelled:
    return comparison.kept("labelled", lambda: labelled(comparison))


def _linear(comparison: Comparison) -> tuple[Classes, bool]:
    data = _labelled(comparison)
    return comparison.kept("linear probe", lambda: linear_probe(data, seed=comparison.seed))


def _knn(comparison: Comparison) -> Classes:
    data = _labelled(comparison)
    return comparison.kept("knn probe", lambda: knn_probe(data, distance=comparison.distance))


@ItemMetric
def probe_accuracy(comparison: Comparison) -> Contributions:
    """Accuracy on held-out items of a logistic regression on the latents: 0 to 1.

    Fitted to standardised training rows, with C chosen by 3-fold cross-validation by whole groups; held-out rows are
    used once. Classes that occur only in held-out rows count as errors.
    """
    predicted, converged = _linear(comparison)
    note = "" if converged else f"the probe was stopped after {ITERATIONS} iterations"
    return _accuracy(_labelled(comparison), predicted, note)


@ItemMetric
def knn_accuracy(comparison: Comparison) -> Contributions:
    """Accuracy on held-out items of a vote among their 10 nearest training rows: 0 to 1.

    Uses the distance of the latents, with modalities concatenated. Ties go to the class with the nearest member.
    """
    predicted = _knn(comparison)
    return _accuracy(_labelled(comparison), predicted)


@ItemMetric
def majority_accuracy(comparison: Comparison) -> Contributions:
    """Fraction of held-out items of the most frequent training class: 0 to 1.

    The baseline that a probe must exceed.
    """
    data = _labelled(comparison)
    largest = np.bincount(data.train_classes).argmax()
    return _accuracy(data, np.full(len(data.heldout_classes), largest))


def confusion(comparison: Comparison) -> Confusion:
    """The confusion matrix of the linear probe on the held-out rows; `Undefined` if the probe is."""
    return _confusion(_labelled(comparison), _linear(comparison)[0])


def knn_confusion(comparison: Comparison) -> Confusion:
    """The confusion matrix of the nearest-neighbour probe on the held-out rows; `Undefined` if the probe is."""
    return _confusion(_labelled(comparison), _knn(comparison))


def _confusion(data: Labelled, predicted: Classes) -> Confusion:
    size = len(data.names)
    counts = np.bincount(data.heldout_classes * size + predicted, minlength=size * size)
    return Confusion(data.names, counts.reshape(size, size))


def _accuracy(data: Labelled, predicted: Classes, note: str = "") -> Contributions:
    right = (predicted == data.heldout_classes).astype(np.float64)
    told = f"{len(right):,} labelled held-out items, {len(data.train):,} to train"
    return Contributions(right, told, note=note)


def linear_probe(data: Labelled, *, seed: int = 0) -> tuple[Classes, bool]:
    """The predicted classes of the held-out rows (n,), and whether every fit converged."""
    from sklearn.exceptions import ConvergenceWarning

    folds = folds_of(data, seed=seed)
    with warnings.catch_warnings(), _one_thread():
        warnings.simplefilter("ignore", ConvergenceWarning)  # reported in the metric's note
        judged = [_judged(data, folds == fold) for fold in range(FOLDS)]
        right = np.sum([right for right, _ in judged], axis=0)
        best = STRENGTHS[int(right.argmax())]  # ties go to the most regularised
        x, heldout = _standardised(data.train, data.heldout)
        [(predicted, settled)] = _fits(x, data.train_classes, heldout, (best,))
    return predicted, settled and all(converged for _, converged in judged)


@contextmanager
def _one_thread() -> Iterator[None]:
    """Context with single-threaded linear algebra; threading costs more than products of so few columns."""
    with _ALONE, _controller().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def _controller() -> ThreadpoolController:
    return ThreadpoolController()


def _judged(data: Labelled, outer: NDArray[np.bool_]) -> tuple[NDArray[np.int64], bool]:
    """Number of `outer` training rows that each strength classifies correctly when fitted to the others."""
    x, judged = _standardised(data.train[~outer], data.train[outer])
    fits = _fits(x, data.train_classes[~outer], judged, STRENGTHS)
    right = np.array([(predicted == data.train_classes[outer]).sum() for predicted, _ in fits])
    return right, all(settled for _, settled in fits)


def folds_of(data: Labelled, *, seed: int) -> NDArray[np.int64]:
    """The fold of each training row (n,), by whole groups, stratified by each group's most frequent class.

    If all rows form one group, rows are assigned individually.
    """
    if data.train_groups is None or len(set(data.train_groups.tolist())) < 2:
        return stratified_folds(data.train_classes, folds=FOLDS, seed=seed)
    names, group = np.unique(data.train_groups, return_inverse=True)
    counts = np.zeros((len(names), int(data.train_classes.max()) + 1), dtype=np.int64)
    np.add.at(counts, (group, data.train_classes), 1)
    return stratified_folds(counts.argmax(axis=1), folds=FOLDS, seed=seed)[group]


def stratified_folds(classes: Classes, *, folds: int, seed: int) -> NDArray[np.int64]:
    """A fold for each row (n,), with every class spread as evenly as possible, also classes smaller than `folds`."""
    order = np.random.default_rng(seed).permutation(len(classes))
    dealt = order[np.argsort(classes[order], kind="stable")]
    result = np.empty(len(classes), dtype=np.int64)
    result[dealt] = np.arange(len(classes)) % folds
    return result


def _standardised(train: Matrix, other: Matrix) -> tuple[Matrix, Matrix]:
    spread = train.std(axis=0)
    spread[spread <= 1e-12 * np.abs(train).max(axis=0, initial=0.0)] = 1.0  # a constant column stays constant
    return (train - train.mean(axis=0)) / spread, (other - train.mean(axis=0)) / spread


def _fits(
    x: Matrix, classes: Classes, judged: Matrix, strengths: tuple[float, ...]
) -> list[tuple[Classes, bool]]:
    """Predictions for `judged` and whether the fit converged, for each strength; warm-started from the previous one."""
    from sklearn.linear_model import LogisticRegression

    if len(set(classes)) < 2:  # a fold may lack the second class
        return [(np.full(len(judged), classes[0]), True)] * len(strengths)
    model = LogisticRegression(max_iter=ITERATIONS, warm_start=True)
    found = []
    for strength in strengths:
        model.set_params(C=strength).fit(x, classes)
        predicted = model.predict(judged) if len(judged) else np.empty(0, dtype=np.int64)
        found.append((predicted, bool(np.max(model.n_iter_) < ITERATIONS)))
    return found


def knn_probe(data: Labelled, *, distance: Distance = "euclidean", k: int = NEIGHBOURS) -> Classes:
    """The predicted classes of the held-out rows (n,) by a vote of their k nearest training rows."""
    if len(data.train) < k:
        raise Undefined(f"k = {k} needs at least {k} training rows; there are {len(data.train)}")
    parts = [
        _votes(between(data.heldout[start : start + BLOCK], data.train, distance), data.train_classes, k)
        for start in range(0, len(data.heldout), BLOCK)
    ]
    return np.concatenate(parts)


def _votes(distances: Matrix, classes: Classes, k: int) -> Classes:
    nearest = np.argsort(distances, axis=1, kind="stable")[:, :k]  # (n, k)
    voters = classes[nearest]
    votes = np.zeros((len(distances), classes.max() + 1))
    for place in range(k - 1, -1, -1):  # sums to less than one vote, so that it only breaks ties
        rows = np.arange(len(distances))
        votes[rows, voters[:, place]] += 1.0
        votes[rows, voters[:, place]] = np.floor(votes[rows, voters[:, place]]) + 0.5 * (1 - place / k)
    return votes.argmax(axis=1)
