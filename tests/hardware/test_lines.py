"""The best line against all lines of a small device."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest

from qlatent.errors import InputError
from qlatent.hardware.lines import best_line


def test_it_is_the_cheapest_of_all() -> None:
    rng = np.random.default_rng(0)
    for _ in range(5):
        qubits = dict(enumerate(rng.random(7)))
        every = [(a, b) for a in range(7) for b in range(a)]
        pairs = {every[at]: float(rng.random()) for at in rng.choice(21, 11, replace=False)}
        both = pairs | {(b, a): cost for (a, b), cost in pairs.items()}
        costs = {
            path: sum(both[pair] for pair in pairwise(path)) + sum(qubits[each] for each in path)
            for path in permutations(range(7), 4)
            if all(pair in both for pair in pairwise(path))
        }
        found = best_line(pairs, qubits, length=4)
        assert costs[found] == pytest.approx(min(costs.values())) and found[0] < found[-1]


def test_a_single_qubit_is_the_best_one_and_no_line_is_said() -> None:
    assert best_line({(0, 1): 0.1}, {0: 0.3, 1: 0.2}, length=1) == (1,)
    with pytest.raises(InputError, match="no line of 3 working neighbouring qubits"):
        best_line({(0, 1): 0.1, (1, 2): 0.1}, {0: 0.3, 1: 0.2}, length=3)
