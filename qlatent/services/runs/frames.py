"""Read how a latent space moved during training: frames on one map, norms, honesty metrics and single items.

Results are plain data read from files, so that a page can cache them by the run's id and number of frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import InputError, StoreError
from qlatent.layout.plane import Basis, align, plane
from qlatent.services.runs.event_log import read_log
from qlatent.services.runs.specs import training_spec
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

NORM_PERCENTILES = (1.0, 99.0)
ITEM_COLUMNS = ("id", "label", "text", "image_hash")
Floats = NDArray[np.floating]


@dataclass(frozen=True)
class Evolution:
    """F frames of the n items of the probe set; arrays by modality have the items in the same order."""

    steps: NDArray[np.int64]  # (F,)
    places: Arrays  # modality → (F, n, c) float32, in one plane (c = 2) or space (c = 3) for all frames
    norms: Arrays  # modality → (F, n) float32, norms of the latents
    norm_range: tuple[float, float]  # 1st and 99th percentile over the whole run
    honesty: dict[str, NDArray[np.float64]]  # metric → (F,), NaN where unknown
    rows: NDArray[np.int64]  # (n,): row numbers in the dataset
    heldout: NDArray[np.bool_]  # (n,)
    ids: list[str]
    labels: list[str]  # "" where unknown
    images: list[str | None]  # hash of the thumbnail
    total: int  # number of items in the dataset; the map shows n
    size: int  # dimensions of the latents
    basis: Basis

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
        """Whether the latents are drawn without alignment and projection."""
        return self.size <= self.dimensions


@dataclass(frozen=True)
class Neighbour:
    """A neighbour of an item; `shared` if it is one before and after compression."""

    row: int
    id: str
    label: str
    text: str
    image: str | None
    distance: float
    shared: bool


@dataclass(frozen=True)
class ItemDetail:
    """One item at one frame; its neighbours are items of the same modality in the probe set, nearest first."""

    row: int
    id: str
    label: str
    text: str
    image: str | None
    heldout: bool
    step: int
    norms: dict[str, float]
    pair_distance: tuple[float, float] | None  # image–text distance d_x before and d_z after compression
    before: dict[str, list[Neighbour]]  # modality → k nearest neighbours in the input space
    after: dict[str, list[Neighbour]]  # the same in the latent space of the frame


def frame_steps(workspace: Workspace, run_id: str) -> list[int]:
    """The steps of the frames that the run has recorded so far, ascending."""
    return workspace.run(run_id).snapshot_steps()


def evolution(
    workspace: Workspace,
    run_id: str,
    *,
    basis: Basis = "pooled",
    dimensions: int = 2,
    upto_frame: int | None = None,
) -> Evolution:
    """The frames that a run has recorded so far, or those up to number `upto_frame` (from 0).

    Frames are aligned by rotation (no scaling, no shift) and drawn in one plane or space; latents with no more
    dimensions than the map are not rotated. Besides the worker's metrics, `honesty` has `explained_variance` (share in
    the map) and `procrustes_residual`. A run without frames raises `InputError`.
    """
    folder = workspace.run(run_id)
    steps = folder.snapshot_steps()[: None if upto_frame is None else upto_frame + 1]
    if not steps:
        raise InputError(f"Run {run_id} has recorded no frame yet.", remedy="Wait for its first step.")
    probe = folder.probe()
    snapshots = [folder.snapshot(step) for step in steps]
    modalities = tuple(snapshots[0])
    stacked = [np.concatenate([each[name] for name in modalities]) for each in snapshots]
    aligned, residuals = align(stacked)
    size = stacked[0].shape[1]
    drawn = stacked if size <= dimensions else aligned
    flat = plane(drawn, basis, dimensions=dimensions)
    places = np.stack([flat.project(frame) for frame in drawn]).astype(np.float32)  # (F, m, c)
    norms = {name: np.stack([_lengths(each[name]) for each in snapshots]) for name in modalities}
    figures = _figures(folder, steps)
    items = items_of(workspace, folder, probe["rows"])
    return Evolution(
        steps=np.array(steps, dtype=np.int64),
        places=_by_modality(places, modalities),
        norms=norms,
        norm_range=_range(norms),
        honesty=figures | {"explained_variance": flat.explained, "procrustes_residual": residuals},
        rows=probe["rows"],
        heldout=probe["heldout"],
        ids=[each["id"] for each in items],
        labels=[each["label"] or "" for each in items],
        images=[each["image_hash"] for each in items],
        total=_total(workspace, folder),
        size=size,
        basis=basis,
    )


def _lengths(latents: Floats) -> Floats:
    return lengths.lengths(latents).astype(np.float32)


def _by_modality(frames: Floats, modalities: tuple[str, ...]) -> Arrays:
    """(F, m, c) with the modalities stacked along m → modality → (F, n, c)."""
    parts = np.split(frames, len(modalities), axis=1)
    return {name: np.ascontiguousarray(part) for name, part in zip(modalities, parts, strict=True)}


def _range(norms: Arrays) -> tuple[float, float]:
    values = np.concatenate([each.ravel() for each in norms.values()])
    low, high = np.percentile(values, NORM_PERCENTILES)
    return float(low), float(high)


def _figures(folder: RunFolder, steps: list[int]) -> dict[str, NDArray[np.float64]]:
    """The worker's metrics of each frame as columns; NaN where they are not yet written."""
    measured = read_log(folder).snapshots
    rows = [measured.get(step, {}) for step in steps]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return {name: np.array([_number(row.get(name)) for row in rows], dtype=np.float64) for name in names}


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


def items_of(workspace: Workspace, folder: RunFolder, rows: NDArray[np.int64]) -> list[dict[str, Any]]:
    """The items of these rows, in order; blank items if the dataset has been removed."""
    spec = training_spec(folder)
    try:
        table = workspace.items.table(spec.dataset, columns=list(ITEM_COLUMNS), version=spec.dataset_version)
    except StoreError:
        return [{"id": f"row {row}", "label": "", "text": "", "image_hash": None} for row in rows]
    found: list[dict[str, Any]] = table.take(rows).to_pylist()
    return found


def _total(workspace: Workspace, folder: RunFolder) -> int:
    try:
        return workspace.items.count(training_spec(folder).dataset)
    except StoreError:  # removed in the meantime; only the frames are left
        return len(folder.probe()["rows"])


def item_detail(workspace: Workspace, run_id: str, row: int, frame: int, *, k: int = 10) -> ItemDetail:
    """The item of dataset row `row` at frame number `frame`: its norm, text and neighbours.

    A row outside the probe set or an unknown frame raises `InputError`.
    """
    folder = workspace.run(run_id)
    steps = folder.snapshot_steps()
    if not 0 <= frame < len(steps):
        raise InputError(f"Run {run_id} has no frame {frame}; it has {len(steps)}.")
    probe = folder.probe()
    places = np.flatnonzero(probe["rows"] == row)
    if not len(places):
        raise InputError(f"Row {row} is not on the map.", remedy="Choose a point of the map.")
    place = int(places[0])
    latents = folder.snapshot(steps[frame])
    inputs = {name: probe[f"input_{name}"] for name in latents}
    items = items_of(workspace, folder, probe["rows"])
    near = {name: _nearest(inputs[name], latents[name], place, k=k) for name in latents}
    own = items[place]
    return ItemDetail(
        row=row,
        id=own["id"],
        label=own["label"] or "",
        text=own["text"] or "",
        image=own["image_hash"],
        heldout=bool(probe["heldout"][place]),
        step=steps[frame],
        norms={name: float(lengths.lengths(each[place])) for name, each in latents.items()},
        pair_distance=_pair_distance(inputs, latents, place),
        before={name: _neighbours(items, probe["rows"], *pair) for name, pair in near.items()},
        after={name: _neighbours(items, probe["rows"], *pair[::-1]) for name, pair in near.items()},
    )


Ranked = list[tuple[int, float]]  # index in the probe set, distance


def _nearest(inputs: Floats, latents: Floats, place: int, *, k: int) -> tuple[Ranked, Ranked]:
    """The k nearest neighbours of one point before and after compression."""
    return _ranked(inputs, place, k=k), _ranked(latents, place, k=k)


def _ranked(points: Floats, place: int, *, k: int) -> Ranked:
    distances = lengths.lengths(points.astype(np.float64) - points[place])
    distances[place] = np.inf
    order = np.argsort(distances, kind="stable")[: min(k, len(points) - 1)]
    return [(int(each), float(distances[each])) for each in order]


def _neighbours(
    items: list[dict[str, Any]], rows: NDArray[np.int64], these: Ranked, others: Ranked
) -> list[Neighbour]:
    also = {place for place, _ in others}
    return [
        Neighbour(
            row=int(rows[place]),
            id=items[place]["id"],
            label=items[place]["label"] or "",
            text=items[place]["text"] or "",
            image=items[place]["image_hash"],
            distance=distance,
            shared=place in also,
        )
        for place, distance in these
    ]


def _pair_distance(inputs: Arrays, latents: Arrays, place: int) -> tuple[float, float] | None:
    if not {"image", "text"} <= set(latents):
        return None
    before, after = (
        lengths.lengths(each["image"][place] - each["text"][place]) for each in (inputs, latents)
    )
    return float(before), float(after)
