"""Rank values such as the distances of many pairs."""

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
    """Values in ascending order, and their ranks, with ties at their mean rank."""

    order: NDArray[np.int64]  # (n,) indices of the values, smallest first
    ordered: Matrix  # (n,) the sorted values
    unit: Matrix  # (n,) centred, normalised ranks in the original order; NaN if all values are equal
    length: float  # norm of the centred ranks


def ranking(values: ArrayLike) -> Ranking:
    """The ranking of finite `values` (n,); its `unit` equals `distances.ranks`."""
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
    """Results of the tasks in order, each run on a thread; sorting and compiled loops release the GIL."""
    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]
