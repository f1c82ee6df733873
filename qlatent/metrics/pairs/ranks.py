"""How the distances of many pairs rank among each other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.metrics.pairs.distances import Matrix
from qlatent.metrics.pairs.kernels import centred_ranks

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Ranking:
    """Values in rising order: who comes when, and the ranks with ties sharing the mean of their places."""

    order: NDArray[np.int64]  # (n,) numbers of the values, smallest first
    ordered: Matrix  # (n,) the values themselves in this order
    unit: (
        Matrix  # (n,) ranks, centred and scaled to length 1, in the order given; NaN if all values are equal
    )
    length: float  # by which the centred ranks were divided


def ranking(values: ArrayLike) -> Ranking:
    """How finite `values` (n,) rank among each other; `unit` is what `distances.ranks` gives."""
    given = np.ascontiguousarray(values, dtype=np.float64)
    order = np.argsort(given)
    ordered = given[order]
    unit = centred_ranks(order, ordered)
    length = float(np.linalg.norm(unit))
    if length > 0:
        unit /= length
    else:
        unit.fill(np.nan)
    return Ranking(order, ordered, unit, length)


def at_once(*tasks: Callable[[], Result]) -> list[Result]:
    """What the tasks give, in order, each on a thread: sorting and compiled loops leave the interpreter's lock free."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
