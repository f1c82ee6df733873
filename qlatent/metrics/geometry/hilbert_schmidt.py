"""Hilbert–Schmidt distances between the states that a circuit produces for different items."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError

States = NDArray[np.complex128]
BLOCK = 1024  # rows of the overlap matrix per block


@dataclass(frozen=True, slots=True)
class HilbertSchmidt:
    """`distance` = `own` + `others` − 2·`cross`, each a mean over items.

    `own` is tr ρ², from ½ (orthogonal views) to 1 (equal views); `others` is tr σ²; `cross` is tr ρσ. The distance is
    between 0 and 2.
    """

    distance: float
    own: float
    others: float
    cross: float


def distances(first: States, second: States) -> HilbertSchmidt:
    """The mean over n items of D = tr[(ρ − σ)²] = tr ρ² + tr σ² − 2 tr ρσ, and its parts.

    `first` and `second` (n, 2^W) are the normalised states of the two views of each item. ρ is the mean of an item's
    two projectors |a⟩⟨a|, σ that of the 2n − 2 others (Jaderberg et al. 2021, arXiv 2103.14653). All traces are sums
    of overlaps |⟨a|b⟩|². Raises `InputError` for fewer than two items, different shapes, and unnormalised states.
    """
    _check(first, second)
    count = len(first)
    views = np.concatenate([first, second])
    rows = _overlap_sums(views)  # (2n,) sums over all views, including itself
    pair = np.square(np.abs(np.einsum("ns,ns->n", first.conj(), second)))  # (n,)
    alone = 2 + 2 * pair  # overlaps within an item
    both = rows[:count] + rows[count:]
    left = 2 * count - 2
    own = alone / 4
    others = (rows.sum() - 2 * both + alone) / left**2
    cross = (both - alone) / (2 * left)
    means = [float(part.mean()) for part in (own + others - 2 * cross, own, others, cross)]
    return HilbertSchmidt(*means)


def between_classes(states: States, classes: NDArray[np.int64]) -> NDArray[np.float64]:
    """The distances tr[(ρ_a − ρ_b)²] (c, c) of the mean states of classes 0 … c−1; every class needs an item.

    `states` (n, 2^W) are normalised, ρ_a is the mean of the projectors of the items of class a.
    """
    _check(states, states)
    members = np.eye(classes.max() + 1)[classes]  # (n, c)
    members /= members.sum(axis=0)
    overlaps = np.square(np.abs(states.conj() @ states.T))  # (n, n)
    cross = members.T @ overlaps @ members  # (c, c): tr ρ_a ρ_b
    own = np.diag(cross)
    found: NDArray[np.float64] = np.maximum(own[:, None] + own[None] - 2 * cross, 0.0)
    return found


def _overlap_sums(views: States) -> NDArray[np.float64]:
    """Σ_b |⟨a|b⟩|² over all states b for each state a, in blocks of rows."""
    sums = np.empty(len(views))
    for start in range(0, len(views), BLOCK):
        block = views[start : start + BLOCK].conj() @ views.T  # (block, 2n)
        sums[start : start + BLOCK] = (np.square(block.real) + np.square(block.imag)).sum(axis=1)
    return sums


def _check(first: States, second: States) -> None:
    if first.shape != second.shape or first.ndim != 2:
        raise InputError(
            f"The views have states {first.shape} and {second.shape}.", remedy="Pass two arrays (n, 2^W)."
        )
    if len(first) < 2:
        raise InputError(
            f"{len(first)} item has no others to compare with.",
            remedy="Pass the states of two or more items.",
        )
    for states in (first, second):
        lengths = np.linalg.norm(states, axis=1)
        if not np.allclose(lengths, 1, atol=1e-4):
            worst = int(np.argmax(np.nan_to_num(np.abs(lengths - 1), nan=np.inf)))
            raise InputError(
                f"State {worst} has length {lengths[worst]:.4g}, expected 1.",
                remedy="Pass normalised states.",
            )
