"""How far two reviewers agree on the same cases: raw agreement, Cohen's kappa with its interval, and counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError

NAN = float("nan")


@dataclass(frozen=True, eq=False)
class Agreement:
    """The agreement of two reviewers on n cases with c codes.

    Kappa (Cohen 1960) is the agreement beyond chance: 1 if they always agree, 0 if as often as two who decide blindly
    with the same shares of each code. It is NaN if there is no case, or if both gave one and the same code to all,
    where chance agrees as well. `low` and `high` bound its 95 % interval.
    """

    cases: int
    raw: float  # share of cases with the same code
    kappa: float
    low: float
    high: float
    codes: tuple[str, ...]  # (c,), sorted
    counts: NDArray[np.int64]  # (c, c): first reviewer's code by second reviewer's


def agreement(first: Sequence[str], second: Sequence[str]) -> Agreement:
    """The agreement of two lists of codes (n,), case by case; lists of different lengths raise `InputError`.

    The interval is the large-sample one of Fleiss, Cohen & Everitt (1969). Where the reviewers agree on every case it
    has no width; then the lower end is that of the raw agreement's exact interval (Clopper & Pearson 1934), taken
    beyond chance in the same way.
    """
    if len(first) != len(second):
        raise InputError(
            f"There are {len(first)} codes by the first reviewer and {len(second)} by the second.",
            remedy="Compare the cases that both decided.",
        )
    codes = tuple(sorted({*first, *second}))
    place = {code: number for number, code in enumerate(codes)}
    counts = np.zeros((len(codes), len(codes)), dtype=np.int64)
    np.add.at(counts, ([place[code] for code in first], [place[code] for code in second]), 1)
    cases = len(first)
    raw = float(np.trace(counts) / cases) if cases else NAN
    return Agreement(cases, raw, *_kappa(counts), codes, counts)


def _kappa(counts: NDArray[np.int64]) -> tuple[float, float, float]:
    """Kappa and both ends of its interval."""
    if len(counts) < 2:
        return NAN, NAN, NAN
    if np.trace(counts) == counts.sum():
        return 1.0, _least(counts), 1.0
    from statsmodels.stats.inter_rater import cohens_kappa

    found = cohens_kappa(counts)
    return float(found.kappa), max(-1.0, float(found.kappa_low)), min(1.0, float(found.kappa_upp))


def _least(counts: NDArray[np.int64]) -> float:
    cases = int(counts.sum())
    chance = float((counts.sum(axis=0) * counts.sum(axis=1)).sum() / cases**2)
    agreed = 0.025 ** (1 / cases)  # Clopper and Pearson's lower end for n of n
    return max(-1.0, (agreed - chance) / (1 - chance))
