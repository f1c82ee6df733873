"""Tours of a run's latents or a dataset's vectors: planes of one state, each a small turn from the last."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths, spacing
from qlatent.errors import InputError
from qlatent.layout import tour
from qlatent.services.runs import map_views
from qlatent.services.runs.specs import training_spec
from qlatent.services.vectors import planes, stored
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

Guide = Literal["grand", "labels", "norm"]
WIDEST = 16  # dimensions of a tour: the leading principal axes of wider points
JUDGED = 2000  # points by which a guided tour judges a plane
POINTS = 50_000  # that are shown; of more so many, evenly spaced
PLANES = 60  # that are shown, with the first and the last
TARGETS = 6  # random planes that a grand tour turns to
KEPT = 3  # tours in memory, each at most 24 MB


@dataclass(frozen=True)
class TourRequest:
    """What is toured: the latents of a run at a frame, or the vectors of a dataset by an encoder; and which way.

    `guide` is "grand" for random planes, "labels" for planes on which classes lie ever further apart, "norm" for planes
    off which the norm can ever better be read. `view` as in `services.runs.map_views`.
    """

    dataset: str = ""
    encoder: str = ""
    version: int | None = None
    run: str = ""
    frame: int = 0
    view: str = ""
    guide: Guide = "grand"
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Tour:
    """A sequence of P planes with the places of n items in each; the first plane is that of the principal axes."""

    dataset: str
    rows: NDArray[np.int64]  # (n,): rows of the dataset
    places: Arrays  # modality → (P, n, 2) float32; NaN: no vector
    index: NDArray[
        np.float64
    ]  # (P,): how well a plane shows what the tour looks for, 0 to 1; NaN for a grand tour
    shown: NDArray[np.float64]  # (P,): share of the variance in each plane
    held: float  # share of the variance in the dimensions that are toured
    size: int  # dimensions that are toured


@lru_cache(maxsize=KEPT)
def toured(workspace: Workspace, request: TourRequest) -> Tour:
    """The tour that `request` describes.

    Raises `InputError` for fewer than three dimensions, for labels that are not of two classes, and for norms that are
    all equal.
    """
    dataset, rows, found = (_latents if request.run else _vectors)(workspace, request)
    whole = np.concatenate(list(found.values()))  # (m, k)
    known = np.isfinite(whole).all(axis=1)
    norms = lengths.lengths(whole[known])
    laid = request.view == map_views.LAID
    points, held = _narrowed((map_views.stacked(found, request.view) if laid else whole)[known])
    words = np.tile(_labels(workspace, dataset, rows, request.version), len(found))[known]
    way, index = _way(points, words, norms, request)
    places = np.full((len(way), len(whole), 2), np.nan, dtype=np.float32)
    places[:, known] = points.astype(np.float32) @ way.astype(np.float32)
    total = float(np.square(points).sum()) or 1.0
    shown = held * np.square(places[:, known].astype(np.float64)).sum(axis=(1, 2)) / total
    parts = np.split(places, len(found), axis=1)
    return Tour(dataset, rows, dict(zip(found, parts, strict=True)), index, shown, held, points.shape[1])


def _way(
    points: NDArray[np.float64], words: NDArray[np.str_], norms: NDArray[np.floating], request: TourRequest
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most 60 planes (P, k, 2) of the tour, and the index of each."""
    seed = request.seed
    if request.guide == "grand":
        way = _thinned(tour.grand_tour(points.shape[1], targets=TARGETS, seed=seed))
        return way, np.full(len(way), np.nan)
    if request.guide == "labels":
        judged = _drawn(np.flatnonzero(words != ""), seed)
        own = words[judged]
        if len(np.unique(own)) < 2:
            raise InputError(
                f"A tour guided by labels needs items of two labels; there are {len(np.unique(own))}.",
                remedy="Take a grand tour.",
            )
        index, end = tour.class_separation(own), tour.separating_plane(points[judged], own)
    else:
        judged = _drawn(np.arange(len(points)), seed)
        own_norms = np.asarray(norms[judged], dtype=np.float64)
        index, end = tour.norm_fit(own_norms), tour.norm_plane(points[judged], own_norms)
    way = _thinned(tour.guided_tour(points[judged], index, seed=seed, end=end))
    return way, np.array([index(points[judged] @ each) for each in way])


def _thinned(way: NDArray[np.float64]) -> NDArray[np.float64]:
    return way[spacing.evenly(len(way), PLANES)]


def _latents(workspace: Workspace, request: TourRequest) -> tuple[str, NDArray[np.int64], Arrays]:
    """Dataset, rows, and the latents by modality in view of a frame."""
    folder = workspace.run(request.run)
    steps = folder.snapshot_steps()
    if not 0 <= request.frame < len(steps):
        raise InputError(f"Run {request.run} has no frame {request.frame}; it has {len(steps)}.")
    (found,) = map_views.frames(folder, [steps[request.frame]])
    names = map_views.shown(request.view or map_views.default_view(found), tuple(found))
    rows = np.asarray(folder.probe(("rows",))["rows"], dtype=np.int64)
    at = spacing.evenly(len(rows), POINTS // len(names))
    return training_spec(folder).dataset, rows[at], {name: found[name][at] for name in names}


def _vectors(workspace: Workspace, request: TourRequest) -> tuple[str, NDArray[np.int64], Arrays]:
    mapped = {
        name: stored.mapped(workspace, request.dataset, request.encoder, name, version=request.version)
        for name in stored.widths(workspace, request.dataset, request.encoder)
    }
    names = map_views.shown(request.view or next(iter(mapped)), tuple(mapped))
    rows = np.flatnonzero(np.any([stored.whole(mapped[name]) for name in names], axis=0)).astype(np.int64)
    rows = rows[spacing.evenly(len(rows), POINTS // len(names))] if len(rows) else rows
    return request.dataset, rows, {name: planes.sample(mapped[name], rows) for name in names}


def _narrowed(points: NDArray[np.floating]) -> tuple[NDArray[np.float64], float]:
    """Points about their mean by their principal axes, at most 16, and the share of variance that these hold."""
    if len(points) < 2 or points.shape[1] < 3:
        raise InputError(
            f"{len(points):,} points of {points.shape[1]} dimensions have no other plane to turn to.",
            remedy="Look at them as they are: a tour needs three dimensions.",
        )
    centred = points - points.mean(axis=0)
    values, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))  # ascending
    total = float(values.sum())
    narrow = (centred @ axes[:, : -WIDEST - 1 : -1].astype(points.dtype)).astype(np.float64)
    return narrow, float(values[-WIDEST:].sum() / total) if total > 0 else 1.0


def _labels(
    workspace: Workspace, dataset: str, rows: NDArray[np.int64], version: int | None
) -> NDArray[np.str_]:
    column = workspace.items.table(dataset, columns=["label"], version=version)["label"]
    return np.array([label or "" for label in column.take(rows).to_pylist()], dtype=np.str_)


def _drawn(rows: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    if len(rows) <= JUDGED:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, JUDGED, replace=False))
