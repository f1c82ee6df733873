"""Reads the scene of the page Explore, once for each state of its run or dataset, and the colours of its points."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

import streamlit as st

from qlatent.services.datasets import browsing
from qlatent.services.runs.frames import Drawing
from qlatent.services.scenes import colouring, losses, ranges, scenes
from qlatent.services.scenes.colouring import Names, Numbers
from qlatent.services.scenes.scenes import Scene
from qlatent.ui.explore import addresses
from qlatent.ui.explore.source import Looked
from qlatent.ui.latent_map.point_map import Classes, Ramp, classes, ramp
from qlatent.ui.latent_map.point_map.colouring import RampName
from qlatent.ui.layouts import columns
from qlatent.ui.layouts.kept import Frame
from qlatent.ui.shell import page

TOP = 20  # classes with colours of their own
LOSS = "loss"  # recorded when a run finishes
DATASET = "dataset"  # the colour that tells two datasets on one map apart
LABELS = {
    DATASET: ("Dataset", ""),
    "label": ("Label", ""),
    "norm": (
        "Norm ‖z‖",
        "Length of each point's vector; the scale is the same in all frames, 1st to 99th percentile.",
    ),
    "modality": ("Image or text", ""),
    "part": ("Training or held out", "Whether the head was trained on the item."),
    "change": (
        "Neighbours changed",
        "Share of a point's 10 nearest in the latents that were not among them in the first frame.",
    ),
    LOSS: (
        "Loss of each item",
        "Each item's own part of the loss that the head was trained with, under its final weights; the mean of all is "
        "the loss. A loss that compares the items of a batch takes batches in the dataset's order.",
    ),
    "lost": (
        "Distances lost",
        "How much a point's distances to others changed from the vectors to the latents, relative to their size, "
        "at the best common scale: its part of the stress.",
    ),
    "pair": (
        "Pair distance changed",
        "|d_x − d_z| of an item: how much the distance between its image and its text changed by compression.",
    ),
    colouring.COLLECTIONS: ("Collections", "The named collections that hold an item."),
    "density": (
        "Density",
        "How crowded the map is around a point: the share of points with fewer around them.",
    ),
}
OWN_RANGES = " Images and texts each have their own scale, 0 to 1."
LABELS |= columns.LABELS
RAMPS: dict[str, RampName] = {
    "change": "plasma",
    LOSS: "plasma",
    "lost": "plasma",
    "pair": "plasma",
    "density": "cividis",
}
EACH: Literal["frames"] = "frames"
OPEN: Literal["all"] = "all"
Range = tuple[float, float] | Literal["frames", "all"]
"""From–to; `EACH`: of each frame by itself; `OPEN`: the 1st to 99th percentile of all modalities in one."""
BY_FRAME = ("change", "lost", "density")


@dataclass(frozen=True)
class Named:
    """A scene with the name that caches know it by, and what can colour it.

    `map` is the same while a run records further frames.
    """

    name: str
    map: str
    scene: Scene
    colours: tuple[str, ...]
    colour: str  # that tells most at first sight
    flags: frozenset[str] = frozenset()  # colours that say yes or no


def read(looked: Looked, drawing: Drawing, *, layout: str = "") -> Named:
    """The scene as it is at present: in the plane or space of `drawing`, or as a stored layout."""
    workspace = page.workspace()
    if layout:
        return collected(_laid_out(str(workspace.path), layout))
    state = browsing.frames(workspace, looked.run.id) if looked.run else looked.state
    return collected(_read(str(workspace.path), looked.key, state, looked, drawing))


def collected(found: Named) -> Named:
    """The scene with the colour by collections if its dataset has any at present."""
    if not colouring.collections_state(page.workspace(), found.scene.source.dataset):
        return found
    return replace(found, colours=(*found.colours, colouring.COLLECTIONS))


@st.cache_resource(max_entries=6, show_spinner="Drawing the map…")
def _read(path: str, key: str, state: str, _looked: Looked, drawing: Drawing) -> Named:
    workspace = page.workspace()
    if _looked.run:
        scene = scenes.of_run(workspace, _looked.run.id, drawing)
    else:
        scene = scenes.of_vectors(workspace, _looked.dataset, _looked.encoder, drawing)
    name = f"{path}/{key}/{drawing}"
    return named(f"{name}/{state}", name, scene)


@st.cache_resource(max_entries=4, show_spinner="Drawing the layout…")
def _laid_out(path: str, layout: str) -> Named:
    scene = scenes.of_layout(page.workspace(), layout)
    name = f"{path}/layout/{layout}"
    return named(name, name, scene)


def named(name: str, map_name: str, scene: Scene) -> Named:
    """A scene with its names for caches, and what can colour it."""
    known = colouring.coloured(page.workspace(), scene)
    offered = tuple(colouring.offered(page.workspace(), scene, known=known))
    flags = frozenset(colouring.COLUMN + each for each, flag in known.items() if flag)
    telling = colouring.telling(scene, offered, named=TOP)
    return Named(name, map_name, scene, offered + columns.offered(scene), telling, flags)


def belongs(scene: Scene, looked: Looked) -> bool:
    """Whether a stored layout is of what is looked at."""
    source = scene.source
    if looked.run:
        return source.run == looked.run.id
    return not source.run and (source.dataset, source.encoder) == (looked.dataset, looked.encoder)


def title(by: str, *, flags: Collection[str] = ()) -> str:
    """What a colour is called; one of `flags` says yes or no."""
    own = LABELS[by][0] if by in LABELS else by.removeprefix(colouring.COLUMN)
    return f"{own} · yes or no" if by in flags else own


def colours(shown: Named, by: str, *, frame: int, asked: Range | None = None) -> Ramp | Classes:
    """The colours of the points; only some depend on the frame. Without a range `asked` for, numbers have their own."""
    if by == DATASET:
        return classes([shown.scene.source.dataset] * shown.scene.points, label=title(by))
    if by in columns.LABELS:
        span = asked if isinstance(asked, tuple) else None
        return columns.colours(addresses.PAGE, Frame(shown.name, shown.scene, frame), by, span=span)
    name = shown.name
    if by == colouring.COLLECTIONS:
        name += colouring.collections_state(page.workspace(), shown.scene.source.dataset)
    if by == LOSS:
        name += str(losses.recorded(page.workspace(), shown.scene.source.run))
    return _colours(name, (by, frame if by in BY_FRAME else -1), asked, shown.scene)


@st.cache_resource(max_entries=24, show_spinner="Colouring the points…")
def _colours(name: str, of: tuple[str, int], asked: Range | None, _scene: Scene) -> Ramp | Classes:
    (by, frame), workspace = of, page.workspace()
    found = colouring.values(workspace, _scene, by, frame=max(frame, 0))
    label, text = title(by), LABELS.get(by, ("", ""))[1]
    if isinstance(found, Names):
        return classes(found.values, label=label, colours=found.colours, top=TOP, help=text)
    look: RampName = RAMPS.get(by, "viridis")
    if asked is not None:
        own = _ranged(_scene, by, asked, frame=max(frame, 0))
        if own is not None:
            said = f"{label}, within each frame" if asked == EACH else label
            return ramp(own.values, label=said, span=own.span, name=look, help=text)
    if by == "norm" and len(_scene.modalities) > 1:
        label, text = f"{label}, within its range", text + OWN_RANGES
    return ramp(found.values, label=label, span=found.span, name=look, help=text)


def _ranged(scene: Scene, by: str, asked: Range, *, frame: int) -> Numbers | None:
    workspace = page.workspace()
    if asked == EACH:
        return ranges.of_each_frame(workspace, scene, by)
    span = asked if isinstance(asked, tuple) else None
    return ranges.fixed(workspace, scene, by, frame=frame, span=span)
