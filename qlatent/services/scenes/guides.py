"""Lines over a map by which it is read: where the norm has round values, and where points are dense."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.layout import norm_view
from qlatent.layout.contours import contours
from qlatent.layout.quantised import HIGHEST, LOWEST, NOWHERE
from qlatent.services.scenes.scenes import Scene

Line = NDArray[np.float32]  # (v, 2): quantised units of the map, as its points
PLANE = 2
ROUND = 256  # corners of a ring or line


@dataclass(frozen=True, eq=False)
class Guide:
    """Lines with what they stand for: the `norm` of a ring or line, or the `share` of points inside a contour."""

    lines: tuple[Line, ...]
    label: str
    value: float
    modality: str = ""  # whose points a contour surrounds


def flat(scene: Scene) -> bool:
    """Whether there can be lines: a map in space has none."""
    return scene.shown.dimensions == PLANE


def norms(scene: Scene) -> list[float]:
    """The round norms at which a map that shows the norm has a ring or a line; none on another map or in space."""
    found = scene.shown
    if not found.norm or not flat(scene):
        return []
    return norm_view.lines({name: found.norms[name] for name in scene.modalities})


def of_norm(scene: Scene) -> list[Guide]:
    """Rings, or lines across the map, at round norms."""
    return [Guide(_norm(scene, value), f"‖z‖ {value:g}", value) for value in norms(scene)]


def of_density(scene: Scene, frame: int) -> list[Guide]:
    """Contours around the densest 25, 50, 75 and 95 % of the points of each modality; none in space."""
    if not flat(scene):
        return []
    places = scene.positions.coordinates(frame)
    found = []
    for number, name in enumerate(scene.modalities):
        own = places[number * scene.items : (number + 1) * scene.items]
        for each in contours(own[np.isfinite(own).all(axis=1)]):
            lines = tuple(_units(scene, line) for line in each.lines)
            found.append(Guide(lines, f"{each.share:.0%}", each.share, name))
    return found


def _norm(scene: Scene, value: float) -> tuple[Line, ...]:
    """A ring around the origin, or a line across the map."""
    if scene.shown.norm == "axis":
        across = np.linspace(
            LOWEST, HIGHEST, ROUND + 1, dtype=np.float32
        )  # a label stands at a corner in view
        (height,) = _units(scene, np.array([[0.0, value * scene.shown.stretch]]))[:, 1]
        return (np.column_stack([across, np.full(len(across), height)]).astype(np.float32),)
    turn = np.linspace(0.0, 2.0 * np.pi, ROUND + 1)
    return (_units(scene, value * np.column_stack([np.cos(turn), np.sin(turn)])),)


def _units(scene: Scene, line: NDArray[np.floating]) -> Line:
    """Map coordinates (v, 2) in quantised units."""
    units: Line = ((line - scene.positions.low) / scene.positions.step + NOWHERE).astype(np.float32)
    return units
