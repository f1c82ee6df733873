"""Figures of a layout against scikit-learn and against counting."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.manifold import trustworthiness
from sklearn.neighbors import KNeighborsClassifier

from qlatent.services.layouts import quality as module
from qlatent.services.layouts.quality import neighbour_accuracy, quality
from tests.layout.blobs import blobs


def test_figures_are_those_of_scikit_learn() -> None:
    points, classes = blobs(80)
    places = points[:, :2] + 8 * np.random.default_rng(1).normal(size=(80, 2)).astype(np.float32)
    found = quality(points, places, metric="euclidean", labels=[str(each) for each in classes])
    assert found["trustworthiness"] == pytest.approx(
        trustworthiness(points, places, n_neighbors=10), abs=1e-9
    )
    assert found["continuity"] == pytest.approx(trustworthiness(places, points, n_neighbors=10), abs=1e-9)
    for name, where in (("neighbour_accuracy", places), ("neighbour_accuracy_vectors", points)):
        most, only = 0, 0  # points whose class has the most votes, and those where no other has as many
        for row in range(80):
            others = np.arange(80) != row
            voter = KNeighborsClassifier(10).fit(where[others], classes[others])
            votes = voter.predict_proba(where[row : row + 1])[0]
            most += votes[classes[row]] == votes.max()
            only += votes[classes[row]] > np.delete(votes, classes[row]).max()
        assert only <= round(80 * found[name]) <= most
    assert found["neighbour_accuracy"] < 0.9 < found["neighbour_accuracy_vectors"]
    assert found["measured_points"] == 80


def test_votes_are_counted_without_unknown_labels() -> None:
    neighbours = np.array([[1, 2], [0, 2], [0, 1], [0, 1]])
    labels = np.array(["a", "a", "", "b"])
    assert neighbour_accuracy(neighbours, labels) == pytest.approx(2 / 3)  # "b" has no other
    assert np.isnan(neighbour_accuracy(neighbours, np.array(["", "", "", ""])))
    assert np.isnan(neighbour_accuracy(neighbours, np.array(["a", "b", "c", "d"])))


def test_a_tie_goes_to_the_nearer_label() -> None:
    assert (
        neighbour_accuracy(np.array([[2, 1], [3, 0], [0, 3], [1, 2]]), np.array(["a", "b", "a", "b"])) == 1.0
    )


def test_many_points_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE", 40)
    points, _ = blobs(90)
    assert quality(points, points[:, :2])["measured_points"] == 40


@pytest.mark.parametrize(("count", "known"), [(1, False), (2, False), (3, True), (30, True)])
def test_few_and_equal_points_have_the_figures_that_are_defined(count: int, known: bool) -> None:
    same = np.ones((count, 4), dtype=np.float32)
    found = quality(same, same[:, :2], labels=["a"] * count)
    assert ("neighbour_overlap" in found) == known
    assert ("trustworthiness" in found) == (count > 20)
    assert all(0 <= value <= 1 for name, value in found.items() if name != "measured_points")
