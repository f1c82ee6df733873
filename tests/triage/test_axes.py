"""Vectors as latents: distances are kept, a missing one is zero, and the whole has one norm."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose

from qlatent.triage import axes


def test_wide_points_keep_their_distances_on_as_many_axes_as_they_need() -> None:
    rng = np.random.default_rng(0)
    points = (rng.normal(size=(50, 3)) @ rng.normal(size=(3, 20))).astype(np.float32)
    points[4] = np.nan
    found = axes.fitted(points, most=3)
    latents = found.of(points)
    assert latents.shape == (50, 3) and (latents[4] == 0).all()
    known = np.delete(np.arange(50), 4)
    before, after = (
        np.linalg.norm(each[known][:, None] - each[known][None], axis=-1) for each in (points, latents)
    )
    assert_allclose(after, before * after[0, 1] / before[0, 1], rtol=1e-3, atol=1e-3)
    assert axes.fitted(points).of(points).shape == (50, 20)


def test_latents_have_one_norm_and_no_gaps() -> None:
    points = np.random.default_rng(0).normal(size=(50, 3)) * 40 + 7
    points[3], points[8] = np.nan, 0
    found = axes.fitted(points).of(points)
    assert (found[[3, 8]] == 0).all()
    known = np.delete(found, [3, 8], axis=0)
    assert_allclose(np.sqrt((known**2).sum(axis=1).mean()), axes.NORM)
    assert_allclose(known.mean(axis=0), 0, atol=1e-9)
    for nothing in (np.full((2, 2), np.nan), np.ones((2, 2))):
        assert (axes.fitted(nothing).of(nothing) == 0).all()
