"""The items of a selection as cards for a grid: sorted by one figure, and read a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.metrics.pairs.neighbours import common
from qlatent.metrics.retrieval import search
from qlatent.services.selections.columns import present, values_of
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace

LARGEST = 500  # cards on a page
NEIGHBOURS = 10
COLUMNS = ("id", "text", "label", "image_hash")


@dataclass(frozen=True, slots=True)
class Space:
    """Where vectors are compared: those of an encoder, or the latents of a run at a frame; of one modality."""

    modality: str
    encoder: str = ""
    run: str = ""
    frame: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """How a selection is sorted.

    `by` is "row" (order of the dataset), "centre" (cosine distance to the mean direction of the selection), "norm",
    "change" (share of the nearest neighbours on the map that differ before and after compression; latents only), or the
    name of a column as "column:price". `space` is needed by the three in the middle.
    """

    by: str = "row"
    space: Space | None = None
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Ranking:
    """Rows in order, with the figure they are sorted by; None where an item has none, which come last."""

    rows: NDArray[np.int64]  # (m,)
    values: NDArray[np.object_]  # (m,)


@dataclass(frozen=True, slots=True)
class Card:
    """One item of the grid; `image` is the hash of its thumbnail, `value` the figure it is sorted by."""

    row: int
    id: str
    text: str
    label: str
    image: str | None
    value: Any


def ranked(workspace: Workspace, dataset: str, rows: NDArray[np.int64], order: Order) -> Ranking:
    """The rows of a selection sorted as asked; an unknown order or a missing space raises `InputError`."""
    figures = pd.Series(_values(workspace, dataset, rows, order)).reset_index(drop=True)
    figures = figures.sort_values(ascending=not order.descending, kind="stable", na_position="last")
    values = figures.astype(object).where(figures.notna(), None)
    return Ranking(rows[figures.index.to_numpy()], values.to_numpy())


def page(
    workspace: Workspace, dataset: str, ranking: Ranking, *, start: int = 0, size: int = 60
) -> list[Card]:
    """The cards from place `start`, at most `size` and at most `LARGEST` of them."""
    chosen = slice(max(start, 0), max(start, 0) + min(max(size, 0), LARGEST))
    rows, values = ranking.rows[chosen], ranking.values[chosen]
    items = workspace.items.rows(dataset, rows.tolist(), columns=list(COLUMNS)) if len(rows) else []
    return [
        Card(int(row), each["id"], each["text"] or "", each["label"] or "", each["image_hash"], value)
        for row, each, value in zip(rows, items, values.tolist(), strict=True)
    ]


def _values(
    workspace: Workspace, dataset: str, rows: NDArray[np.int64], order: Order
) -> NDArray[Any] | pd.Series:
    """The figure (m,) of each row."""
    if order.by == "row":
        return rows
    if order.by.startswith("column:"):
        values = values_of(workspace, dataset, order.by.removeprefix("column:"))
        return values.where(present(values), None).take(rows)
    if order.by not in ("centre", "norm", "change"):
        raise InputError(
            f"A selection cannot be sorted by {order.by!r}.",
            remedy="Use row, centre, norm, change, or column:NAME.",
        )
    if order.space is None:
        raise InputError(f"Sorting by {order.by} needs vectors.", remedy="Choose an encoder or a run.")
    if order.by == "change":
        return neighbour_change(workspace, rows, order.space)
    vectors = _vectors(workspace, dataset, rows, order.space)
    return lengths.lengths(vectors) if order.by == "norm" else distance_to_centre(vectors)


def distance_to_centre(vectors: NDArray[np.floating]) -> NDArray[np.float64]:
    """The cosine distance (m,) of vectors (m, d) to the mean of their directions; NaN without a direction."""
    length = lengths.lengths(vectors)
    usable = np.isfinite(length) & (length > 0)
    found = np.full(len(vectors), np.nan)
    directions = vectors[usable].astype(np.float64) / length[usable, None]
    centre = directions.sum(axis=0)
    size = np.linalg.norm(centre)
    if size > 0:
        found[usable] = 1 - directions @ (centre / size)
    return found


def neighbour_change(
    workspace: Workspace, rows: NDArray[np.int64], space: Space, *, k: int = NEIGHBOURS
) -> NDArray[np.float64]:
    """The share (m,) of the k nearest neighbours in the inputs that are none in the latents of a frame.

    Neighbours are sought among all items on the run's map, by Euclidean distance; NaN for rows that are not on it.
    """
    if not space.run:
        raise InputError("Neighbours change by compression.", remedy="Choose a run.")
    probed, latents = _latents(workspace, space)
    inputs = workspace.run(space.run).probe()[f"input_{space.modality}"]
    known = stored.whole(inputs) & np.isfinite(latents).all(axis=1)
    kept = min(k, int(known.sum()) - 1)
    change = np.full(len(probed), np.nan)
    if kept >= 1:
        before, after = (_nearest(each[known], kept) for each in (inputs, latents))
        change[known] = 1 - common(before, after) / kept
    return _taken(change[:, None], probed, rows)[:, 0]


def _nearest(points: NDArray[np.floating], k: int) -> NDArray[np.int64]:
    index = search.index(points, "euclidean")
    return index.top(points, k, skip=np.arange(len(points))).rows


def _vectors(
    workspace: Workspace, dataset: str, rows: NDArray[np.int64], space: Space
) -> NDArray[np.floating]:
    """The vectors (m, d) of the rows, NaN where there is none."""
    if space.run:
        probed, latents = _latents(workspace, space)
        return _taken(latents, probed, rows)
    return np.asarray(stored.mapped(workspace, dataset, space.encoder, space.modality)[rows])


def _latents(workspace: Workspace, space: Space) -> tuple[NDArray[np.int64], NDArray[np.floating]]:
    """The rows (n,) on the run's map, and their latents (n, k) at the frame."""
    folder = workspace.run(space.run)
    steps = folder.snapshot_steps()
    if not 0 <= space.frame < len(steps):
        raise InputError(f"Run {space.run} has no frame {space.frame}; it has {len(steps)}.")
    snapshot = folder.snapshot(steps[space.frame])
    if space.modality not in snapshot:
        raise InputError(f"Run {space.run} has no {space.modality!r}; it has {', '.join(snapshot)}.")
    return folder.probe()["rows"], snapshot[space.modality]


def _taken(
    values: NDArray[np.floating], of: NDArray[np.int64], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The values (m, d) of some rows, from values (n, d) of the rows `of`; NaN for the others."""
    found = np.full((len(rows), values.shape[1]), np.nan)
    order = np.argsort(of)
    places = np.minimum(np.searchsorted(of, rows, sorter=order), max(len(of) - 1, 0))
    if len(of):
        hit = of[order[places]] == rows
        found[hit] = values[order[places[hit]]]
    return found
