"""Augmented views in a lesson: as pictures, and how alike they are before and after a head. Torch-free with vectors."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qlatent import lengths
from qlatent.errors import InputError
from qlatent.metrics.geometry import hilbert_schmidt
from qlatent.metrics.geometry.hilbert_schmidt import HilbertSchmidt
from qlatent.services.lessons import material
from qlatent.services.lessons.manifest import manifest
from qlatent.services.lessons.stage import Stage
from qlatent.services.runs.specs import training_spec
from qlatent.services.vectors import augmented, watched
from qlatent.services.vectors.watched import Watched
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import ViewsFigure

if TYPE_CHECKING:
    from qlatent.heads.base import AbstractHead

VIEWS, OTHERS = 2, 3  # views of a picture, and pictures beside it
Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """A view of an item: bytes (size, size, 3), and how alike it is to the first view of the figure's item.

    `share` is its part of the softmax of NT-Xent; None where states are compared.
    """

    item: str
    label: str
    number: int
    pixels: NDArray[np.uint8]
    similarity: float
    share: float | None


@dataclass(frozen=True, eq=False)
class ViewsShown:
    """A picture (WebP), its first view, and the others: the second of the same picture, then two of each other one.

    `loss` is the NT-Xent of the first view among these, `partner_first` the share of all views of the data set whose
    partner is the most alike of all. `apart` and `kinds` are the Hilbert–Schmidt distance over all pictures and those
    between kinds. What is not of what is compared is None.
    """

    item: str
    label: str
    picture: bytes | None
    first: NDArray[np.uint8]
    others: tuple[View, ...]
    loss: float | None
    partner_first: float
    apart: HilbertSchmidt | None
    kinds: Kinds | None
    items: tuple[str, ...]  # those whose views can be shown
    count: int  # pictures of the data set


@dataclass(frozen=True, eq=False)
class Kinds:
    """The Hilbert–Schmidt distances (c, c) between the mean states of the pictures of each kind."""

    names: tuple[str, ...]
    distances: Array


def shown(stage: Stage, figure: ViewsFigure) -> ViewsShown:
    """The data of the figure; an item whose views are not kept raises `InputError`."""
    seen, known = _watched(stage, figure), _items(stage, figure)
    named = {image: (name, label) for name, image, label in known}
    items = tuple(named[image][0] for image in seen.hashes)
    if figure.item not in items:
        raise InputError(f"No views of {figure.item!r} are kept.", remedy=f"Those of {', '.join(items)} are.")
    place = items.index(figure.item)
    beside = [(place + step * len(items) // (OTHERS + 1)) % len(items) for step in range(1, OTHERS + 1)]
    order = {image: number for number, (_, image, _) in enumerate(known)}
    drawn = [(at, number) for at in (place, *beside) for number in range(VIEWS)]
    rows = [VIEWS * order[seen.hashes[at]] + number for at, number in drawn]
    every = similarities(stage, figure)
    alike = every[rows[0], rows[1:]]
    shares = None if figure.by == "state" else softmax(alike, figure.temperature)
    others = tuple(
        View(
            *named[seen.hashes[at]], number + 1, seen.pictures[at, number], float(alike[nth]),
            None if shares is None else float(shares[nth]),
        )
        for nth, (at, number) in enumerate(drawn[1:])
    )  # fmt: skip
    image = seen.hashes[place]
    return ViewsShown(
        *named[image], stage.workspace.items.thumbnails([image]).get(image), seen.pictures[place, 0], others,
        None if shares is None else float(-np.log(shares[0])), partner_first(every),
        apart(stage, figure.run) if figure.by == "state" else None,
        kinds(stage, figure) if figure.by == "state" else None, items, len(known),
    )  # fmt: skip


def name(view: View, item: str) -> str:
    """What a view is called beside the first view of an item."""
    return "Its second view" if view.item == item else f"{view.item}, view {view.number}"


def webp(pixels: NDArray[np.uint8]) -> bytes:
    """A view as a WebP file, without loss."""
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "WEBP", lossless=True)
    return content.getvalue()


def similarities(stage: Stage, figure: ViewsFigure) -> Array:
    """How alike all views of the data set are as the figure compares them: (2n, 2n), two rows for each item."""
    spaces = compared(stage, figure.run if figure.by != "vector" else figure.runs[0], figure.by)
    found: Array = np.square(np.abs(spaces.conj() @ spaces.T)) if figure.by == "state" else spaces @ spaces.T
    return found


def partner_first(similarity: Array) -> float:
    """The share of views whose partner, the row beside, is the most alike of all: (2n, 2n) similarities."""
    others = np.where(np.eye(len(similarity), dtype=np.bool_), -np.inf, similarity)
    return float((others.argmax(axis=1) == np.arange(len(similarity)) ^ 1).mean())


def softmax(similarity: Array, temperature: float) -> Array:
    """The share of each view in NT-Xent: exp(s/τ) / Σ exp(s/τ)."""
    powers = np.exp((similarity - similarity.max()) / temperature)
    found: Array = powers / powers.sum()
    return found


def apart(stage: Stage, run: str) -> HilbertSchmidt:
    """The mean Hilbert–Schmidt distance of an item's two views and all others, in the states of a run's circuit."""
    states = compared(stage, run, "state")
    return hilbert_schmidt.distances(states[::VIEWS], states[1::VIEWS])


def kinds(stage: Stage, figure: ViewsFigure) -> Kinds:
    """The distances between the mean states of the views of each kind, in the circuit of the figure's run."""
    labels = np.repeat([label for _, _, label in _items(stage, figure)], VIEWS)
    names, classes = np.unique(labels, return_inverse=True)
    states = compared(stage, figure.run, "state")
    return Kinds(tuple(str(name) for name in names), hilbert_schmidt.between_classes(states, classes))


def compared(stage: Stage, run: str, by: str) -> NDArray[Any]:
    """What is compared of all views of a run's data set: unit vectors (2n, k), or states (2n, 2^W)."""
    return _compared(stage.workspace, stage.run(run), by)


@lru_cache(maxsize=16)
def _compared(workspace: Workspace, run_id: str, by: str) -> NDArray[Any]:
    folder = workspace.run(run_id)
    spec = training_spec(folder)
    images = workspace.items.table(spec.dataset, columns=["image_hash"], version=spec.dataset_version)
    read = augmented.read(workspace, spec.encoder, images["image_hash"].to_pylist(), VIEWS)
    vectors = read.reshape(-1, read.shape[-1])
    if by == "vector":
        return lengths.unit(vectors.astype(float))
    from qlatent.heads import arrays  # torch comes with the first head

    made = arrays.circuit_states if by == "state" else arrays.projections
    found = made(_head(folder.model_path), {"image": vectors})["image"]
    return found if by == "state" else lengths.unit(found.astype(float))


@lru_cache(maxsize=4)
def _head(folder: Path) -> AbstractHead:
    from qlatent.heads import saving

    return saving.load(folder)


def _items(stage: Stage, figure: ViewsFigure) -> list[tuple[str, str, str]]:
    """Id, image and label of all items of the figure's data set, in the order of `similarities`."""
    spec = training_spec(stage.workspace.run(stage.run(figure.runs[0])))
    table = stage.workspace.items.table(
        spec.dataset, columns=["id", "image_hash", "label"], version=spec.dataset_version
    )
    return [(row["id"], row["image_hash"], row["label"] or "") for row in table.to_pylist()]


def _watched(stage: Stage, figure: ViewsFigure) -> Watched:
    run = material.encoding(stage.workspace, manifest().runs[figure.runs[0]].data)
    if run is None:
        raise InputError("The views of these pictures are not there.", remedy=material.REMEDY)
    return watched.read(stage.workspace, stage.workspace.run(run.id))
