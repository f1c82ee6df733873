"""Layouts of several frames: classes lie apart in each, and a point does not jump between them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from qlatent.errors import InputError
from qlatent.layout.aligned import estimate, lay_out_frames, same_points
from qlatent.layout.umap import UmapConfig
from tests.layout.blobs import blobs


def frames(count: int = 4) -> tuple[list[np.ndarray], np.ndarray]:
    """Classes that move apart over the frames."""
    points, classes = blobs(60, width=4)
    return [points * (1.0 + 0.1 * number) for number in range(count)], classes


def test_relations_are_those_of_umap_learn() -> None:
    from qlatent.layout.imported import umap_aligned

    same = {point: point for point in range(5)}
    expected = umap_aligned().expand_relations([same] * 4, window_size=3)
    ours = same_points(5, 5)
    before = expected[:, :3].copy()
    np.testing.assert_array_equal(ours[:, :3], before)
    # umap-learn leaves out the last frame from the windows after it; we do not
    for frame in range(3):
        np.testing.assert_array_equal(ours[frame, 4], np.arange(5))
    assert (ours[4, 4:] == -1).all() and (ours[:, 3] == -1).all()


@pytest.mark.slow
def test_frames_keep_classes_apart_and_points_in_place() -> None:
    given, classes = frames()
    told: list[tuple[int, int | None]] = []
    places = lay_out_frames(
        given, UmapConfig(epochs=60), metric="euclidean", every=0,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert places.shape == (4, 60, 2) and told[0] == (0, 60) and told[-1][0] >= 59
    for frame in places:
        apart = cdist(frame, frame)
        np.fill_diagonal(apart, np.inf)
        np.testing.assert_array_equal(classes[apart.argmin(axis=1)], classes)
    moved = np.linalg.norm(np.diff(places, axis=0), axis=2)
    assert np.median(moved) < 0.2 * places.std(axis=(0, 1)).mean()
    expected = estimate(given, UmapConfig(epochs=60), metric="euclidean")
    assert expected.starting > 0 and expected.moving > 0
    assert expected.seconds == expected.starting + expected.moving


def test_few_points_stay_on_the_plane_and_one_frame_is_refused() -> None:
    assert lay_out_frames([np.eye(3)] * 2, UmapConfig()).shape == (2, 3, 2)
    assert not lay_out_frames([np.zeros((9, 4))] * 2, UmapConfig()).any()
    with pytest.raises(InputError, match="nothing to be aligned with"):
        lay_out_frames([np.eye(5)], UmapConfig())
