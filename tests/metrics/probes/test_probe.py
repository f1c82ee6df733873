"""Probes against scikit-learn, and labels for which a probe is undefined."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix
from sklearn.model_selection import GridSearchCV, PredefinedSplit
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_info, threadpool_limits

from qlatent.metrics.probes import probe
from qlatent.metrics.value import Undefined


def features(latents):
    return np.concatenate([latents["image"], latents["text"]], axis=1)


def by_scikit_learn(comparison):
    """Predictions of a grid search over the same folds."""
    train = features(comparison.train_latents)
    _, numbers = np.unique(comparison.train_labels, return_inverse=True)
    search = GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        {"logisticregression__C": list(probe.STRENGTHS)},
        cv=PredefinedSplit(probe.stratified_folds(numbers, folds=3, seed=comparison.seed)),
    )
    return search.fit(train, comparison.train_labels).predict(features(comparison.latents))


def test_the_linear_probe_is_a_grid_search_within_the_training_rows(compared):
    comparison = compared(120)
    predicted = by_scikit_learn(comparison)
    got = probe.probe_accuracy(comparison)
    assert got.value == pytest.approx((predicted == comparison.labels).mean(), abs=0.5 / 120)
    assert got.low < got.value < got.high
    assert got.n == 120
    assert got.sampled == "120 labelled held-out items, 80 to train"


def blas_threads():
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_small_fits_use_one_thread_of_linear_algebra_and_leave_the_others_as_they_were(compared, monkeypatch):
    seen = []
    fit = LogisticRegression.fit
    monkeypatch.setattr(
        LogisticRegression, "fit", lambda self, x, y: (seen.append(blas_threads()), fit(self, x, y))[1]
    )
    with threadpool_limits(2, user_api="blas"):
        before = blas_threads()  # a library that other tests loaded may have a limit of its own
        probe.probe_accuracy(compared(60))
        assert blas_threads() == before
    assert seen == [{1}] * (probe.FOLDS * len(probe.STRENGTHS) + 1)


def test_the_neighbour_probe_is_scikit_learns_but_for_equal_votes(compared):
    comparison = compared(120)
    wanted = KNeighborsClassifier(10).fit(features(comparison.train_latents), comparison.train_labels)
    votes = np.sort(wanted.predict_proba(features(comparison.latents)), axis=1)
    clear = votes[:, -1] > votes[:, -2]
    data = probe.labelled(comparison)
    got = np.array(data.names)[probe.knn_probe(data)]
    assert clear.sum() > 60
    np.testing.assert_array_equal(got[clear], wanted.predict(features(comparison.latents))[clear])


def test_of_equal_votes_the_class_of_the_nearest_wins():
    train = np.array([[1.0], [4.0], [2.0], [3.0]])
    data = probe.Labelled(train, np.array([1, 1, 0, 0]), np.zeros((1, 1)), np.array([0]), ("a", "b"))
    assert probe.knn_probe(data, k=4).tolist() == [1]
    assert probe.knn_probe(data, k=3).tolist() == [0]


def test_the_confusion_matrix_has_class_names_and_agrees_with_the_accuracy(compared):
    comparison = compared(120)
    got = probe.confusion(comparison)
    np.testing.assert_array_equal(
        got.counts, confusion_matrix(comparison.labels, by_scikit_learn(comparison), labels=list(got.labels))
    )
    assert got.labels == ("c0", "c1", "c2", "c3")
    assert got.accuracy == pytest.approx(probe.probe_accuracy(comparison).value)
    assert got.macro_recall == pytest.approx(
        balanced_accuracy_score(comparison.labels, by_scikit_learn(comparison))
    )
    near = probe.knn_confusion(comparison)
    assert near.accuracy == pytest.approx(probe.knn_accuracy(comparison).value)


def test_majority_accuracy_is_the_share_of_the_largest_training_class(compared):
    labels = ["a"] * 20 + ["b"] * 40
    comparison = compared(60, labels=labels, train_labels=["a"] * 50 + ["b"] * 30)
    assert probe.majority_accuracy(comparison).value == pytest.approx(20 / 60)


def test_unlabelled_items_are_left_out(compared, items):
    _, labels = items(60, 1)
    holed = [label if i % 3 else "" for i, label in enumerate(labels)]
    got = probe.probe_accuracy(compared(60, labels=holed))
    assert got.n == 40


def test_a_class_that_training_rows_lack_counts_as_wrong(compared, items):
    _, labels = items(60, 1)
    comparison = compared(60, labels=["new"] * 30 + labels[30:])
    confusion = probe.confusion(comparison)
    place = confusion.labels.index("new")
    assert confusion.counts[place].sum() == 30
    assert confusion.counts[:, place].sum() == 0
    assert probe.probe_accuracy(comparison).value <= 0.5


def test_classes_smaller_than_the_folds_still_have_a_probe(compared):
    rare = ["a", "b"] + ["c"] * 78
    got = probe.probe_accuracy(compared(60, labels=["c"] * 60, train_labels=rare))
    assert got.value > 0.9


def test_folds_deal_every_class_out_evenly():
    classes = np.repeat([0, 1, 2], [30, 10, 2])
    folds = probe.stratified_folds(classes, folds=3, seed=0)
    for label, size in enumerate([30, 10, 2]):
        counts = np.bincount(folds[classes == label], minlength=3)
        assert counts.sum() == size
        assert np.ptp(counts) <= 1


def test_folds_keep_groups_whole_and_leave_a_probe_nothing_to_remember(compared):
    """With noise repeated in each group, folds by rows make every strength look perfect; folds by groups do not."""
    random = np.random.default_rng(3)
    groups = np.repeat(np.arange(30), 4)
    noise = random.normal(size=(30, 40))[groups] + 1e-3 * random.normal(size=(120, 40))
    classes = random.permutation(np.arange(30) % 3)[groups]
    apart, torn = (
        probe.Labelled(noise, classes, noise[:3], classes[:3], ("a", "b", "c"), given)
        for given in (groups, None)
    )
    folds = probe.folds_of(apart, seed=0)
    assert all(len(set(folds[groups == each])) == 1 for each in range(30))
    assert all(np.ptp(np.bincount(folds[classes == each], minlength=3)) <= 4 for each in range(3))
    right = [
        max(probe._judged(data, folds_ == fold)[0].max() / (folds_ == fold).sum() for fold in range(3))
        for data, folds_ in ((apart, folds), (torn, probe.folds_of(torn, seed=0)))
    ]
    assert right[0] < 0.8 < 0.95 < right[1]


def test_rows_of_one_group_are_divided_one_by_one(compared):
    _, labels = np.unique([f"c{n % 3}" for n in range(80)], return_inverse=True)
    data = probe.Labelled(np.zeros((80, 2)), labels, np.zeros((1, 2)), labels[:1], ("a",), np.zeros(80, int))
    assert probe.folds_of(data, seed=1).tolist() == probe.stratified_folds(labels, folds=3, seed=1).tolist()


@pytest.mark.parametrize(
    ("settings", "note"),
    [
        ({"labels": None}, "needs labels; these items have none"),
        ({"labels": [""] * 60}, "needs labels; these items have none"),
        ({"train_latents": None, "train_labels": None}, "needs training rows with labels"),
        ({"train_labels": ["one"] * 80}, "there is one"),
        ({"train_labels": [None] * 80}, "there is none"),
    ],
)
def test_labels_that_cannot_be_learned_give_a_note(compared, settings, note):
    for function in (probe.probe_accuracy, probe.knn_accuracy, probe.majority_accuracy):
        figure = function(compared(60, **settings))
        assert np.isnan(figure.value)
        assert note in figure.note
    with pytest.raises(Undefined, match="needs"):
        probe.confusion(compared(60, **settings))


def test_too_few_training_rows_for_ten_neighbours_give_a_note(compared, items, projected):
    train, labels = items(9, 2)
    figure = probe.knn_accuracy(compared(60, train_latents=projected(train), train_labels=labels))
    assert figure.note == "k = 10 needs at least 10 training rows; there are 9"
