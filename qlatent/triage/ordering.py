"""In which order the items of a queue come: a value for each item by each rule, from what is known of the items."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qlatent.errors import ConfigError

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

CANDIDATES = 10  # times as many items as are wanted are compared for diversity


@dataclass(frozen=True, eq=False)
class Signals:
    """What is known of n items in row order: arrays (n,), NaN where unknown; None where nothing is known of any."""

    count: int
    risk: Floats | None = None  # probability of being bad
    uncertainty: Floats | None = None  # 1 where both are equally likely
    disagreement: Floats | None = None  # distance between the latents of image and text
    cluster: Floats | None = None  # items in its group
    duplicates: Floats | None = None  # likeness to the nearest item that is confirmed as bad
    column: Floats | None = None  # of an imported column of risks
    date: Floats | None = None  # days


@dataclass(frozen=True)
class Order:
    """A rule for the order of a queue."""

    title: str
    help: str
    values: Callable[[Signals, int], Floats | None]  # signals, seed → larger first

    def ranked(self, signals: Signals, *, seed: int = 0) -> Floats:
        """The value of each item (n,), larger first; NaN is unknown and comes last."""
        found = self.values(signals, seed)
        return np.full(signals.count, np.nan) if found is None else np.asarray(found, dtype=np.float64)


def positions(values: ArrayLike) -> Rows:
    """The rows in order of their values (n,), largest first; NaN comes last, and equals stay in row order."""
    given = np.asarray(values, dtype=np.float64)
    return np.argsort(-np.where(np.isnan(given), -np.inf, given), kind="stable").astype(np.int64)


def order(name: str) -> Order:
    """The rule of this name; an unknown one raises `ConfigError`."""
    if name not in ORDERS:
        raise ConfigError(f"There is no order called {name!r}.", remedy=f"Use one of {', '.join(ORDERS)}.")
    return ORDERS[name]


def _age(signals: Signals, seed: int) -> Floats:
    """Days, or without any date the row, since rows are in the order of their import."""
    return np.arange(signals.count, dtype=np.float64) if signals.date is None else signals.date


def _drawn(signals: Signals, seed: int) -> Floats:
    return np.random.default_rng(seed).random(signals.count)


ORDERS: Mapping[str, Order] = {
    "risk": Order(
        "Most likely bad first",
        "By the probability that a model of the decisions so far gives each item.",
        lambda signals, seed: signals.risk,
    ),
    "uncertainty": Order(
        "Least certain first",
        "Where the model knows least, one of each kind: decisions on these teach it most.",
        lambda signals, seed: signals.uncertainty,
    ),
    "disagreement": Order(
        "Image and text disagree",
        "By the distance between the latents of image and text.",
        lambda signals, seed: signals.disagreement,
    ),
    "cluster": Order(
        "Largest group first",
        "By the number of items in the group of similar items that an item belongs to.",
        lambda signals, seed: signals.cluster,
    ),
    "duplicates": Order(
        "Like confirmed items",
        "By the likeness to the nearest item that is decided as bad.",
        lambda signals, seed: signals.duplicates,
    ),
    "column": Order(
        "By an imported risk",
        "By the column whose role is risk, the largest first.",
        lambda signals, seed: signals.column,
    ),
    "newest": Order("Newest first", "By the column whose role is date, else the latest row first.", _age),
    "oldest": Order(
        "Oldest first",
        "By the column whose role is date, else the first row first.",
        lambda signals, seed: -_age(signals, seed),
    ),
    "random": Order("Random", "By lot.", _drawn),
}


def diverse(values: ArrayLike, latents: ArrayLike, *, known: ArrayLike, wanted: int) -> Rows:
    """`wanted` rows with large values (n,) that lie far from each other and from the `known` rows, in this order.

    Among ten times as many with the largest values, each next one is the farthest from all before it in `latents`
    (n, d): greedy k-centre (Gonzalez 1985; Sener & Savarese 2018, "Active learning for convolutional neural
    networks: a core-set approach"). Known rows and rows with the value NaN are never chosen.
    """
    given, places = np.asarray(values, dtype=np.float64).copy(), np.asarray(latents, dtype=np.float64)
    before = np.asarray(known, dtype=np.int64)
    given[before] = np.nan
    among = positions(given)[: CANDIDATES * wanted]
    among = among[~np.isnan(given[among])]
    points = places[among]
    points = np.where(np.isfinite(points), points, 0.0)
    nearest = np.full(len(among), np.inf)
    for row in before[np.isfinite(places[before]).all(axis=1)]:
        nearest = np.minimum(nearest, ((points - places[row]) ** 2).sum(axis=1))
    chosen: list[int] = []
    while len(chosen) < min(wanted, len(among)):
        place = int(np.argmax(nearest))  # the largest value where several are equally far
        chosen.append(place)
        nearest = np.minimum(nearest, ((points - points[place]) ** 2).sum(axis=1))
        nearest[chosen] = -1.0
    return among[chosen]
