"""Cohen's kappa of known tables against its formula, and what cannot be said."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.triage.agreement import agreement


def codes(table: list[list[int]]) -> tuple[list[str], list[str]]:
    names = "abc"
    pairs = [(names[i], names[j]) for i, row in enumerate(table) for j, n in enumerate(row) for _ in range(n)]
    first, second = zip(*pairs, strict=True)
    return list(first), list(second)


def test_kappa_of_a_published_table() -> None:
    """20, 5 / 10, 15: p₀ = 0.7, chance 0.5, κ = 0.4; the interval is by Fleiss, Cohen & Everitt's variance."""
    found = agreement(*codes([[20, 5], [10, 15]]))
    p = np.array([[20, 5], [10, 15]]) / 50
    rows, columns = p.sum(1), p.sum(0)
    chance = float(rows @ columns)
    kappa = (np.trace(p) - chance) / (1 - chance)
    own = sum(p[i, i] * (1 - (rows[i] + columns[i]) * (1 - kappa)) ** 2 for i in range(2))
    across = (1 - kappa) ** 2 * sum(
        p[i, j] * (columns[i] + rows[j]) ** 2 for i in range(2) for j in range(2) if i != j
    )
    variance = (own + across - (kappa - chance * (1 - kappa)) ** 2) / ((1 - chance) ** 2 * 50)
    assert (found.cases, found.raw, found.kappa) == (50, pytest.approx(0.7), pytest.approx(0.4))
    assert found.low == pytest.approx(kappa - 1.96 * math.sqrt(variance), abs=1e-4)
    assert found.high == pytest.approx(kappa + 1.96 * math.sqrt(variance), abs=1e-4)
    assert found.codes == ("a", "b")
    assert found.counts.tolist() == [[20, 5], [10, 15]]


def test_a_code_that_only_one_of_them_uses() -> None:
    found = agreement(*codes([[4, 1, 0], [0, 3, 2], [0, 0, 0]]))
    assert found.counts.tolist() == [[4, 1, 0], [0, 3, 2], [0, 0, 0]]
    assert np.isfinite([found.kappa, found.low, found.high]).all()


def test_one_code_only_leaves_kappa_unknown() -> None:
    found = agreement(["ok"] * 5, ["ok"] * 5)
    assert found.raw == 1
    assert np.isnan([found.kappa, found.low, found.high]).all()
    nothing = agreement([], [])
    assert nothing.cases == 0
    assert np.isnan([nothing.raw, nothing.kappa]).all()


def test_full_agreement_on_few_cases_is_not_certain() -> None:
    few, many = (agreement(["a", "b"] * n, ["a", "b"] * n) for n in (3, 300))
    assert few.kappa == few.high == 1
    assert few.low == pytest.approx((0.025 ** (1 / 6) - 0.5) / 0.5)
    assert few.low < 0.2 < 0.95 < many.low < 1


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(InputError, match="2 codes"):
        agreement(["a", "b"], ["a"])
