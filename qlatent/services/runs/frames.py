"""Read how a latent space moved during training: frames on one map, norms, and the figures beside each frame.

Results are plain data read from files, so that a page can cache them by the run's id and number of frames. Frames are
read one after the other, twice: once for their alignment, once to draw them; only what is drawn is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError, StoreError
from qlatent.layout import extent
from qlatent.layout.norm_view import NormView, norm_view
from qlatent.layout.plane import Alignment, Basis, Plane, align, plane
from qlatent.services.runs import frame_figures, map_views
from qlatent.services.runs.specs import training_spec
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

SAFE = (1e-20, 1e30)  # squared norms between these lose nothing in float32
NORM_PERCENTILES = (1.0, 99.0)
ROUNDING = 1e-5  # of float32: norms that differ by less, relative to their size, are equal
ITEM_COLUMNS = ("id", "label", "text", "image_hash")
POINT_COLUMNS = ("id", "label", "image_hash")
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Evolution:
    """F frames of the n items of the probe set; arrays by modality have the items in the same order."""

    steps: NDArray[np.int64]  # (F,)
    places: Arrays  # modality on the map → (F, n, c) float32, in one plane (c = 2) or space (c = 3); NaN: left out
    norms: Arrays  # modality → (F, n) float32, norms of the latents of all modalities; NaN: not finite
    norm_ranges: dict[str, tuple[float, float]]  # modality → 1st and 99th percentile over the whole run
    honesty: dict[str, NDArray[np.float64]]  # metric → (F,), NaN where unknown
    rows: NDArray[np.int64]  # (n,): row numbers in the dataset
    heldout: NDArray[np.bool_]  # (n,)
    ids: list[str]
    labels: list[str]  # "" where unknown
    images: list[str | None]  # hash of the thumbnail
    total: int  # number of items in the dataset; the map shows n
    size: int  # dimensions of the latents
    basis: Basis
    view: str  # one of `views`
    views: tuple[
        str, ...
    ]  # a modality, and with several of them "both" and "laid" (their means on each other)
    extent: NDArray[np.float64]  # (c, 2): what the map shows first; `whole` is the box around everything
    whole: NDArray[np.float64]  # (c, 2)
    left_out: NDArray[np.int64]  # (F,): items on the map whose latents are not finite
    norm: NormView = ""  # whether places show the norm, see `layout.norm_view`
    stretch: float = 1.0  # how long a norm of 1 is on the map, where places show it

    @property
    def modalities(self) -> tuple[str, ...]:
        """The modalities on the map."""
        return tuple(self.places)

    @property
    def dimensions(self) -> int:
        """Dimensions of the map: 2 or 3."""
        return int(next(iter(self.places.values())).shape[2])

    @property
    def raw(self) -> bool:
        """Whether the latents are drawn without alignment, projection and shift."""
        return self.size <= self.dimensions and self.view != map_views.LAID and not self.norm


def frame_steps(workspace: Workspace, run_id: str) -> list[int]:
    """The steps of the frames that the run has recorded so far, ascending."""
    return workspace.run(run_id).snapshot_steps()


@dataclass(frozen=True, slots=True)
class Outline:
    """What a run can show, known from its last frame alone."""

    size: int  # dimensions of the latents
    views: tuple[str, ...]
    default: str  # the view that shows the structure


def outline(workspace: Workspace, run_id: str) -> Outline | None:
    """The outline of a run; None before its first frame."""
    folder = workspace.run(run_id)
    steps = folder.snapshot_steps()
    if not steps:
        return None
    last = folder.snapshot(steps[-1])
    size = next(iter(last.values())).shape[1]
    return Outline(size, map_views.views(tuple(last)), map_views.default_view(last))


@dataclass(frozen=True, slots=True)
class Drawing:
    """How a map is drawn: `view` (None: the one that shows the structure), basis of the axes, 2 or 3 dimensions, and
    whether the norm is drawn as radius or axis."""

    view: str | None = None
    basis: Basis = "pooled"
    dimensions: int = 2
    norm: NormView = ""


def evolution(
    workspace: Workspace, run_id: str, drawing: Drawing | None = None, *, upto_frame: int | None = None
) -> Evolution:
    """The frames that a run has recorded so far, or those up to number `upto_frame` (from 0).

    Frames are aligned by rotation (no scaling, no shift) and drawn in one plane or space of the modalities shown;
    latents with no more dimensions than the map are not rotated. Besides the worker's metrics, `honesty` has
    `explained_variance` (share in the map), `procrustes_residual`, and with labels the figures of
    `frame_figures.label_accuracy`. A run without frames raises `InputError`.
    """
    folder, drawing = workspace.run(run_id), drawing or Drawing()
    steps = folder.snapshot_steps()[: None if upto_frame is None else upto_frame + 1]
    if not steps:
        raise InputError(f"Run {run_id} has recorded no frame yet.", remedy="Wait for its first step.")
    (last,) = map_views.frames(folder, steps[-1:])
    view = drawing.view or map_views.default_view(last)
    shown = map_views.shown(view, tuple(last))
    aligned = align(map_views.stacked(latents, view) for latents in map_views.frames(folder, steps))
    flat = plane(aligned.moments, drawing.basis, dimensions=drawing.dimensions)
    drawn, norms = _drawn(folder, steps, view=view, aligned=aligned, flat=flat)
    places, stretch = norm_view(drawn, norms, drawing.norm)
    probe = folder.probe(("rows", "heldout"))
    ids, labels, images = _points_of(workspace, folder, probe["rows"])
    figures = frame_figures.measured(folder, steps) | {"procrustes_residual": aligned.residuals}
    if not drawing.norm:  # else an axis, or the length of all, shows no variance but the norm
        figures["explained_variance"] = flat.explained
    pooled = list(np.concatenate([places[name] for name in shown], axis=1))
    return Evolution(
        steps=np.array(steps, dtype=np.int64),
        places=places,
        norms=norms,
        norm_ranges={name: norm_range(each) for name, each in norms.items()},
        honesty=figures | frame_figures.label_accuracy(folder, places, labels, last=last),
        rows=probe["rows"],
        heldout=probe["heldout"],
        ids=ids,
        labels=labels,
        images=images,
        total=_total(workspace, folder),
        size=next(iter(last.values())).shape[1],
        basis=drawing.basis,
        view=view,
        views=map_views.views(tuple(last)),
        extent=extent.fitted(pooled),
        whole=extent.whole(pooled),
        left_out=np.any([np.isnan(each[..., 0]) for each in places.values()], axis=0).sum(axis=1),
        norm=drawing.norm,
        stretch=stretch,
    )


def _drawn(
    folder: RunFolder, steps: Sequence[int], *, view: str, aligned: Alignment, flat: Plane
) -> tuple[Arrays, Arrays]:
    """Places (F, n, c) of the modalities in view, and norms (F, n) of all: only float32 of one frame more is held."""
    places: Arrays = {}
    norms: Arrays = {}
    size, dimensions = flat.axes.shape
    for number, latents in enumerate(map_views.frames(folder, steps)):
        shown = map_views.shown(view, tuple(latents))
        turn = np.eye(size) if size <= dimensions else aligned.rotations[number]
        stacked = map_views.stacked(latents, view)
        points = stacked @ (turn @ flat.axes).astype(stacked.dtype) - (flat.mean @ flat.axes).astype(
            stacked.dtype
        )
        for name, part in zip(shown, np.split(points, len(shown)), strict=True):
            _kept(places, name, len(steps), part)[number] = part
        for name, each in latents.items():
            length = _lengths(each)
            _kept(norms, name, len(steps), length)[number] = length
    return places, norms


def _lengths(latents: Floats) -> Floats:
    """The norms of latents (n, k): (n,); the usual ones at once, very large, small and missing ones with care."""
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        squares = np.einsum("nk,nk->n", latents, latents)
    usual = len(squares) and squares.min() > SAFE[0] and squares.max() < SAFE[1]
    return np.sqrt(squares) if usual else lengths.lengths(latents)


def _kept(arrays: Arrays, name: str, count: int, frame: Floats) -> Floats:
    """The array (F, *frame) float32 of this name, made for the first frame."""
    if name not in arrays:
        arrays[name] = np.empty((count, *frame.shape), dtype=np.float32)
    return arrays[name]


def norm_range(norms: NDArray[np.floating]) -> tuple[float, float]:
    """The 1st and 99th percentile of the finite norms; 0 and 1 without any.

    Norms that are equal up to rounding lie in the middle of their range, so that all have one colour.
    """
    finite = norms[np.isfinite(norms)]
    if not len(finite):
        return 0.0, 1.0
    low, high = (float(each) for each in np.percentile(finite, NORM_PERCENTILES))
    if 0 < high - low <= ROUNDING * high:
        low, high = low / 2, 1.5 * high
    return low, high


def items_of(workspace: Workspace, folder: RunFolder, rows: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The items of these rows, in order; blank items if the dataset has been removed."""
    table = _table(workspace, folder, ITEM_COLUMNS)
    if table is None:
        return [{"id": f"row {row}", "label": "", "text": "", "image_hash": None} for row in rows]
    found: list[dict[str, Any]] = table.take(rows).to_pylist()
    return found


def _points_of(
    workspace: Workspace, folder: RunFolder, rows: NDArray[np.int64]
) -> tuple[list[str], list[str], list[str | None]]:
    """Ids, labels ("" where unknown) and image hashes of these rows; no texts, which a map does not need."""
    table = _table(workspace, folder, POINT_COLUMNS)
    if table is None:
        return [f"row {row}" for row in rows], [""] * len(rows), [None] * len(rows)
    ids, labels, images = (table[name].take(rows).to_pylist() for name in POINT_COLUMNS)
    return ids, [label or "" for label in labels], images


def _table(workspace: Workspace, folder: RunFolder, columns: Sequence[str]) -> Any:
    """These columns of the run's dataset as of the run; None if it has been removed."""
    spec = training_spec(folder)
    try:
        return workspace.items.table(spec.dataset, columns=list(columns), version=spec.dataset_version)
    except StoreError:
        return None


def _total(workspace: Workspace, folder: RunFolder) -> int:
    try:
        return workspace.items.count(training_spec(folder).dataset)
    except StoreError:  # removed in the meantime; only the frames are left
        return len(folder.probe(("rows",))["rows"])
