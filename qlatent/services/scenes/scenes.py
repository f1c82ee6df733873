"""A scene: the points of a run, a dataset's vectors or a stored layout, ready to be drawn and selected. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths
from qlatent.errors import StoreError
from qlatent.layout import extent
from qlatent.layout.norm_view import NormView
from qlatent.layout.quantised import Quantised, quantise
from qlatent.metrics.geometry.gap import gap
from qlatent.metrics.geometry.point_neighbours import labelled_sample, neighbour_accuracy
from qlatent.services.layouts import layouts
from qlatent.services.layouts.layouts import StoredLayout
from qlatent.services.layouts.tours import TourRequest
from qlatent.services.runs import map_views
from qlatent.services.runs.frames import ITEM_COLUMNS, Drawing, Evolution, Outline, norm_range
from qlatent.services.runs.specs import training_spec
from qlatent.services.selections import maps
from qlatent.services.selections.definitions import DrawnMap
from qlatent.services.vectors import planes, stored
from qlatent.services.vectors.planes import VectorMap, sample, vector_map
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

LABELLED = 1000  # items among which neighbours of the same label are sought

Rows = NDArray[np.int64]
Columns = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a scene is of: a run, a stored layout, or without both the vectors of a dataset."""

    dataset: str
    version: int | None = None  # of the dataset; None: the newest
    encoder: str = ""
    run: str = ""
    layout: str = ""


@dataclass(frozen=True, eq=False)
class Scene:
    """The points of a map, modality after modality: point p is item `p % n` of the `p // n`-th modality in view."""

    source: Source
    shown: Evolution
    """The n items with places, norms and figures; vectors and layouts of one frame have no step."""
    positions: Quantised  # (F, m · n, c)
    tour: TourRequest | None = None  # whose planes the frames are; None: they are states

    @property
    def rows(self) -> Rows:
        """Dataset rows (n,) of the items."""
        return self.shown.rows

    @property
    def items(self) -> int:
        """The number n of items."""
        return len(self.shown.rows)

    @property
    def modalities(self) -> tuple[str, ...]:
        """The m modalities in view, in the order of the points."""
        return self.shown.modalities

    @property
    def frames(self) -> int:
        """The number F of frames."""
        return int(self.positions.values.shape[0])

    @property
    def points(self) -> int:
        """The number m · n of points."""
        return int(self.positions.values.shape[1])

    @property
    def labels(self) -> tuple[str, ...]:
        """What each frame is called; empty where there is one without a step."""
        if self.tour:
            return tuple(f"plane {number:,}" for number in range(1, self.frames + 1))
        return tuple(f"step {step:,}" for step in self.shown.steps) if self.source.run else ()

    @cached_property
    def pairs(self) -> NDArray[np.int32] | None:
        """The points (n, 2) that are image and text of one item; None for one modality."""
        if len(self.modalities) != 2:
            return None
        return np.stack([np.arange(self.items), np.arange(self.items) + self.items], axis=1).astype(np.int32)

    def row_of(self, point: int) -> int:
        """The dataset row of a point."""
        return int(self.rows[point % self.items])

    def modality_of(self, point: int) -> str:
        """The modality of a point."""
        return self.modalities[point // self.items]

    def point(self, row: int, modality: str) -> int | None:
        """The point of a row in a modality; None where the map has none."""
        found = np.flatnonzero(self.rows == row)[:1]
        if modality not in self.modalities or not len(found):
            return None
        return int(found[0]) + self.modalities.index(modality) * self.items

    def point_of(self, row: int | None, frame: int = -1) -> int | None:
        """The first point of a row that has a place in a frame; None for a row that is not on the map."""
        if row is None:
            return None
        found = np.flatnonzero(self.rows == row)[:1]
        points = (
            [int(found[0]) + number * self.items for number in range(len(self.modalities))]
            if len(found)
            else []
        )
        placed = [each for each in points if self.positions.placed(frame)[each]]
        return next(iter(placed or points), None)

    def mask(self, rows: Rows | None) -> NDArray[np.bool_] | None:
        """Which points (m · n,) belong to these rows; None for None."""
        return None if rows is None else np.tile(np.isin(self.rows, rows), len(self.modalities))

    def drawn(self, frame: int, *, matrix: NDArray[np.float64] | None = None) -> DrawnMap:
        """This map for what is selected on a frame; for a lasso in space with the camera's `matrix` (2, 4)."""
        source = self.source
        of: dict[str, Any] = {"run": source.run}
        if not source.run:
            of = {"encoder": source.encoder, "version": source.version}
        if source.layout:
            of = {"layout": source.layout}
        if self.tour:
            of |= {"tour": self.tour.guide, "of": self.tour.frame}
        return DrawnMap(
            **of, view=self.shown.view, frame=frame, frames=self.frames, basis=self.shown.basis,
            norm=self.shown.norm,
            low=tuple(self.positions.low.tolist()), step=tuple(self.positions.step.tolist()),
            camera=None if matrix is None else tuple(np.ravel(matrix).tolist()),
        )  # fmt: skip


def of_run(workspace: Workspace, run_id: str, drawing: Drawing | None = None) -> Scene:
    """The frames of a run that are recorded so far; a run without frames raises `InputError`."""
    spec = training_spec(workspace.run(run_id))
    found = maps.evolution(workspace, run_id, drawing or Drawing())
    encoder = str(getattr(spec, "encoder", ""))
    source = Source(dataset=spec.dataset, version=spec.dataset_version, encoder=encoder, run=run_id)
    return _scene(source, found)


def of_vectors(workspace: Workspace, dataset: str, encoder: str, drawing: Drawing | None = None) -> Scene:
    """The vectors of a dataset by an encoder, in the plane or space of their principal axes.

    A dataset or encoder without vectors raises `InputError` or `StoreError`.
    """
    drawing, version = drawing or Drawing(), workspace.items.version(dataset)
    found = vector_map(
        workspace, dataset, encoder, view=drawing.view or "", dimensions=drawing.dimensions, norm=drawing.norm,
        version=version,
    )  # fmt: skip
    source = Source(dataset=dataset, version=version, encoder=encoder)
    return _scene(source, _as_frame(workspace, source, found, norm=drawing.norm))


def of_layout(workspace: Workspace, layout: str) -> Scene:
    """A stored layout, of one frame or several; one that is not finished raises `StoreError`."""
    found = layouts.read(workspace, layout)
    encoder = found.encoder or str(getattr(training_spec(workspace.run(found.run)), "encoder", ""))
    source = Source(
        dataset=found.dataset, version=found.dataset_version, encoder=encoder, run=found.run, layout=found.id
    )
    return _scene(source, _laid_out(workspace, source, found))


def outline_of_vectors(workspace: Workspace, dataset: str, encoder: str) -> Outline:
    """What maps of a dataset's vectors there can be."""
    return planes.outline(workspace, dataset, encoder)


def _scene(source: Source, found: Evolution) -> Scene:
    return Scene(source, found, quantise(np.concatenate(list(found.places.values()), axis=1)))


def _as_frame(workspace: Workspace, source: Source, found: VectorMap, *, norm: NormView) -> Evolution:
    """Vectors on a map as the one frame of an evolution."""
    labels = _labels(workspace, source, found.rows)
    places = {name: each[None] for name, each in found.places.items()}
    norms = {name: each[None] for name, each in found.norms.items()}
    pooled = list(np.concatenate(list(places.values()), axis=1))
    return Evolution(
        steps=np.zeros(1, dtype=np.int64), places=places, norms=norms,
        norm_ranges={name: norm_range(each) for name, each in norms.items()},
        honesty=_figures(workspace, source, found, labels, norm=norm), rows=found.rows,
        heldout=np.zeros(len(found.rows), dtype=np.bool_), ids=[], labels=labels, images=[],
        total=len(found.rows) + found.left_out, size=found.size, basis="pooled", view=found.view, views=found.views,
        extent=extent.fitted(pooled), whole=extent.whole(pooled),
        left_out=np.array([found.left_out], dtype=np.int64), norm=norm, stretch=found.stretch,
    )  # fmt: skip


def _laid_out(workspace: Workspace, source: Source, found: StoredLayout) -> Evolution:
    """A stored layout as an evolution; its figures are those of `services.layouts.quality`, the same for each frame."""
    name, count = found.modality, len(found.frames)
    norms = {name: _lengths(workspace, source, found)}
    pooled = list(found.frames)
    return Evolution(
        steps=np.array(found.steps if len(found.steps) == count else range(count), dtype=np.int64),
        places={name: found.frames}, norms=norms, norm_ranges={name: norm_range(norms[name])},
        honesty={key: np.full(count, value) for key, value in found.quality.items()}, rows=found.rows,
        heldout=np.zeros(len(found.rows), dtype=np.bool_), ids=[], labels=_labels(workspace, source, found.rows),
        images=[], total=len(found.rows) + found.left_out, size=found.places.shape[1], basis="pooled", view=name,
        views=(name,), extent=extent.fitted(pooled), whole=extent.whole(pooled),
        left_out=np.full(count, found.left_out, dtype=np.int64),
    )  # fmt: skip


def latents(workspace: Workspace, scene: Scene, frame: int) -> Arrays:
    """What the points of a frame are made of, by modality in view: (n, k), NaN where an item has none.

    The latents of that frame of a run, or the vectors. Those of a removed dataset raise `StoreError`.
    """
    source = scene.source
    if source.run:
        folder = workspace.run(source.run)
        chosen = np.isin(folder.probe(("rows",))["rows"], scene.rows)
        found = folder.snapshot(int(scene.shown.steps[frame]))
        return {name: found[name][chosen] for name in scene.modalities}
    return {name: _vectors(workspace, source, name, rows=scene.rows) for name in scene.modalities}


def inputs(workspace: Workspace, scene: Scene) -> Arrays:
    """The vectors of a run's items before its head, by modality in view: (n, d); empty if it did not keep them."""
    folder = workspace.run(scene.source.run)
    names = {f"input_{name}": name for name in scene.modalities}
    found = folder.probe(["rows", *names])
    chosen = np.isin(found.pop("rows"), scene.rows)
    there = {names[key]: vectors[chosen] for key, vectors in found.items()}
    return there if len(there) == len(names) else {}


def texts(workspace: Workspace, scene: Scene) -> list[str]:
    """The text of each item of a scene, "" where there is none."""
    column = workspace.items.table(scene.source.dataset, columns=["text"], version=scene.source.version)[
        "text"
    ]
    return [text or "" for text in column.take(scene.rows).to_pylist()]


def _lengths(workspace: Workspace, source: Source, found: StoredLayout) -> NDArray[np.float32]:
    """Norms (F, n) of what was laid out; NaN where a dataset or its vectors are gone."""
    if source.run:
        folder = workspace.run(source.run)
        chosen = np.isin(folder.probe(("rows",))["rows"], found.rows)
        return np.stack(
            [lengths.lengths(folder.snapshot(step)[found.modality][chosen]) for step in found.steps]
        )
    try:
        return lengths.lengths(_vectors(workspace, source, found.modality, rows=found.rows))[None]
    except StoreError:
        return np.full((1, len(found.rows)), np.nan, dtype=np.float32)


def _labels(workspace: Workspace, source: Source, rows: Rows) -> list[str]:
    try:
        column = workspace.items.table(source.dataset, columns=["label"], version=source.version)["label"]
    except StoreError:  # the dataset was removed; only the layout is left
        return [""] * len(rows)
    return [label or "" for label in column.take(rows).to_pylist()]


def _figures(
    workspace: Workspace, source: Source, found: VectorMap, labels: Sequence[str], *, norm: NormView
) -> Columns:
    """The figures of a map of vectors: what its axes show, the gap, and how often neighbours share a label."""
    figures: dict[str, float] = {} if norm else {"explained_variance": found.explained}
    at = labelled_sample(labels, most=LABELLED)
    points = {name: _vectors(workspace, source, name, rows=found.rows[at]) for name in found.places}
    kinds = {labels[place] for place in at}
    if 1 < len(kinds) < len(at):
        own = np.unique([labels[place] for place in at], return_inverse=True)[1]
        for name, each in points.items():
            figures[f"labels_{name}"] = neighbour_accuracy(found.places[name][at], own)
            figures[f"labels_{name}_vectors"] = neighbour_accuracy(each, own)
    if map_views.BOTH in found.views:
        figures["gap"] = _gap(workspace, source, found)
    return {name: np.array([value]) for name, value in figures.items()}


def _gap(workspace: Workspace, source: Source, found: VectorMap) -> float:
    some = found.rows[np.linspace(0, len(found.rows) - 1, min(len(found.rows), 4 * LABELLED)).astype(int)]
    sides: Arrays = {name: _vectors(workspace, source, name, rows=some) for name in found.norms}
    return gap(*list(sides.values())[:2])


def _vectors(workspace: Workspace, source: Source, modality: str, *, rows: Rows) -> NDArray[np.float32]:
    vectors = stored.mapped(workspace, source.dataset, source.encoder, modality, version=source.version)
    return sample(vectors, rows)


def recorded(workspace: Workspace, scene: Scene, frame: int) -> int:
    """The number of the run's frame that a frame of a scene shows; of vectors 0."""
    if not scene.source.run:
        return 0
    steps = workspace.run(scene.source.run).snapshot_steps()
    return steps.index(int(scene.shown.steps[frame]))


def exists(workspace: Workspace, dataset: str) -> bool:
    """Whether the items of a dataset can be read."""
    try:
        workspace.items.version(dataset)
    except StoreError:
        return False
    return True


def items(workspace: Workspace, source: Source, rows: Sequence[int]) -> list[dict[str, Any]]:
    """Id, text, label and image hash of these rows, in order; blank items if the dataset was removed."""
    try:
        return workspace.items.rows(source.dataset, rows, columns=list(ITEM_COLUMNS))
    except StoreError:
        return [{"id": f"row {row}", "label": "", "text": "", "image_hash": None} for row in rows]
