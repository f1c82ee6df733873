"""Accuracy of a vote among nearest neighbours, against scikit-learn's classifier with each point left out."""

import numpy as np
import pytest
from sklearn.model_selection import LeaveOneOut, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier

from qlatent.demo.neighbours import neighbour_accuracy


@pytest.mark.parametrize("k", [1, 5])
def test_equals_leaving_each_point_out(k: int) -> None:
    rng = np.random.default_rng(0)
    classes = rng.choice(["a", "b", "c"], 60)
    points = rng.normal(size=(60, 3)) + (classes == "b")[:, None] * 2
    predicted = cross_val_predict(KNeighborsClassifier(k), points, classes, cv=LeaveOneOut())
    assert neighbour_accuracy(points, classes.tolist(), k=k) == pytest.approx((predicted == classes).mean())


def test_is_one_for_distant_classes_and_chance_for_none() -> None:
    rng = np.random.default_rng(1)
    classes = ["even", "odd"] * 100
    apart = rng.normal(size=(200, 2)) + np.tile([[0.0], [50.0]], (100, 1))
    assert neighbour_accuracy(apart, classes) == 1.0
    assert neighbour_accuracy(rng.normal(size=(200, 2)), classes) == pytest.approx(0.5, abs=0.12)
