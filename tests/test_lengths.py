"""Lengths and directions of any size, in numpy and torch alike: ordinary rows keep every bit."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from qlatent import lengths, tensors

ROWS = np.random.default_rng(0).normal(size=(20, 7))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_ordinary_rows_are_what_plain_division_makes_of_them(dtype: type) -> None:
    rows = ROWS.astype(dtype)
    plain = np.linalg.norm(rows, axis=1)
    np.testing.assert_array_equal(lengths.lengths(rows), plain)
    np.testing.assert_array_equal(lengths.unit(rows), rows / plain[:, None])
    given, other = (torch.from_numpy(rows).requires_grad_() for _ in range(2))
    found, wanted = tensors.unit(given), torch.nn.functional.normalize(other, dim=1)
    assert torch.equal(found, wanted)
    pulled = torch.autograd.grad(found.sin().sum(), given)[0]
    assert torch.equal(pulled, torch.autograd.grad(wanted.sin().sum(), other)[0])


@pytest.mark.parametrize(
    ("dtype", "sizes"),
    [(np.float32, (1e-38, 1e-25, 1e20, 1e37)), (np.float64, (1e-300, 1e-170, 1e160, 1e300))],
)
def test_extreme_rows_keep_direction_and_length(dtype: type, sizes: tuple[float, ...]) -> None:
    """Beside ordinary rows, by float128 where float64 itself would overflow."""
    scaled = np.concatenate(
        [ROWS[:2].astype(dtype), *(ROWS[:2].astype(dtype) * dtype(size) for size in sizes)]
    )
    exact = scaled.astype(np.longdouble)
    length = np.sqrt(np.square(exact).sum(axis=1))
    close = {"rtol": 4 * np.finfo(dtype).eps, "atol": 0}
    np.testing.assert_allclose(lengths.lengths(scaled), length.astype(dtype), **close)
    np.testing.assert_allclose(lengths.unit(scaled), (exact / length[:, None]).astype(dtype), rtol=1e-6)
    np.testing.assert_allclose(tensors.lengths(torch.from_numpy(scaled)), length.astype(dtype), **close)
    np.testing.assert_allclose(tensors.unit(torch.from_numpy(scaled)), lengths.unit(scaled), rtol=1e-6)


def test_zero_rows_stay_zero_and_subnormal_ones_have_a_direction() -> None:
    rows = np.array([[0, 0], [1e-45, 0], [0, -1e-44], [3, 4]], np.float32)
    wanted = np.array([[0, 0], [1, 0], [0, -1], [0.6, 0.8]], np.float32)
    np.testing.assert_allclose(lengths.unit(rows), wanted)
    np.testing.assert_allclose(tensors.unit(torch.from_numpy(rows)), wanted)
    assert torch.isnan(tensors.unit(torch.from_numpy(rows), zeros=False)[0]).all()
    assert lengths.unit(np.zeros((0, 3))).shape == (0, 3)
    np.testing.assert_allclose(lengths.unit(np.array([3, 4])), [0.6, 0.8])  # whole numbers, one row
