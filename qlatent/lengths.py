"""Lengths and directions of vectors whose squares float32 or float64 cannot hold. numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unit(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows (..., d) of floating type brought to length 1, whatever their size; zero rows stay zero.

    Where squares could over- or underflow, rows are first multiplied by powers of two, which change no digit.
    """
    length, extreme = _plain(rows)
    found: NDArray[Any] = np.divide(
        rows, length[..., None], out=np.zeros_like(rows), where=length[..., None] > 0
    )
    if extreme.any():
        near, _ = _near_one(rows[extreme])
        length = np.linalg.norm(near, axis=-1, keepdims=True)
        found[extreme] = np.divide(near, length, out=near, where=length > 0)
    return found


def lengths(rows: NDArray[Any]) -> NDArray[Any]:
    """The Euclidean length of each row (..., d) of floating type, whatever its size: (...)."""
    length, extreme = _plain(rows)
    if extreme.any():
        near, powers = _near_one(rows[extreme])
        length[extreme] = np.linalg.norm(near, axis=-1) / powers[..., 0]
    return length


def _plain(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The length of each row as it comes, and which may have lost digits when their numbers were squared."""
    info = np.finfo(rows.dtype)
    with np.errstate(over="ignore", under="ignore"):
        length = np.asarray(np.linalg.norm(rows, axis=-1))
    safe = (length > np.sqrt(info.smallest_normal) / info.eps) & (length < 0.5 * np.sqrt(info.max))
    return length, np.logical_not(safe)


def _near_one(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Rows (n, d) times powers of two that bring the largest number of each near 1, and these powers (n, 1)."""
    limit = -np.finfo(rows.dtype).minexp
    _, exponents = np.frexp(np.abs(rows).max(axis=-1, keepdims=True, initial=0.0))
    powers = np.ldexp(np.ones(1, rows.dtype), -np.clip(exponents, -limit, limit))
    return rows * powers, powers
