"""Read stored layouts and list them. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

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

    id: str  # of its run
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
    arrays, figures = folder.layout(), folder.figures()
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
