"""What a point map shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.ui.latent_map.point_map.colouring import Classes, Ramp


class Positions(Protocol):
    """Places as `qlatent.layout.quantised.Quantised` holds them; `digest` is the hash of their content."""

    @property
    def values(self) -> NDArray[np.int16]: ...  # (F, n, c), c = 2 or 3

    @property
    def low(self) -> NDArray[np.float64]: ...  # (c,)

    @property
    def step(self) -> NDArray[np.float64]: ...  # (c,)

    @property
    def digest(self) -> str: ...


@dataclass(frozen=True)
class Card:
    """What is shown beside a point under the pointer; `image` is an encoded thumbnail (WebP, JPEG or PNG)."""

    text: str = ""
    label: str = ""
    norm: float | None = None
    image: bytes | None = None


@dataclass(frozen=True)
class Cards:
    """Cards by row, asked for when a point is looked at; `name` tells one source from another."""

    name: str
    card: Callable[[int], Card]  # called in a thread of the server, so without Streamlit
    pictures: bool = False  # whether points are drawn as their thumbnails where few are in view


@dataclass(frozen=True)
class Contour:
    """Lines over the points, of equal density, norm or another quantity, with the label that they carry.

    Corners are in the units of `positions.values`, and may lie beyond them; a closed line ends where it begins.
    """

    lines: Sequence[NDArray[np.floating]]  # each (v, c), c as in `positions`
    label: str = ""
    colour: str | None = None  # "#rrggbb"; None: as the text
    frame: int | None = None  # drawn in this frame alone; None: in all


State = Literal["camera", "frame", "hidden", "pinned"]


@dataclass(frozen=True)
class PointMap:
    """Points, their colours and what is marked; rows are numbered as in `positions`."""

    positions: Positions
    colours: Ramp | Classes | None = None
    sizes: NDArray[np.uint8] | None = None  # (n,): from 0.4 to 3.4 times the usual size
    selection: NDArray[np.bool_] | None = None  # (n,); None: nothing is selected
    pairs: NDArray[np.int32] | None = None  # (m, 2): rows that are joined where one is selected
    cards: Cards | None = None
    contours: Sequence[Contour] = ()
    camera: Mapping[str, float] | None = None  # as an event told it; empty: all is in view; None: unsaid
    frame: int | None = None  # None: the last
    whole: bool = False  # at first, and after "all in view", the points of all frames are in view
    labels: Sequence[str] = ()  # of the frames
    hidden: Sequence[int] | None = None  # codes of classes that are switched off
    pinned: Sequence[int] = ()  # rows whose way through the frames is drawn
    opened: int | None = None  # the row of the open item
    link: str = ""  # maps of one page with the same name share hover, selection, camera and frame
    axes: str = ""  # of linked maps, those with the same name of their axes share the camera
    legend: bool = True  # False: another map with this link shows the same
    title: str = "Map of points"
    reports: tuple[State, ...] = ("frame",)  # what is told to Python at rest; each change reruns the script
    size: float = 1.0
    opacity: float = 1.0
    renderer: Literal["auto", "webgl", "processor"] = "auto"
    autoplay: bool = (
        False  # plays once by itself, and later the frames that arrive; not where less motion is wanted
    )

    def __post_init__(self) -> None:
        n = self.positions.values.shape[1]
        codes = None if self.colours is None else self.colours.codes
        if isinstance(self.colours, Ramp) and codes is not None and codes.shape == (self.frames, n):
            codes = codes[-1]
        for name, given in (("colours", codes), ("sizes", self.sizes), ("selection", self.selection)):
            if given is not None and given.shape != (n,):
                raise InputError(f"{name} has the shape {given.shape}, but the map has {n:,} points.")
        if self.pairs is not None and self.pairs.size and not 0 <= self.pairs.min() <= self.pairs.max() < n:
            raise InputError(f"pairs name rows outside 0–{n - 1:,}.")
        axes = self.positions.values.shape[2]
        for shape in (np.shape(line) for each in self.contours for line in each.lines):
            if len(shape) != 2 or shape[1] != axes:
                raise InputError(f"A contour's line has the shape {shape}; expected (corners, {axes}).")

    @property
    def frames(self) -> int:
        return int(self.positions.values.shape[0])

    @property
    def points(self) -> int:
        return int(self.positions.values.shape[1])
