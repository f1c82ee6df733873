"""What is exported: a dataset, a collection or a part of them, and the vectors that go along."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.layout.plane import plane
from qlatent.services.layouts import layouts
from qlatent.services.selections import collections, selections
from qlatent.services.selections.definitions import Definition, Kept, SetOf
from qlatent.services.vectors import stored
from qlatent.store.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Choice:
    """How to export: for which tool ("" for a table or pictures), a part of the items, and which vectors and layout."""

    tool: str = ""
    definition: Definition | None = None  # None: all items
    encoder: str = ""  # "": the only one
    modality: str = ""  # "": the first that has vectors
    layout: str = ""  # run of a stored layout; "": the plane of largest variance
    pictures: Literal["originals", "thumbnails"] = "originals"


@dataclass(frozen=True, slots=True)
class Chosen:
    """The items to export, by their rows in a dataset."""

    kind: str  # dataset | collection
    id: str
    name: str
    dataset: str
    rows: NDArray[np.int64]

    def document(self, out: Path, **more: Any) -> dict[str, Any]:
        """What was exported, as the command line prints it."""
        return {"kind": self.kind, "id": self.id, "out": str(out), **more}


@dataclass(frozen=True, slots=True)
class VectorsOf:
    """The items that have vectors, those vectors, and how many items have none."""

    rows: NDArray[np.int64]  # (m,) of the dataset
    points: NDArray[np.float32]  # (m, d)
    encoder: str
    modality: str
    left_out: int


def chosen_items(workspace: Workspace, what: str, definition: Definition | None) -> Chosen | None:
    """The items of a dataset (by id) or a collection (by id or name); None if there is neither.

    With a definition, only those that are selected. No item at all raises `InputError`.
    """
    if any(each.id == what for each in workspace.catalogue.datasets()):
        every = np.arange(workspace.items.count(what))
        rows = every if definition is None else selections.resolve(workspace, what, definition)
        return _some(Chosen("dataset", what, what, what, rows))
    if not any(what in (each.id, each.name) for each in workspace.catalogue.collections.all()):
        return None
    found = collections.view(workspace, what)
    kept: Definition = Kept(collection=found.id)
    if definition is not None:
        kept = SetOf(how="intersection", of=(kept, definition))
    rows = selections.resolve(workspace, found.dataset, kept)
    return _some(Chosen("collection", found.id, found.name, found.dataset, rows))


def vectors_of(workspace: Workspace, chosen: Chosen, choice: Choice) -> VectorsOf:
    """The vectors (m, d) of the chosen items; `InputError` where none has any."""
    key = choice.encoder or stored.choose(workspace, chosen.dataset)
    widths = stored.widths(workspace, chosen.dataset, key)
    modality = choice.modality or next(iter(widths))
    if modality not in widths:
        raise InputError(
            f"{chosen.dataset!r} has no {modality!r} vectors of {key}; it has {', '.join(widths)}.",
            remedy="Choose one of them.",
        )
    every = np.asarray(stored.mapped(workspace, chosen.dataset, key, modality)[chosen.rows])
    whole = stored.whole(every)
    if not whole.any():
        raise InputError(
            f"None of the {len(every):,} items has {modality} vectors of {key}.",
            remedy=stored.encode_first(chosen.dataset),
        )
    return VectorsOf(chosen.rows[whole], every[whole], key, modality, int((~whole).sum()))


def placed(workspace: Workspace, chosen: Chosen, choice: Choice) -> tuple[VectorsOf, NDArray[np.float64]]:
    """The vectors of the chosen items, and their coordinates (m, 2) on the layout or the plane of largest variance.

    Items without a place on the layout are left out too; none with one raises `InputError`.
    """
    vectors = vectors_of(workspace, chosen, choice)
    if not choice.layout:
        flat = plane([vectors.points.astype(np.float64)])
        return vectors, np.asarray(flat.project(vectors.points.astype(np.float64)))
    layout = layouts.read(workspace, choice.layout)
    if layout.dataset != chosen.dataset:
        raise InputError(
            f"The layout {choice.layout} is of {layout.dataset!r}, not of {chosen.dataset!r}.",
            remedy="Choose a layout of this dataset.",
        )
    _, mine, theirs = np.intersect1d(vectors.rows, layout.rows, assume_unique=True, return_indices=True)
    if not len(mine):
        raise InputError(f"None of the items is on the layout {choice.layout}.", remedy="Choose another one.")
    kept = replace(
        vectors, rows=vectors.rows[mine], points=vectors.points[mine], left_out=len(chosen.rows) - len(mine)
    )
    return kept, layout.places[theirs, :2].astype(np.float64)


def new_folder(out: Path) -> Path:
    """An empty folder at this path; a path with content or without a parent raises `InputError`."""
    if out.exists() and not (out.is_dir() and not any(out.iterdir())):
        raise InputError(f"{out} is there already.", remedy="Choose the path of a new folder.")
    if not out.resolve().parent.is_dir():
        raise InputError(f"There is no folder {out.resolve().parent}.", remedy="Create it first.")
    out.mkdir(exist_ok=True)
    return out


def _some(chosen: Chosen) -> Chosen:
    if not len(chosen.rows):
        raise InputError(f"There is no item to export in {chosen.name!r}.", remedy="Select at least one.")
    return chosen
