"""Expectation values and their standard errors from counted outcomes, with readout errors inverted or not. Torch-free.

A wire that is read as 1 after preparing 0 with probability p, and as 0 after preparing 1 with probability q, shows
a·⟨Z⟩ + b with a = 1 − p − q and b = q − p. Two further circuits, which prepare all 0 and all 1, measure both
(Bravyi et al. 2021, arXiv 2006.14044, "tensor product" model).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.circuits.circuit import PauliWord
from qlatent.errors import RunError

Array = NDArray[np.float64]
_LEAST = 0.05  # a wire that shows less of its ⟨Z⟩ is not read at all


@dataclass(frozen=True, eq=False)
class Readout:
    """⟨Z⟩ of each wire (wires,) as read after preparing 0 and 1, from `shots` shots each; 0: exact."""

    zeros: Array
    ones: Array
    shots: int

    @property
    def slope(self) -> Array:
        """The factor a on ⟨Z⟩ of each wire (wires,)."""
        return (self.zeros - self.ones) / 2

    @property
    def offset(self) -> Array:
        """The summand b of each wire (wires,)."""
        return (self.zeros + self.ones) / 2

    @property
    def variances(self) -> tuple[Array, Array]:
        """Variances of `zeros` and `ones` by their shots, (wires,) each."""
        if not self.shots:
            return np.zeros_like(self.zeros), np.zeros_like(self.ones)
        return (1 - self.zeros**2) / self.shots, (1 - self.ones**2) / self.shots


@dataclass(frozen=True, eq=False)
class Estimated:
    """Expectation values, standard errors, raw values, and shots that read −1: (items, words) each."""

    values: Array
    errors: Array
    raw: Array
    counts: NDArray[np.int64]  # (items, 0) for probabilities


def basis_signs(wires: int) -> Array:
    """The eigenvalue of Z on each wire in each basis state, (2^wires, wires); wire 0 is the leftmost bit."""
    states = np.arange(2**wires)[:, None]
    return (1 - 2 * (states >> np.arange(wires)[::-1] & 1)).astype(float)


def measured_readout(outcomes: Array, signs: Array, *, shots: int) -> Readout:
    """The readout of each wire from the outcomes (2, outcomes) after preparing all 0 and all 1.

    `signs` (outcomes, wires) are ±1; `outcomes` are counts, or probabilities with `shots=0`. Raises `RunError` for
    wires whose reading hardly depends on their state.
    """
    zeros, ones = (outcomes @ signs) / outcomes.sum(axis=1, keepdims=True)
    found = Readout(zeros, ones, shots)
    blind = np.flatnonzero(found.slope < _LEAST)
    if blind.size:
        raise RunError(
            f"The reading of wires {', '.join(map(str, blind))} hardly depends on their state.",
            remedy="Choose another device, or mitigation 'none'.",
        )
    return found


def estimated(
    outcomes: Array, signs: Array, words: Sequence[PauliWord], *, shots: int, readout: Readout | None = None
) -> Estimated:
    """Expectation values of words of Z from outcomes (items, outcomes), their signs (outcomes, wires) ±1.

    `outcomes` are counts of `shots` shots an item, or probabilities with `shots=0`. With `readout` the readout errors
    are inverted wire by wire; the standard errors then hold those of the two further circuits, too.
    """
    shares = outcomes / outcomes.sum(axis=1, keepdims=True)
    plain = np.stack([signs[:, [wire for _, wire in word]].prod(axis=1) for word in words], axis=1)
    raw = shares @ plain
    counts = np.rint((1 - raw) / 2 * shots).astype(np.int64) if shots else np.zeros((len(raw), 0), np.int64)
    if readout is None:
        errors = np.sqrt(np.clip(1 - raw**2, 0, None) / shots) if shots else np.zeros_like(raw)
        return Estimated(raw, errors, raw, counts)
    columns = [_inverted(shares, signs, word, shots=shots, readout=readout) for word in words]
    values, errors = (np.stack(each, axis=1) for each in zip(*columns, strict=True))
    return Estimated(values, errors, raw, counts)


def _inverted(
    shares: Array, signs: Array, word: PauliWord, *, shots: int, readout: Readout
) -> tuple[Array, Array]:
    """The value of a word (items,) as the mean of Π (±1 − b)/a over its wires, and its standard error."""
    wires = [wire for _, wire in word]
    slope, zeros, ones = readout.slope[wires], *(each[wires] for each in readout.variances)
    factors = (signs[:, wires] - readout.offset[wires]) / slope  # (outcomes, letters)
    product = factors.prod(axis=1)
    values = shares @ product
    variances = (shares @ product**2 - values**2) / shots if shots else np.zeros_like(values)
    for letter in range(len(wires)):
        others = np.delete(factors, letter, axis=1).prod(axis=1)
        # (r − b)/a has the derivatives −(1 + z)/2a and −(1 − z)/2a by what is read after 0 and after 1
        for side, variance in ((1, zeros[letter]), (-1, ones[letter])):
            pull = shares @ ((1 + side * factors[:, letter]) * others) / (2 * slope[letter])
            variances = variances + pull**2 * variance
    return values, np.sqrt(np.clip(variances, 0, None))
