"""A step of what a page shows, with all that the lesson needs for it. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from pydantic import ValidationError

from qlatent.errors import InputError
from qlatent.services.circuits import circuits, picked_item
from qlatent.services.circuits.circuits import CircuitView
from qlatent.services.datasets import browsing
from qlatent.services.experiments.grid import Experiment
from qlatent.services.lessons.drafts.naming import Naming, Source
from qlatent.services.lessons.manifest import Manifest
from qlatent.services.lessons.stage import angle_names
from qlatent.services.runs import listing
from qlatent.store.workspace import Workspace
from qlatent.teaching.figures import CircuitFigure, Figure, LinkedFigure, MapFigure, TableFigure

VIEWS = ("image", "text", "both", "laid")
COLOURS = ("norm", "label")
Colour = Literal["norm", "label"]
CircuitKind = Literal["circuit", "bloch"]
DIGITS = 6  # of an angle in radians


@dataclass(frozen=True)
class Shown:
    """What a map is of: a run, or the vectors of a dataset by an encoder (its key)."""

    run: str = ""
    dataset: str = ""
    encoder: str = ""


@dataclass(frozen=True)
class State:
    """How a map stands: its frame (−1: the last), its view and colour as on the page, and the id of the open item."""

    frame: int = -1
    view: str = ""
    colour: str = "norm"
    item: str = ""


@dataclass(frozen=True)
class Draft:
    """A step: its figure, the entries that a `trainings.toml` needs for it, and what of the page it does not show."""

    figure: Figure
    title: str
    needs: tuple[str, ...]
    manifest: Manifest
    sources: dict[str, Source]
    remarks: tuple[str, ...] = ()


def of_map(
    workspace: Workspace, shown: Shown, state: State, *, beside: Sequence[Shown] = (),
    remarks: Iterable[str] = (),
) -> Draft:  # fmt: skip
    """The map of a run, or of vectors, as it stands on Explore; with others `beside` it, two linked maps."""
    naming = Naming(workspace, remarks=list(remarks))
    if beside:
        if state.frame >= 0:
            naming.remarks.append("Two maps side by side show the last frame of each run.")
        return _two_maps(naming, [shown, *beside], state)
    name = _named(naming, shown)
    figure = MapFigure(
        name, frame=state.frame, view=cast(Literal["image"], state.view if state.view in VIEWS else ""),
        colour=_colour(naming, state.colour), item=state.item,
    )  # fmt: skip
    return _draft(naming, figure, "The map")


def of_two_maps(
    workspace: Workspace, runs: Sequence[str], state: State, *, remarks: Iterable[str] = ()
) -> Draft:
    """Two linked maps, as on Compare; of more than two runs the first two."""
    if len(runs) < 2:
        raise InputError("A step shows two maps side by side.", remedy="Choose a second space.")
    return _two_maps(Naming(workspace, remarks=list(remarks)), [Shown(each) for each in runs], state)


def _two_maps(naming: Naming, shown: Sequence[Shown], state: State) -> Draft:
    if len(shown) > 2:
        naming.remarks.append("A step shows two maps side by side: the first two.")
    names = (_named(naming, shown[0]), _named(naming, shown[1]))
    figure = LinkedFigure(names, colour=_colour(naming, state.colour), item=state.item)
    return _draft(naming, figure, "Two maps of the same items")


def _named(naming: Naming, shown: Shown) -> str:
    return naming.run(shown.run) if shown.run else naming.vectors(shown.dataset, shown.encoder)


def of_table(
    workspace: Workspace, experiment: Experiment, metrics: Sequence[str], *, dim: int | None = None,
    remarks: Iterable[str] = (),
) -> Draft:  # fmt: skip
    """An experiment as heads × metrics at one dimension, by default the first, as on Compare."""
    naming = Naming(workspace, remarks=list(remarks))
    if not metrics:
        raise InputError("A table needs a metric.", remedy="Choose one on the tab Table.")
    name = naming.experiment(experiment, experiment.dims[0] if dim is None else dim)
    return _draft(naming, TableFigure(name, tuple(metrics), seeds=experiment.seeds), "The heads compared")


def of_circuit(
    workspace: Workspace, view: CircuitView, *, kind: CircuitKind, gate: int = -1,
    layout: tuple[str, int, int] | None = None, row: int | None = None, remarks: Iterable[str] = (),
) -> Draft:  # fmt: skip
    """A circuit with its angles: of a `layout` (name, qubits, layers), or of a head for the item in a dataset row.

    Angles are written where they differ from those with which a lesson would begin.
    """
    naming = Naming(workspace, remarks=list(remarks))
    try:
        figure = _circuit(naming, view, kind, gate, layout, row)
    except ValidationError as err:
        raise InputError(
            "A step shows circuits of at most 8 qubits and 10 layers, with angles of at most one turn (6.3).",
            remedy="Choose a smaller circuit, or smaller angles.",
        ) from err
    return _draft(naming, figure, "The circuit" if kind == "circuit" else "The qubits as arrows")


def _circuit(
    naming: Naming, view: CircuitView, kind: CircuitKind, gate: int,
    layout: tuple[str, int, int] | None, row: int | None,
) -> CircuitFigure:  # fmt: skip
    workspace = naming.workspace
    if layout:
        name, qubits, layers = layout
        before = np.zeros(view.circuit.inputs + view.circuit.weights)
        angles = _changed(view, before)
        return CircuitFigure(kind, layout=name, qubits=qubits, layers=layers, gate=gate, angles=angles)
    if view.head is None or not view.head.run_id:
        raise InputError("The run of this head is not in this workspace.", remedy="Choose another head.")
    begin = circuits.of_head(workspace, view.head.id, modality=view.modality)
    item = ""
    if row is not None:
        begin = picked_item.with_item(workspace, begin, row)
        run = listing.summary(workspace, view.head.run_id)
        item = str(browsing.one(workspace, run.dataset or "", row)["id"])
    angles = _changed(view, np.concatenate([begin.inputs, begin.weights]))
    return CircuitFigure(
        kind, run=naming.run(view.head.run_id), modality=cast(Literal["image"], view.modality), item=item,
        gate=gate, angles=angles,
    )  # fmt: skip


def _changed(view: CircuitView, before: np.ndarray) -> dict[str, float]:
    now = np.concatenate([view.inputs, view.weights])
    there, here = np.round(before, DIGITS), np.round(now, DIGITS)
    moved = np.flatnonzero(here != there)
    return {angle_names(view)[place]: float(here[place]) for place in moved}


def _colour(naming: Naming, colour: str) -> Colour:
    if colour in COLOURS:
        return cast(Colour, colour)
    naming.remarks.append("The map of a step is coloured by norm or by label; it begins with the norm.")
    return "norm"


def _draft(naming: Naming, figure: Figure, title: str) -> Draft:
    experiment = (figure.experiment,) if isinstance(figure, TableFigure) else ()
    needs = tuple(dict.fromkeys((*figure.runs, *experiment)))
    return Draft(figure, title, needs, naming.manifest, naming.sources, tuple(naming.remarks))
