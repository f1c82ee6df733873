"""The items of another dataset on the axes of a map, which stay those of the map's own items."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qlatent import lengths, spacing
from qlatent.errors import InputError
from qlatent.layout.lasso import inside
from qlatent.layout.quantised import Quantised, quantise
from qlatent.services.scenes.scenes import Rows, Scene, Source
from qlatent.services.search import neighbours
from qlatent.services.search.nearest import top_k
from qlatent.services.search.stored_vectors import InputSpace
from qlatent.services.selections.definitions import Lasso
from qlatent.services.vectors import stored
from qlatent.services.vectors.planes import sample
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

FITTED = 8_192  # own items by which the axes are read off the map
OFF = 1e-3  # of the map's size: farther from its own place, an item was not drawn by these numbers
K = 10


@dataclass(frozen=True, eq=False)
class Guests:
    """A scene with the k items of another dataset: points m · n and more are theirs, modality after modality."""

    scene: Scene
    source: Source  # of the guests
    rows: Rows  # (k,)
    places: Arrays  # modality of the scene → (k, c) float32; NaN where an item has none
    norms: Arrays  # modality → (k,) float32
    labels: tuple[str, ...]
    left_out: int  # items without a vector

    @property
    def points(self) -> int:
        """The number m · k of the guests' points."""
        return len(self.rows) * len(self.places)

    @cached_property
    def positions(self) -> Quantised:
        """All points in one range (F, m · n + m · k, c); guests have a place in the last frame alone."""
        own = np.concatenate(list(self.scene.shown.places.values()), axis=1)
        theirs = np.full((len(own), self.points, own.shape[2]), np.nan, dtype=np.float32)
        theirs[-1] = np.concatenate(list(self.places.values()))
        return quantise(np.concatenate([own, theirs], axis=1))

    def row_of(self, point: int) -> int | None:
        """The row of a guest in its own dataset; None for a point of the scene."""
        return (
            int(self.rows[(point - self.scene.points) % len(self.rows)])
            if point >= self.scene.points
            else None
        )

    def point_of(self, row: int | None) -> int | None:
        """The first point of a guest's row; None for a row that is not on the map."""
        found = np.flatnonzero(self.rows == (-1 if row is None else row))[:1]
        return self.scene.points + int(found[0]) if len(found) else None

    def inside(self, lasso: Lasso) -> Rows:
        """The guests' rows inside a lasso on this map's last frame; none for one of another map."""
        whole, on = self.positions, lasso.on
        same = np.array_equal(on.low, whole.low) and np.array_equal(on.step, whole.step)
        if not same or on.frame != len(whole.values) - 1 or on.camera is not None:
            return self.rows[:0]
        caught = inside(whole.values[-1], np.array(lasso.polygon)) & whole.placed(-1)
        return self.rows[caught[self.scene.points :].reshape(len(self.places), -1).any(axis=0)]


def guests(workspace: Workspace, scene: Scene, dataset: str) -> Guests:
    """The items of `dataset` on the axes of `scene`: vectors as they are, for a run through its kept head.

    A layout, a tour or a map of norms has no such axes, and a dataset without vectors of the scene's encoder has
    nothing to draw: both raise `InputError`. A head that did not draw the last frame does, too.
    """
    source = scene.source
    if source.layout or scene.tour or scene.shown.norm:
        raise InputError(
            "Another dataset can be drawn on fixed axes alone.",
            remedy="Leave the layout, the tour or the norm view.",
        )
    have = stored.widths(workspace, dataset, source.encoder)
    shared = [name for name in scene.modalities if name in have]
    if not shared:
        raise InputError(
            f"{dataset!r} has no vectors of {source.encoder} for the {' and '.join(scene.modalities)} points shown.",
            remedy="Encode it with the same encoder, or show another modality.",
        )
    axes, offsets = _axes(workspace, scene, shared)
    version = workspace.items.version(dataset)
    theirs = {name: _numbers(workspace, scene, dataset, name, version=version) for name in shared}
    known = np.any([np.isfinite(each).all(axis=1) for each in theirs.values()], axis=0)
    rows = np.flatnonzero(known).astype(np.int64)
    some = {name: each[rows] for name, each in theirs.items()}
    nowhere = np.full((len(rows), axes.shape[1]), np.nan, dtype=np.float32)
    places = {
        name: (some[name] @ axes + offsets[name]).astype(np.float32) if name in some else nowhere
        for name in scene.modalities
    }
    labels = (
        workspace.items.table(dataset, columns=["label"], version=version)["label"].take(rows).to_pylist()
    )
    return Guests(
        scene, Source(dataset=dataset, version=version, encoder=source.encoder), rows, places,
        {name: lengths.lengths(each) for name, each in some.items()}, tuple(each or "" for each in labels),
        len(known) - len(rows),
    )  # fmt: skip


def _numbers(
    workspace: Workspace, scene: Scene, dataset: str, modality: str, *, version: int | None
) -> NDArray[np.float32]:
    """What the scene draws of a dataset: its vectors, or their latents by the run's kept head; NaN without any."""
    source = scene.source
    space = InputSpace(dataset, source.encoder, modality)
    if source.run:
        return neighbours.latents(workspace, source.run, space)
    mapped = stored.mapped(workspace, *space, version=version)
    return sample(mapped, np.arange(len(mapped), dtype=np.int64))


def _axes(
    workspace: Workspace, scene: Scene, modalities: list[str]
) -> tuple[NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """Axes (d, c) and the offset of each modality, read off the last frame: places = numbers · axes + offset.

    The axes lie in the span of the centred numbers, so the least-norm solution is exact.
    """
    at = spacing.evenly(scene.items, FITTED)
    numbers, places = {}, {}
    for name in modalities:
        own = _numbers(workspace, scene, scene.source.dataset, name, version=scene.source.version)
        found, drawn = (
            own[scene.rows[at]].astype(np.float64),
            scene.shown.places[name][-1][at].astype(np.float64),
        )
        there = np.isfinite(found).all(axis=1) & np.isfinite(drawn).all(axis=1)
        numbers[name], places[name] = found[there], drawn[there]
    means = {name: (numbers[name].mean(axis=0), places[name].mean(axis=0)) for name in modalities}
    left = np.concatenate([numbers[name] - means[name][0] for name in modalities])
    right = np.concatenate([places[name] - means[name][1] for name in modalities])
    axes = np.linalg.lstsq(left, right, rcond=1e-6)[0]
    if np.abs(left @ axes - right).max() > OFF * max(float(np.ptp(right)), 1e-12):
        raise InputError(
            "The kept head of this run did not draw its last frame, so others cannot be placed on it.",
            remedy="Wait for the end of the training, or look at the vectors.",
        )
    return axes, {name: means[name][1] - means[name][0] @ axes for name in modalities}


def nearest(workspace: Workspace, found: Guests, row: int, *, modality: str) -> list[tuple[int, float]]:
    """Rows and cosines of the scene's dataset that are nearest to a guest in the vectors, before any head."""
    own, theirs = found.scene.source, found.source
    query = np.asarray(
        stored.mapped(workspace, theirs.dataset, theirs.encoder, modality, version=theirs.version)[row]
    )
    vectors = stored.mapped(workspace, own.dataset, own.encoder, modality, version=own.version)
    rows, scores = top_k(vectors, query[None], k=min(K, len(vectors)))
    return [(int(each), float(score)) for each, score in zip(rows[0], scores[0], strict=True) if each >= 0]
