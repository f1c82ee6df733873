"""Trust in each point, and points that stand apart."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import LocalOutlierFactor

from qlatent.errors import InputError
from qlatent.layout import trust
from qlatent.layout.neighbours import nearest
from tests.layout.blobs import blobs


def test_trust_is_the_share_of_neighbours_kept() -> None:
    points, _ = blobs(40)
    places = points[:, :2].copy()
    vectors, drawn = (nearest(each, k=6, metric="euclidean") for each in (points, places))
    expected = [len(set(a[1:]) & set(b[1:])) / 5 for a, b in zip(vectors.rows, drawn.rows, strict=True)]
    np.testing.assert_allclose(trust.local_trust(vectors, drawn), expected)
    assert (trust.local_trust(vectors, vectors) == 1.0).all()
    with pytest.raises(InputError, match="cannot be compared"):
        trust.local_trust(vectors, nearest(places, k=5))


def test_the_factor_of_a_point_apart_is_the_largest() -> None:
    points, _ = blobs(61, classes=1)
    points[60] += 50.0
    factors = trust.outlier_factor(points, metric="euclidean")
    assert factors.argmax() == 60 and factors[60] > 5 * np.median(factors)
    reference = -LocalOutlierFactor(n_neighbors=20).fit(points.astype(np.float64)).negative_outlier_factor_
    np.testing.assert_allclose(factors, reference)


@pytest.mark.parametrize("count", [1, 2, 30])
def test_equal_and_few_points_stand_apart_from_nobody(count: int) -> None:
    same = np.ones((count, 3), dtype=np.float32)
    np.testing.assert_allclose(trust.outlier_factor(same), 1.0)
    near = nearest(same, k=10)
    assert np.isnan(trust.local_trust(near, near)).all() == (count == 1)
