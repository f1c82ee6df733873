"""What a person did on a point map, as the page learns it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Mode = Literal["replace", "add", "remove"]
STATES = ("camera", "frame", "hidden", "pinned")


@dataclass(frozen=True)
class Lasso:
    """A drawn polygon, in quantised units of a frame; in space in pixels of the camera `matrix`.

    The points inside are `lasso.inside(positions.values[frame], polygon)`, in space those of
    `lasso.inside(positions.projected(frame, matrix), polygon)`, and of them those that have a place.
    """

    polygon: NDArray[np.int16]  # (v, 2), v ≤ 256; even–odd rule
    frame: int
    mode: Mode
    matrix: NDArray[np.float64] | None = None  # (2, 4) in space


@dataclass(frozen=True)
class Clicked:
    """A clicked point; `add` if it was to join or leave the selection (Shift)."""

    row: int
    add: bool


@dataclass(frozen=True)
class PointMapEvent:
    """What happened since the last run of the script (None: nothing), and how the map stands."""

    lasso: Lasso | None = None
    clicked: Clicked | None = None
    cleared: bool = False
    hovered: int | None = None  # only where cards cannot come over the route
    camera: Mapping[str, float] | None = None
    frame: int | None = None
    hidden: tuple[int, ...] | None = None
    pinned: tuple[int, ...] | None = None


def read(result: Mapping[str, Any]) -> PointMapEvent:
    """The event in a component's state; values that do not have the expected form are left out."""
    lasso, clicked, hovered = result.get("lasso"), result.get("clicked"), result.get("hovered")
    camera, frame, hidden, pinned = (_stands(result, name) for name in STATES)
    return PointMapEvent(
        lasso=_lasso(lasso) if isinstance(lasso, Mapping) else None,
        clicked=Clicked(int(clicked["row"]), bool(clicked.get("add")))
        if isinstance(clicked, Mapping)
        else None,
        cleared=bool(result.get("cleared")),
        hovered=int(hovered) if isinstance(hovered, int) else None,
        camera=camera,
        frame=int(frame) if isinstance(frame, int | float) else None,
        hidden=_numbers(hidden),
        pinned=_numbers(pinned),
    )


def heard(result: Mapping[str, Any]) -> dict[str, int]:
    """The turn of the browser in which it last told each part of how the map stands; 0 for what it never told.

    The message carries them back, so that the browser knows whether Python answers to it or spoke before.
    """
    told = {name: result.get(name) for name in STATES}
    return {
        name: int(each["turn"]) if isinstance(each, Mapping) and "turn" in each else 0
        for name, each in told.items()
    }


def only(event: PointMapEvent, name: str) -> PointMapEvent:
    """The event with this one part alone."""
    return replace(PointMapEvent(), **{name: getattr(event, name)})


def _lasso(given: Mapping[str, Any]) -> Lasso:
    polygon = np.frombuffer(base64.b64decode(given["polygon"]), dtype="<i2").reshape(-1, 2)
    matrix = given.get("matrix")
    mode: Mode = given["mode"] if given.get("mode") in ("add", "remove") else "replace"
    return Lasso(
        polygon, int(given["frame"]), mode, None if matrix is None else np.asarray(matrix, dtype=np.float64)
    )


def _stands(result: Mapping[str, Any], name: str) -> Any:
    """What the browser told under a name, without the turn that it told it in."""
    told = result.get(name)
    return told["value"] if isinstance(told, Mapping) and "turn" in told else told


def _numbers(given: Any) -> tuple[int, ...] | None:
    return None if given is None else tuple(int(each) for each in given)
