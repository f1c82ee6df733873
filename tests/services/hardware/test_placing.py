"""Where items lie by the exact values and by jobs, with arrows and ellipses, against hand-made results."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.services.hardware import placing
from qlatent.services.hardware.results import JobResults


def results(ids: str, shift: float = 0.0, *, dim: int = 2, error: float = 0.1) -> JobResults:
    """Items at x = 0, 1, 2 … exactly, moved by `shift` along y, with errors of `error` and twice that."""
    exact = np.zeros((len(ids), dim))
    exact[:, 0] = ["abcdefgh".index(each) for each in ids]
    moved = exact + shift * np.eye(dim)[1]
    errors = np.full(exact.shape, error) * np.arange(1, dim + 1)
    labels = tuple("x" for _ in ids)
    return JobResults("j", tuple(ids), labels, moved, errors, moved, exact, moved, errors, exact, {})


def coordinates(found: placing.Placed, line: np.ndarray) -> np.ndarray:
    return (line + 32768) * found.positions.step + found.positions.low


def test_arrows_lead_from_the_exact_place_over_the_other_job_to_this_one() -> None:
    found = placing.placed(
        [("twin", results("dcba", 1.0)), ("device", results("bcxd".replace("x", "e"), 3.0))]
    )
    assert (found.ids, found.stages) == (
        ("b", "c", "d"),
        ("Exact", "twin", "device"),
    )  # those of both, in order
    np.testing.assert_allclose(found.moved, 3.0)
    for stage, (low, high) in {1: (0.0, 1.0), 2: (1.0, 3.0)}.items():
        first, *_ = placing.arrows(found, np.array([0, 1]), stage=stage)
        np.testing.assert_allclose(coordinates(found, first)[:2], [[1, low], [1, high]], atol=1e-6)
    assert placing.arrows(placing.placed([("same", results("abc"))]), np.arange(3), stage=1) == []


def test_an_ellipse_holds_95_percent_of_a_normal_distribution() -> None:
    found = placing.placed([("shots", results("abc", 1.0))])
    (ring,) = placing.ellipses(found, np.array([1]), stage=1)
    ring = coordinates(found, ring)
    reach = np.sqrt(5.991)  # of chi squared with two degrees of freedom
    np.testing.assert_allclose(np.ptp(ring, axis=0), [2 * 0.1 * reach, 2 * 0.2 * reach], rtol=1e-3)
    np.testing.assert_allclose(ring[:-1].mean(axis=0), [1, 1], atol=1e-6)
    assert placing.ellipses(found, np.arange(3), stage=0) == []  # the exact values have no error


def test_many_arrows_are_thinned_evenly_and_a_lasso_finds_a_stage() -> None:
    found = placing.placed([("shots", results("abcdef", 1.0))])
    assert placing.shown(found, np.array([False, True, False, True, True, True])).tolist() == [1, 3, 4, 5]
    box = np.array(
        [[-32768, -32768], [30000, -32768], [30000, 0], [-32768, 0]], dtype=np.int16
    )  # without "f"
    assert placing.inside(found, box, stage=0).tolist() == [0, 1, 2, 3, 4]
    assert placing.inside(found, box, stage=1).tolist() == []
    assert placing.only(found, 1).values.shape == (1, 6, 2)


def test_jobs_without_a_common_item_or_size_are_refused() -> None:
    with pytest.raises(InputError, match="0 items in common"):
        placing.placed([("one", results("ab")), ("two", results("cd"))])
    with pytest.raises(InputError, match="latents of 2, 3 dimensions"):
        placing.placed([("one", results("ab")), ("two", results("ab", dim=3))])
