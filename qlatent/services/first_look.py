"""The demo's two trainings side by side: frames in step, the outlines of kinds, and how far kinds are told apart.

Both train one head on the same items from the same seed; only the loss differs. Home shows them first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from qlatent.errors import QlatentError
from qlatent.layout.contours import contours
from qlatent.layout.quantised import NOWHERE, Quantised
from qlatent.metrics.geometry.honesty import honesty
from qlatent.services import demo
from qlatent.services.runs import map_views
from qlatent.services.runs.frames import Drawing
from qlatent.services.runs.listing import RunSummary
from qlatent.services.scenes import scenes
from qlatent.services.scenes.scenes import Scene
from qlatent.services.selections import columns
from qlatent.store.workspace import Workspace
from qlatent.types import Arrays

NEAREST = 10
NAMED = 8  # kinds that are outlined, the most frequent
HALF = 0.5  # of a kind's points lie inside its outline
COLUMN = "kind"

Line = NDArray[np.float32]  # (v, 2), closed


@dataclass(frozen=True)
class Told:
    """How often the kind of a held-out point is told right on the map, and what guessing would reach: 0 to 1.

    Ten neighbours among the training items vote; `across` asks the texts for the kind of an image. `spearman` is the
    rank correlation of all distances between held-out points before and after. NaN where there is nothing to judge.
    """

    nearest: float
    across: float
    chance: float
    spearman: float


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two maps, with the kind of each of its n items ("" where unknown)."""

    run: RunSummary
    scene: Scene
    kinds: tuple[str, ...]
    inputs: Arrays  # the vectors before the head: modality → (n, d); empty if the run did not keep them

    @property
    def frames(self) -> int:
        """The number of frames recorded so far."""
        return self.scene.frames


def pair(trained: Sequence[RunSummary]) -> tuple[RunSummary, RunSummary] | None:
    """The newest run of each of the demo's trainings, CLIP-ACQUA's own loss first; None unless both can be watched.

    `trained` are runs as listed, newest first. One that waits or has just begun counts, for it will be there soon.
    """
    found = []
    for request in demo.TRAININGS:
        named = (each for each in trained if (each.name, each.dataset) == (request.name, demo.DATASET))
        run = next((each for each in named if each.active or each.status.step), None)
        if run is None:
            return None
        found.append(run)
    return (found[0], found[1]) if any(each.status.step for each in found) else None


def side(workspace: Workspace, run: RunSummary) -> Side | None:
    """The map of images and texts of a run as far as it is recorded; None before its first frame."""
    if not workspace.run(run.id).snapshot_steps():
        return None
    scene = scenes.of_run(workspace, run.id, Drawing(view=map_views.BOTH))
    return Side(run, scene, _kinds(workspace, scene), scenes.inputs(workspace, scene))


def _kinds(workspace: Workspace, scene: Scene) -> tuple[str, ...]:
    """The kind of each item; none if the demo's listings are gone or were drawn before kinds were stored."""
    try:
        known = columns.values_of(workspace, scene.source.dataset, COLUMN)
    except QlatentError:
        return ("",) * scene.items
    return tuple(str(each or "") for each in known.take(scene.rows))


def first_frames(places: Quantised, count: int) -> Quantised:
    """The first `count` frames of places."""
    return Quantised(places.values[:count], places.low, places.step)


def frequent(kinds: Sequence[str]) -> list[str]:
    """The most frequent kinds, equally frequent ones in the order of their names."""
    names, counts = np.unique([each for each in kinds if each], return_counts=True)
    return [str(name) for name in names[np.argsort(-counts, kind="stable")][:NAMED]]


def outlines(found: Side, frame: int) -> dict[str, list[Line]]:
    """The lines, in coordinates of the map, around the densest half of each frequent kind's images and texts."""
    kinds = np.tile(found.kinds, len(found.scene.modalities))
    places = found.scene.positions.coordinates(frame)
    known = np.isfinite(places).all(axis=1)
    return {
        kind: [
            _thinned(line)
            for each in contours(places[known & (kinds == kind)], shares=(HALF,))
            for line in each.lines
        ]
        for kind in frequent(found.kinds)
    }


def _thinned(line: Line) -> Line:
    """Every second corner of a closed line, which is enough for a small map."""
    return np.concatenate([line[:-1:2], line[:1]])


def in_units(found: Side, line: Line) -> Line:
    """A line in the quantised units of the map's points."""
    places = found.scene.positions
    units: Line = ((line - places.low) / places.step + NOWHERE).astype(np.float32)
    return units


def told(found: Side, frame: int) -> Told:
    """What a frame tells about kinds, and how far it kept the distances."""
    shown, kinds = found.scene.shown, np.array(found.kinds, dtype=object)
    known = (kinds != "").astype(bool)
    train, judged = known & ~shown.heldout, known & shown.heldout
    places = {name: each[frame] for name, each in shown.places.items()}
    both = {
        name: np.concatenate([each[rows] for each in places.values()])
        for name, rows in (("train", train), ("judged", judged))
    }
    times = len(places)
    return Told(
        _share_right(both["train"], np.tile(kinds[train], times), both["judged"], np.tile(kinds[judged], times)),
        _share_right(places["text"][train], kinds[train], places["image"][judged], kinds[judged]),
        _commonest(kinds[train], kinds[judged]),
        _spearman(found, places),
    )  # fmt: skip


def _spearman(found: Side, places: Arrays) -> float:
    heldout = found.scene.shown.heldout
    if not found.inputs or not heldout.any():
        return float("nan")
    inputs, after = (
        {name: each[heldout] for name, each in arrays.items()} for arrays in (found.inputs, places)
    )
    return honesty(inputs, after).get("spearman", float("nan"))


def _share_right(
    points: NDArray[np.floating], kinds: NDArray[np.object_], asked: NDArray[np.floating], truth: NDArray[np.object_]
) -> float:  # fmt: skip
    """How often a vote of the nearest `points` names the true kind of those `asked`; a tie goes to the nearest."""
    placed, can = np.isfinite(points).all(axis=1), np.isfinite(asked).all(axis=1)
    if placed.sum() < NEAREST or not can.any():
        return float("nan")
    names, codes = np.unique(kinds[placed].astype(str), return_inverse=True)
    near = codes[cKDTree(points[placed]).query(asked[can], NEAREST)[1]]  # (m, 10), nearest first
    votes = (near[:, :, None] == near[:, None, :]).sum(axis=2)
    chosen = near[np.arange(len(near)), votes.argmax(axis=1)]
    return float((names[chosen] == truth[can].astype(str)).mean())


def _commonest(train: NDArray[np.object_], judged: NDArray[np.object_]) -> float:
    """How often the commonest training kind is right."""
    if not len(train) or not len(judged):
        return float("nan")
    names, counts = np.unique(train.astype(str), return_counts=True)
    return float((judged.astype(str) == names[counts.argmax()]).mean())


def in_step(sides: Sequence[Side | None]) -> int:
    """How many frames all that have begun can show together."""
    return min((each.frames for each in sides if each is not None), default=0)
