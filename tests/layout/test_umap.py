"""UMAP on classes that lie apart, new points beside them, and inputs with hardly any structure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qlatent.errors import ConfigError
from qlatent.layout import neighbours, umap
from qlatent.layout.epochs import EpochCounter, bar_settings
from qlatent.types import Cancelled
from tests.layout.blobs import blobs

CONFIG = umap.UmapConfig(epochs=60)


def laid_out(points: np.ndarray, config: umap.UmapConfig = CONFIG) -> np.ndarray:
    return umap.lay_out(points, neighbours.nearest(points, k=config.neighbours, metric="euclidean"), config)


@pytest.fixture(scope="module")
def layout() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, their classes and their places."""
    points, classes = blobs()
    return points, classes, laid_out(points)


def named(places: np.ndarray, known: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """The class of the nearest known place."""
    return classes[cdist(places, known).argmin(axis=1)]


def test_classes_lie_apart(layout: tuple[np.ndarray, ...]) -> None:
    _, classes, places = layout
    apart = cdist(places, places)
    np.fill_diagonal(apart, np.inf)
    assert places.shape == (150, 2) and places.dtype == np.float32
    np.testing.assert_array_equal(classes[apart.argmin(axis=1)], classes)


def test_equal_seeds_give_equal_places(layout: tuple[np.ndarray, ...]) -> None:
    points, _, places = layout
    np.testing.assert_array_equal(laid_out(points), places)
    assert np.abs(laid_out(points, umap.UmapConfig(epochs=60, seed=1)) - places).max() > 0.01


@pytest.mark.slow
def test_densmap_gives_a_loose_class_more_room() -> None:
    rng = np.random.default_rng(0)
    tight = rng.normal(scale=0.2, size=(60, 5))
    loose = rng.normal(scale=2.0, size=(60, 5)) + 30.0
    points = np.concatenate([tight, loose]).astype(np.float32)

    def ratio(config: umap.UmapConfig) -> float:
        places = laid_out(points, config)
        return float(places[60:].std(axis=0).mean() / places[:60].std(axis=0).mean())

    plain, dense = (ratio(umap.UmapConfig(epochs=200, densmap=each)) for each in (False, True))
    assert dense > 1.5 * plain


def test_known_points_are_added_near_their_own_places(layout: tuple[np.ndarray, ...]) -> None:
    points, _, places = layout
    again = umap.add(neighbours.nearest_known(points, points, k=15, metric="euclidean"), places, CONFIG)
    shifts = np.linalg.norm(again - places, axis=1)
    between = np.linalg.norm(places[::3].mean(axis=0) - places[1::3].mean(axis=0))
    assert np.median(shifts) < 0.1 * between and shifts.max() < 0.5 * between


def test_new_points_are_added_to_their_class(layout: tuple[np.ndarray, ...]) -> None:
    points, classes, places = layout
    new, own = blobs(30, seed=5)
    before = places.copy()
    added = umap.add(neighbours.nearest_known(new, points, k=15, metric="euclidean"), places, CONFIG)
    np.testing.assert_array_equal(named(added, places, classes), own)
    np.testing.assert_array_equal(places, before)
    none = neighbours.Neighbours(np.empty((0, 15), np.int32), np.empty((0, 15), np.float32))
    assert umap.add(none, places, CONFIG).shape == (0, 2)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 13])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_a_few_points_have_places(count: int, dimensions: int) -> None:
    places = laid_out(blobs(count)[0], umap.UmapConfig(epochs=10, dimensions=dimensions))
    assert places.shape == (count, dimensions) and np.isfinite(places).all()


def test_equal_points_share_one_place_and_copies_do_no_harm() -> None:
    same = np.ones((40, 4), dtype=np.float32)
    assert not laid_out(same).any()
    same[:3] += np.eye(3, 4, dtype=np.float32)
    assert np.isfinite(laid_out(same)).all()


def test_epochs_are_told_and_a_stop_is_heard() -> None:
    points, _ = blobs(60)
    near = neighbours.nearest(points, k=15)
    told: list[tuple[int, int]] = []

    def stop(done: int, total: int | None) -> None:
        told.append((done, total or 0))
        if done:
            raise Cancelled

    with pytest.raises(Cancelled):
        umap.lay_out(points, near, umap.UmapConfig(epochs=500_000), progress=stop)
    assert told[0] == (0, 500_000) and 0 < told[1][0] < 500_000


def test_a_bar_is_read_by_its_counts() -> None:
    told: list[tuple[int, int | None]] = []
    counter = EpochCounter(lambda done, total: told.append((done, total)))
    for text in ("\r3/20", "\r", "\r20/20"):
        counter.write(text)
    assert told == [(3, 20), (20, 20)]
    assert bar_settings(None) == {"disable": True}


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"dimensions": 4}, "2 or 3"), ({"neighbours": 1}, "at least 2"), ({"min_dist": 2.0}, "min_dist"),
        ({"epochs": 1}, "2 epochs"),
    ],
)  # fmt: skip
def test_settings_out_of_range_are_refused(settings: dict[str, float], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        umap.UmapConfig(**settings)


def test_epochs_follow_the_size_as_in_umap_learn() -> None:
    assert [umap.UmapConfig().epochs_for(n) for n in (10_000, 10_001)] == [500, 200]
    assert umap.UmapConfig(densmap=True).epochs_for(10) == 700
    assert umap.UmapConfig(epochs=7).epochs_for(10) == 7
