"""In which order the cases of a queue come."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.services.datasets import coded, facts, roles
from qlatent.services.datasets.coded import Texts
from qlatent.store.workspace import Workspace

COMPUTED = ("risk", "uncertainty", "disagreement", "cluster", "duplicates")
"""Orders that `learning.learn` computes, since they need vectors or decisions."""
ORDERS = (*COMPUTED, "newest", "oldest", "random")
"""Orders of any dataset; `column:NAME` sorts by a column of numbers or dates, the largest first."""


def places(
    workspace: Workspace, dataset: str, rows: NDArray[np.int64], order: str, *, seed: int
) -> NDArray[np.float64]:
    """The place (m,) of each row of a dataset in an order; the smallest comes first.

    Without dates, the newest are the last imported. A computed order begins with what `until_learned` says. An unknown
    order raises `InputError`.
    """
    if order in COMPUTED:
        order = until_learned(workspace, dataset)
    if order == "random":
        return np.random.default_rng(seed).permutation(len(rows)).astype(np.float64)
    if order in ("newest", "oldest"):
        values = _dates(workspace, dataset, rows)
        return _ranks(-values if order == "newest" else values)
    if order.startswith("column:"):
        return _ranks(-_numbers(workspace, dataset, order.removeprefix("column:"))[rows])
    raise InputError(f"There is no order {order!r}.", remedy=f"Use {', '.join(ORDERS)} or column:NAME.")


def until_learned(workspace: Workspace, dataset: str) -> str:
    """The order while nothing is learned: by an imported column of risks, else the newest first."""
    found = roles.having(roles.roles(workspace, dataset), "risk")
    column = coded.columns_of(workspace, dataset).get(found or "")
    return "newest" if column is None or isinstance(column, Texts) else f"column:{found}"


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rank of each value, smallest first; equal ones in the order they have, and NaN last."""
    ranks = np.empty(len(values))
    ranks[np.argsort(values, kind="stable")] = np.arange(len(values))
    return ranks


def _dates(workspace: Workspace, dataset: str, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """The time (m,) of each row by the first column of dates, else its number."""
    for column in coded.columns_of(workspace, dataset).values():
        if not isinstance(column, Texts) and facts.kind(column) == "date":
            return _floats(column)[rows]
    return rows.astype(np.float64)


def _numbers(workspace: Workspace, dataset: str, name: str) -> NDArray[np.float64]:
    columns = coded.columns_of(workspace, dataset)
    column = columns.get(name)
    if column is None or isinstance(column, Texts):
        able = [key for key, each in columns.items() if not isinstance(each, Texts)]
        raise InputError(
            f"Cases cannot be sorted by {name!r}: it is no column of numbers or dates.",
            remedy=f"Use one of {', '.join(able)}." if able else "",
        )
    return _floats(column)


def _floats(column: pd.Series) -> NDArray[np.float64]:
    if facts.kind(column) == "date":
        column = (column - pd.Timestamp(0, tz=column.dt.tz)) / pd.Timedelta(seconds=1)
    return np.asarray(column.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan))
