"""Read stored layouts, list them, compute one at once, and place further items on them. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from qlatent.errors import AbsentError, InputError, StoreError
from qlatent.services.layouts import requests
from qlatent.services.layouts.requests import LayoutRequest
from qlatent.services.runs import listing, specs
from qlatent.services.runs.listing import RunSummary
from qlatent.services.runs.specs import Layout, expected
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

SETTINGS = ("metric", "dimensions", "neighbours", "min_dist", "epochs", "densmap", "seed")
COUNTS = ("points", "left_out")


@dataclass(frozen=True)
class StoredLayout:
    """The places of n items; `rows` are their rows in the dataset, ascending."""

    id: str  # of its run; "" for one that was computed at once
    dataset: str
    dataset_version: int
    run: str  # whose latents it shows; "" for vectors
    encoder: str  # key of the vectors; "" for latents
    rows: NDArray[np.int64]  # (n,)
    frames: NDArray[np.float32]  # (F, n, c), one frame unless all frames of a run are laid out together
    steps: tuple[int, ...]  # of the frames; empty for vectors
    modality: str
    method: str
    settings: dict[str, Any]  # metric, dimensions, neighbours, min_dist, epochs, densmap, seed
    quality: dict[str, float]  # see `quality.quality`, and seconds
    left_out: int  # rows of the source that have no place, since their vectors hold no numbers
    kept: Arrays  # what placing further items needs

    @property
    def places(self) -> NDArray[np.float32]:
        """The places (n, c), of several frames those of the last."""
        last: NDArray[np.float32] = self.frames[-1]
        return last


def read(workspace: Workspace, layout: str) -> StoredLayout:
    """The layout of this run; one that is not finished raises `StoreError`, another kind of run too."""
    folder = workspace.run(layout)
    spec = expected(specs.of(folder), Layout)
    return _opened(spec, folder.layout(), folder.figures())


def _opened(spec: Layout, arrays: Arrays, figures: dict[str, Any]) -> StoredLayout:
    places = arrays["places"]
    return StoredLayout(
        id=spec.id, dataset=spec.dataset, dataset_version=spec.dataset_version, run=spec.run, encoder=spec.encoder,
        rows=arrays["rows"], frames=places if places.ndim == 3 else places[None], steps=tuple(arrays["steps"].tolist()),
        modality=spec.modality, method=spec.method, settings={name: getattr(spec, name) for name in SETTINGS},
        quality={name: float(value) for name, value in figures.items() if name not in COUNTS},
        left_out=int(figures.get("left_out", 0)),
        kept={name: arrays[name] for name in ("fitted", "mean", "axes") if name in arrays},
    )  # fmt: skip


def listed(workspace: Workspace, source: str) -> list[RunSummary]:
    """The runs of layouts of a dataset or of a run, in any state, newest first.

    Those of a dataset are of its vectors; those of the runs trained on it are listed with each run.
    """
    found = []
    for run in listing.list_runs(workspace, "layout"):
        spec = run.spec
        if isinstance(spec, Layout) and (spec.run or spec.dataset) == source:
            found.append(run)
    return found


def at_once(workspace: Workspace, request: LayoutRequest) -> StoredLayout:
    """The layout by principal axes, computed here; it is not stored. Other methods need a run: see `requests.start`."""
    from qlatent.services.layouts.points import points_of
    from qlatent.services.layouts.work import laid_out, quality_of

    spec = requests.spec(workspace, request)
    if spec.method != "pca":
        raise InputError(f"{requests.METHODS[spec.method]} takes a while.", remedy="Start a run for it.")
    points = points_of(workspace, spec)
    arrays = laid_out(points, spec)
    figures = quality_of(workspace, spec, points, arrays["places"])
    return _opened(spec, arrays, {**figures, "left_out": points.left_out})


def table(workspace: Workspace, layout: StoredLayout) -> pd.DataFrame:
    """A table with the `id` of each item and its coordinates `x`, `y`, in space `z`; of several frames with `step`."""
    ids = workspace.items.table(layout.dataset, columns=["id"], version=layout.dataset_version)["id"]
    names = ids.take(layout.rows).to_pylist()
    parts = [
        pd.DataFrame(
            {"id": names, **{axis: frame[:, place] for place, axis in enumerate("xyz"[: frame.shape[1]])}}
        )
        for frame in layout.frames
    ]
    if len(parts) == 1:
        return parts[0]
    parts = [part.assign(step=step) for part, step in zip(parts, layout.steps, strict=True)]
    return pd.concat(parts, ignore_index=True)


def place(workspace: Workspace, layout: StoredLayout, vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    """The places (m, c) of further `vectors` (m, d) of the layout's space; NaN where a vector has no numbers.

    Places on principal axes are exact. On UMAP's layout each starts among its nearest known points and is moved by
    them, while they stay (UMAP's transform); their vectors are read anew, so the dataset or the run must be there.
    """
    vectors = np.asarray(vectors, dtype=np.float32)
    found = np.full((len(vectors), layout.places.shape[1]), np.nan, dtype=np.float32)
    good = np.isfinite(vectors).all(axis=1)
    if layout.method == "aligned":
        raise InputError(
            "A layout of several frames takes no further items.", remedy="Lay out its last frame."
        )
    if good.any():
        found[good] = _placed(workspace, layout, vectors[good])
    return found


def _placed(workspace: Workspace, layout: StoredLayout, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    from qlatent.layout import umap
    from qlatent.services.layouts.points import neighbours_of_new, points_of
    from qlatent.services.layouts.work import config_of

    if layout.method == "pca":
        if vectors.shape[1] != len(layout.kept["mean"]):
            raise InputError(
                f"Vectors of {vectors.shape[1]} numbers do not fit a layout of {len(layout.kept['mean'])}.",
                remedy="Use vectors of the same encoder and head.",
            )
        projected: NDArray[np.float32] = (vectors - layout.kept["mean"]) @ layout.kept["axes"]
        return projected
    spec = expected(specs.of(workspace.run(layout.id)), Layout)
    known = points_of(workspace, spec)
    if not np.array_equal(known.rows, layout.rows):
        raise StoreError("The vectors of this layout have changed.", remedy="Lay them out again.")
    fitted = layout.kept["fitted"]
    near = neighbours_of_new(vectors, known.frames[0][fitted], spec)
    return umap.add(near, layout.places[fitted], config_of(spec))


def place_new(workspace: Workspace, layout: StoredLayout) -> StoredLayout:
    """The layout with the items that its dataset has gained since: those that it has keep their places."""
    if layout.run:
        raise InputError("The items of a run are fixed.", remedy="Lay out the dataset's vectors instead.")
    from qlatent.services.vectors import stored

    if not any(each.id == layout.dataset for each in workspace.catalogue.datasets()):
        raise AbsentError(f"The dataset {layout.dataset!r} was removed.", remedy="Restore it.")
    vectors = stored.mapped(workspace, layout.dataset, layout.encoder, layout.modality)
    new = np.setdiff1d(np.flatnonzero(stored.whole(vectors)), layout.rows)
    places = place(workspace, layout, vectors[new])
    rows = np.concatenate([layout.rows, new])
    order = np.argsort(rows)
    both = np.concatenate([layout.places, places])[order][None]
    return StoredLayout(**{**layout.__dict__, "rows": rows[order], "frames": both})
