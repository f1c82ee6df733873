"""Dense regions, trust and outliers of places and the vectors behind them."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from qlatent.errors import ConfigError
from qlatent.services.layouts import reading
from qlatent.services.layouts.requests import LayoutRequest
from qlatent.store.workspace import Workspace
from tests.layout.blobs import blobs

POINTS, CLASSES = blobs(120)
PLACES = POINTS[:, :2]


def test_regions_are_those_of_all_modalities_together_without_points_that_have_no_place() -> None:
    places = PLACES.copy()
    places[:30] = np.nan
    found = reading.clusters_of({"image": places, "text": PLACES}, smallest=20)
    assert found.numbers.shape == (240,) and (found.numbers[:30] == -1).all() and found.count == 3
    for number in range(3):
        assert len(set(CLASSES[found.members(number) % 120].tolist())) == 1
    assert found.noise == pytest.approx((found.numbers[30:] < 0).mean())
    nothing = reading.clusters_of({"image": np.full((4, 2), np.nan)}, fill=True)
    assert nothing.count == 0 and nothing.noise == 0.0


def nearest(points: np.ndarray) -> list[set[int]]:
    rows = NearestNeighbors(n_neighbors=11).fit(points).kneighbors(points)[1]
    return [set(row[1:].tolist()) for row in rows]


def test_trust_is_the_share_of_ten_neighbours_that_are_true() -> None:
    vectors = POINTS.copy()
    vectors[7] = np.nan
    found = reading.trust_of(vectors, PLACES, metric="euclidean")
    known = np.flatnonzero(np.arange(120) != 7)
    pairs = zip(nearest(POINTS[known]), nearest(PLACES[known]), strict=True)
    np.testing.assert_allclose(found[known], [len(one & other) / 10 for one, other in pairs])
    assert np.isnan(found[7]) and np.isnan(reading.outliers_of(vectors)[7])


def test_of_too_many_points_some_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "JUDGED", 40)
    for found in (reading.trust_of(POINTS, PLACES), reading.outliers_of(POINTS)):
        known = np.flatnonzero(np.isfinite(found))
        assert len(known) == 40 and known[0] == 0 and known[-1] == 119


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_and_lost_points_have_no_trust(count: int) -> None:
    few = POINTS[:count]
    expected = [] if not count else [np.nan] if count == 1 else [1.0, 1.0]
    np.testing.assert_array_equal(reading.trust_of(few, few[:, :2]), expected)
    assert reading.outliers_of(few).shape == (count,)
    assert np.isnan(reading.outliers_of(np.full((count, 4), np.nan))).all()


def test_only_frames_are_measured_beforehand(tmp_path_factory: pytest.TempPathFactory) -> None:
    workspace = Workspace.open(tmp_path_factory.mktemp("none") / "workspace")
    with pytest.raises(ConfigError, match="Only the layout of all frames"):
        reading.expected_seconds(workspace, LayoutRequest("classes"))
