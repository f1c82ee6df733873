"""Procrustes against scipy's, PCA against scikit-learn's, and what must never change: norms and distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import orthogonal_procrustes
from scipy.spatial.distance import pdist
from scipy.stats import ortho_group
from sklearn.decomposition import PCA

from qlatent.errors import InputError
from qlatent.layout.plane import align, plane


def walk(frames=6, points=50, size=4, seed=0):
    """Frames of a cloud that grows and drifts, each in a randomly turned (and mirrored) coordinate system."""
    rng = np.random.default_rng(seed)
    cloud = rng.normal(size=(points, size)) * np.arange(size, 0, -1)
    turned = []
    for number in range(frames):
        cloud = cloud * 1.2 + 0.05 * rng.normal(size=cloud.shape)
        turned.append(cloud @ ortho_group.rvs(size, random_state=seed + number))
    return turned


def moments(points):
    return align([points]).moments[0]


def aligned_frames(frames):
    """The frames as they are drawn, and the residuals."""
    found = align(frames)
    return [frame @ turn for frame, turn in zip(frames, found.rotations, strict=True)], found.residuals


def test_each_frame_is_turned_onto_the_one_before_as_scipy_does():
    frames = walk()
    aligned, residuals = aligned_frames(frames)
    previous = frames[0]
    for number in range(1, len(frames)):
        rotation, _ = orthogonal_procrustes(frames[number], previous)
        wanted = frames[number] @ rotation
        np.testing.assert_allclose(aligned[number], wanted, atol=1e-10)
        residual = np.linalg.norm(wanted - previous) / np.linalg.norm(previous)
        assert residuals[number] == pytest.approx(residual)
        previous = wanted
    assert residuals[0] == 0.0


def test_alignment_keeps_norms_and_distances():
    frames = walk()
    for before, after in zip(frames, aligned_frames(frames)[0], strict=True):
        np.testing.assert_allclose(np.linalg.norm(after, axis=1), np.linalg.norm(before, axis=1))
        np.testing.assert_allclose(pdist(after), pdist(before))


def test_alignment_undoes_a_rotation_and_a_mirror_entirely():
    cloud = np.random.default_rng(1).normal(size=(30, 3))
    mirrored = cloud @ np.diag([1.0, -1.0, 1.0]) @ ortho_group.rvs(3, random_state=2)
    aligned, residuals = aligned_frames([cloud, mirrored])
    np.testing.assert_allclose(aligned[1], cloud, atol=1e-12)
    assert residuals[1] == pytest.approx(0.0, abs=1e-7)


def test_alignment_neither_moves_the_origin_nor_scales():
    cloud = np.random.default_rng(2).normal(size=(30, 3))
    np.testing.assert_allclose(aligned_frames([cloud, cloud * 3.0])[0][1], cloud * 3.0, atol=1e-12)
    shifted, residuals = aligned_frames([cloud, cloud + 5.0])
    assert np.linalg.norm(shifted[1].mean(axis=0)) == pytest.approx(
        np.linalg.norm((cloud + 5.0).mean(axis=0))
    )
    assert residuals[1] > 1.0


def test_frames_already_drawn_do_not_move_when_later_ones_arrive():
    frames = walk()
    for before, after in zip(aligned_frames(frames[:4])[0], aligned_frames(frames)[0], strict=False):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(("basis", "part"), [("pooled", slice(None)), ("last", slice(-1, None))])
def test_the_plane_is_that_of_scikit_learns_pca(basis, part):
    frames, _ = aligned_frames(walk())
    reference = PCA(n_components=2).fit(np.concatenate(frames[part]))
    got = plane(frames, basis)
    np.testing.assert_allclose(got.mean, reference.mean_, atol=1e-10)
    for own, wanted in zip(got.axes.T, reference.components_, strict=True):
        assert abs(own @ wanted) == pytest.approx(1.0)
        assert own[np.abs(own).argmax()] > 0
    np.testing.assert_allclose(
        np.abs(got.project(frames[2])), np.abs(reference.transform(frames[2])), atol=1e-9
    )


def test_explained_is_the_share_of_variance_of_each_frame_inside_the_plane():
    frames, _ = aligned_frames(walk())
    got = plane(frames, "last")
    reference = PCA(n_components=2).fit(frames[-1])
    assert got.explained[-1] == pytest.approx(reference.explained_variance_ratio_.sum())
    inside = [np.var(got.project(frame), axis=0).sum() / np.var(frame, axis=0).sum() for frame in frames]
    np.testing.assert_allclose(got.explained, inside)


def test_two_dimensions_are_drawn_raw_and_one_is_padded():
    two = walk(size=2)
    got = plane(two)
    np.testing.assert_array_equal(got.project(two[1]), two[1])
    np.testing.assert_allclose(got.explained, 1.0)
    one = walk(size=1)
    np.testing.assert_array_equal(plane(one).project(one[0]), np.column_stack([one[0], np.zeros(50)]))


def test_a_collapsed_frame_is_drawn_without_a_warning():
    aligned, residuals = aligned_frames([np.zeros((5, 4)), np.ones((5, 4))])
    assert np.isfinite(residuals).all()
    np.testing.assert_array_equal(plane(aligned).explained, [1.0, 1.0])


def test_what_cannot_be_drawn_is_refused():
    with pytest.raises(InputError, match="same points"):
        align([np.zeros((5, 4)), np.zeros((6, 4))])
    with pytest.raises(InputError, match="at least one frame"):
        plane([])
    with pytest.raises(InputError, match="no basis called 'first'"):
        plane([np.zeros((5, 4))], "first")  # type: ignore[arg-type]


def test_a_space_has_the_three_leading_axes_and_holds_more_of_the_variance():
    aligned, _ = aligned_frames(walk())
    flat, space = plane(aligned), plane(aligned, dimensions=3)
    wanted = PCA(3).fit(np.concatenate(aligned))
    np.testing.assert_allclose(np.abs(np.sum(space.axes * wanted.components_.T, axis=0)), 1.0)
    np.testing.assert_allclose(space.axes[:, :2], flat.axes)
    assert (space.explained > flat.explained).all()


def test_three_dimensions_stay_as_they_are_in_space():
    cloud = walk(frames=1, size=3)[0]
    np.testing.assert_array_equal(plane([cloud], dimensions=3).project(cloud), cloud)


def test_a_map_of_four_dimensions_is_refused():
    with pytest.raises(InputError, match="2 or 3 dimensions, not 4"):
        plane([np.zeros((5, 6))], dimensions=4)


def test_the_plane_of_moments_is_that_of_the_points():
    frames, _ = aligned_frames(walk())
    known = align(walk()).moments
    for basis in ("pooled", "last"):
        wanted, got = plane(frames, basis), plane(known, basis)
        np.testing.assert_allclose(got.axes, wanted.axes, atol=1e-10)
        np.testing.assert_allclose(got.mean, wanted.mean, atol=1e-10)
        np.testing.assert_allclose(got.explained, wanted.explained)


def test_moments_of_two_sets_add_up_to_those_of_both():
    one, other = walk(frames=1)[0], walk(frames=1, seed=3)[0][:20] + 7.0
    both, got = np.concatenate([one, other]), moments(one) + moments(other)
    np.testing.assert_allclose(got.mean, both.mean(axis=0))
    np.testing.assert_allclose(got.scatter, np.cov(both.T, ddof=0) * len(both))
    assert (got.count, (moments(one) + moments(one[:0])).count) == (70, 50)
    turn = ortho_group.rvs(4, random_state=0)
    np.testing.assert_allclose(moments(one).turned(turn).scatter, moments(one @ turn).scatter, atol=1e-9)
    assert moments(one).square == pytest.approx(np.square(one).sum())


def test_rows_that_are_not_finite_turn_nothing():
    frames = walk(frames=3)
    wanted = align([frame[5:] for frame in frames])
    spoilt = [frame.copy() for frame in frames]
    spoilt[1][:5] = np.nan
    spoilt[0][2], spoilt[2][:5] = np.inf, np.nan
    got = align(spoilt)
    np.testing.assert_allclose(got.rotations[1:], wanted.rotations[1:], atol=1e-12)
    assert [each.count for each in got.moments] == [49, 45, 45]
    nothing = align([np.full((4, 3), np.nan)] * 2)
    np.testing.assert_array_equal(nothing.rotations, [np.eye(3)] * 2)
    assert np.isfinite(plane(nothing.moments).axes).all()


def test_frames_of_single_precision_far_from_the_origin_turn_as_those_of_double_do():
    frames = [frame + 30.0 for frame in walk(points=400)]
    exact, rough = align(frames), align([frame.astype(np.float32) for frame in frames])
    np.testing.assert_allclose(rough.rotations, exact.rotations, atol=1e-3)
    np.testing.assert_allclose(rough.residuals, exact.residuals, atol=2e-3)
    np.testing.assert_allclose(plane(rough.moments).explained, plane(exact.moments).explained, atol=1e-4)
