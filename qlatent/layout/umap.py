"""UMAP and densMAP from given neighbours, and the placing of new points beside those that are there.

The steps are umap-learn's own functions (McInnes, Healy & Melville 2018, arXiv 1802.03426; densMAP: Narayan, Berger &
Cho 2021). Neighbours are found beforehand, so that any metric can be used, and so that a layout can be taken up again
from its points and places alone: nothing is pickled.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import ConfigError, InputError
from qlatent.layout import memberships
from qlatent.layout.epochs import bar_settings
from qlatent.layout.imported import umap_functions, umap_layouts
from qlatent.layout.neighbours import Neighbours, Points
from qlatent.layout.plane import DIMENSIONS, plane
from qlatent.types import Progress

Places = NDArray[np.float32]  # (n, c)
FEW = 4  # points; fewer have no neighbourhoods to keep, so they are drawn by their principal axes
MANY = 10_000  # points; umap-learn gives larger layouts fewer epochs
EPOCHS = {"many": 200, "few": 500, "densmap": 200}  # as in umap-learn; densMAP's are added
ADDING_EPOCHS = 100
START = 10.0  # umap-learn spreads the first places over 0 … 10
DENSITY = {"lambda": 2.0, "frac": 0.3, "var_shift": 0.1}  # of densMAP, umap-learn's defaults


@dataclass(frozen=True, slots=True)
class UmapConfig:
    """Settings of UMAP; `epochs` 0 takes umap-learn's number, `densmap` keeps local densities too."""

    dimensions: int = 2
    neighbours: int = 15
    min_dist: float = 0.1
    epochs: int = 0
    densmap: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if self.dimensions not in DIMENSIONS:
            raise ConfigError(f"A map has 2 or 3 dimensions, not {self.dimensions}.")
        if self.neighbours < 2:
            raise ConfigError(f"UMAP needs at least 2 neighbours; got {self.neighbours}.")
        if not 0.0 <= self.min_dist <= 1.0:
            raise ConfigError(f"min_dist lies between 0 and 1; got {self.min_dist}.")
        if self.epochs < 0 or self.epochs == 1:
            raise ConfigError(f"UMAP needs 2 epochs or more; got {self.epochs}.")

    def epochs_for(self, points: int) -> int:
        """The number of epochs of a layout of so many points."""
        usual = EPOCHS["many" if points > MANY else "few"] + EPOCHS["densmap"] * self.densmap
        return self.epochs or usual


def lay_out(
    points: Points, neighbours: Neighbours, config: UmapConfig, *, progress: Progress | None = None
) -> Places:
    """The places (n, c) float32 of `points` (n, d), given their `neighbours` (the point itself first).

    `progress` hears of epochs and may raise `Cancelled`. Fewer than four points are drawn by their principal axes,
    points that are all equal in one place. Equal input and seed give equal places.
    """
    if len(points) < FEW or _all_equal(points):
        return _plain(points, config.dimensions)
    functions, random = umap_functions(), np.random.RandomState(config.seed)
    graph = memberships.graph(neighbours)
    a, b = functions.find_ab_params(1.0, config.min_dist)
    density = DENSITY | {"graph_dists": memberships.along(neighbours)} if config.densmap else {}
    with warnings.catch_warnings():
        # a few points or many copies have too small an eigengap; the places then start at random
        warnings.filterwarnings("ignore", message="(?s).*[Ss]pectral initiali[sz]ation failed")
        warnings.filterwarnings("ignore", message="(?s).*Graph is not fully connected")
        places, _ = functions.simplicial_set_embedding(
            np.asarray(points, dtype=np.float32), graph, config.dimensions, 1.0, a, b, 1.0, 5,
            config.epochs_for(len(points)), _start(points, config), random, "euclidean", {},
            config.densmap, density, False, parallel=False,
            tqdm_kwds=bar_settings(progress),
        )  # fmt: skip
    return np.asarray(places, dtype=np.float32)


def add(neighbours: Neighbours, places: Places, config: UmapConfig) -> Places:
    """The places (m, c) of new points beside known ones at `places` (n, c), which stay where they are.

    `neighbours` are the known points nearest to each new one, as many as the layout was made with. As UMAP's transform:
    each new point starts at the mean of its neighbours' places, weighted by membership, and is then pulled and pushed
    by the known points only. A copy of a known point starts at its place.
    """
    functions = umap_functions()
    if not len(neighbours.rows):
        return np.empty((0, places.shape[1]), dtype=np.float32)
    graph = memberships.to_known(neighbours, len(places))
    start = functions.init_graph_transform(graph.tocsr(), places)
    epochs = max(2, config.epochs // 3) if config.epochs else ADDING_EPOCHS
    graph.data[graph.data < graph.data.max() / epochs] = 0.0
    graph.eliminate_zeros()
    a, b = functions.find_ab_params(1.0, config.min_dist)
    state = np.random.RandomState(config.seed).randint(
        functions.INT32_MIN, functions.INT32_MAX, 3
    ).astype(np.int64)  # fmt: skip
    moved = umap_layouts().optimize_layout_euclidean(
        start, places.astype(np.float32, copy=True), graph.row, graph.col, epochs, graph.shape[1],
        functions.make_epochs_per_sample(graph.data, epochs), a, b, state,
        initial_alpha=0.25, parallel=False, tqdm_kwds=bar_settings(None),
    )  # fmt: skip
    return np.asarray(moved, dtype=np.float32)


def _all_equal(points: Points) -> bool:
    return bool((np.asarray(points) == np.asarray(points)[:1]).all())


def _plain(points: Points, dimensions: int) -> Places:
    """Principal axes, which exist for any number of points."""
    if not len(points):
        raise InputError("A layout needs at least one point.")
    return (
        plane([np.asarray(points, dtype=np.float64)], dimensions=dimensions)
        .project(points)
        .astype(np.float32)
    )


def _start(points: Points, config: UmapConfig) -> Any:
    """umap-learn's spectral start; principal axes where there are too few points for its eigenvectors."""
    if len(points) > 4 * (config.dimensions + 1):
        return "spectral"
    start = _plain(points, config.dimensions)
    noise = np.random.RandomState(config.seed).normal(scale=1e-4, size=start.shape)
    return (START * start / max(float(np.abs(start).max()), 1e-12) + noise).astype(np.float32)
