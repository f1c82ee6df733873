"""Vector norms and unit vectors in numpy without overflow or underflow of squares."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unit(rows: NDArray[Any]) -> NDArray[Any]:
    """Rows (..., d) normalised to length 1 at any magnitude, in their floating dtype; zero rows stay zero.

    Rows whose squares could over- or underflow are first scaled by powers of two, which is exact.
    """
    rows = _floating(rows)
    length, extreme = _plain(rows)
    by = length[..., None]
    # a division with a mask takes several times as long
    found = rows / by if (by > 0).all() else np.divide(rows, by, out=np.zeros_like(rows), where=by > 0)
    if extreme.any():
        near = rows[extreme] * _powers(rows[extreme])
        length = np.linalg.norm(near, axis=-1, keepdims=True)
        found[extreme] = np.divide(near, length, out=near, where=length > 0)
    return found


def lengths(rows: NDArray[Any]) -> NDArray[Any]:
    """The Euclidean norm of each row at any magnitude: (..., d) → (...)."""
    rows = _floating(rows)
    length, extreme = _plain(rows)
    if extreme.any():
        powers = _powers(rows[extreme])
        length[extreme] = np.linalg.norm(rows[extreme] * powers, axis=-1) / powers[..., 0]
    return length


def near_one(rows: NDArray[Any]) -> NDArray[Any]:
    """The rows (n, d), scaled by powers of two where squares would over- or underflow; directions are unchanged."""
    extreme = _plain(_floating(rows))[1]
    if not extreme.any():
        return rows
    near = _floating(rows).copy()
    near[extreme] *= _powers(near[extreme])
    return near


def _floating(rows: NDArray[Any]) -> NDArray[Any]:
    rows = np.asarray(rows)
    return rows if rows.dtype.kind == "f" else rows.astype(np.float64)


def _plain(rows: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The norm of each row without scaling, and a mask of rows whose squares may have lost precision."""
    info = np.finfo(rows.dtype)
    with np.errstate(over="ignore", under="ignore"):
        length = np.asarray(np.linalg.norm(rows, axis=-1))
    safe = (length > np.sqrt(info.smallest_normal) / info.eps) & (length < 0.5 * np.sqrt(info.max))
    return length, np.logical_not(safe)


def _powers(rows: NDArray[Any]) -> NDArray[Any]:
    """Powers of two (n, 1) that scale the largest entry of each row to about 1."""
    limit = -np.finfo(rows.dtype).minexp
    _, exponents = np.frexp(np.abs(rows).max(axis=-1, keepdims=True, initial=0.0))
    return np.ldexp(np.ones(1, rows.dtype), -np.clip(exponents, -limit, limit))
