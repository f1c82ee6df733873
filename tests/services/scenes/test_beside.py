"""The points of one scene on the map of another: the same items, by their rows."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import scenes
from qlatent.services.scenes.beside import beside
from qlatent.store.workspace import Workspace


def test_each_point_is_the_same_item_on_both_maps(workspace: Workspace) -> None:
    run = scenes.of_run(workspace, "r1", Drawing("both"))
    vectors = scenes.of_vectors(workspace, "shop", "given", Drawing("text"))
    found = beside(run, vectors)
    assert found.positions.values.shape == (1, run.points, 2)
    assert not found.positions.placed(0)[: run.items].any()  # the texts alone have places there
    for point in range(run.items, run.points):
        there = vectors.point_of(run.row_of(point))
        assert found.points[point] == there
        assert (found.positions.values[0, point] == vectors.positions.values[0, there]).all()
    back = beside(vectors, run)  # rows that the run did not look at
    missing = np.flatnonzero(~np.isin(vectors.rows, run.rows))
    assert len(missing) and np.flatnonzero(~back.positions.placed(1)).tolist() == missing.tolist()


def test_another_frame_is_in_the_same_axes_and_units(workspace: Workspace) -> None:
    run = scenes.of_run(workspace, "r1", Drawing("both"))
    found = beside(run, run, frame=0)
    assert found.frames == range(1) and found.points.tolist() == list(range(run.points))
    assert (found.positions.values[0] == run.positions.values[0]).all()
    assert (found.positions.low == run.positions.low).all() and (
        found.positions.step == run.positions.step
    ).all()
    codes = np.arange(2 * run.points, dtype=np.uint8).reshape(2, -1)
    assert (found.taken(codes, missing=255) == codes[:1]).all()
    for frame in (-1, 2):
        with pytest.raises(InputError, match=f"no frame {frame} "):
            beside(run, run, frame=frame)


def test_maps_without_a_common_point_are_refused(workspace: Workspace) -> None:
    images = scenes.of_run(workspace, "r1", Drawing("image"))
    texts = scenes.of_vectors(workspace, "shop", "given", Drawing("text"))
    with pytest.raises(InputError, match="None of the points"):
        beside(images, texts)
    assert (
        beside(scenes.of_run(workspace, "r1", Drawing("both")), texts)
        .taken(np.full(texts.points, 7, dtype=np.uint8), missing=255)
        .tolist()
        == [255] * 20 + [7] * 20
    )
