"""Evenly spaced rows: both ends, equal steps, never more than asked for."""

from __future__ import annotations

import numpy as np
import pytest

from qlatent import spacing


@pytest.mark.parametrize(("total", "most"), [(10, 4), (1000, 7), (5, 5), (2, 2), (101, 100)])
def test_rows_are_evenly_spaced_with_both_ends(total: int, most: int) -> None:
    rows = spacing.evenly(total, most)
    assert len(rows) == most and (rows[0], rows[-1]) == (0, total - 1)
    steps = np.diff(rows)
    assert steps.min() >= 1 and steps.max() - steps.min() <= 1


def test_fewer_rows_than_asked_for_all_come() -> None:
    assert spacing.evenly(3, 10).tolist() == [0, 1, 2]
    assert spacing.evenly(0, 10).tolist() == []
    assert spacing.evenly(9, 1).tolist() == [0]
