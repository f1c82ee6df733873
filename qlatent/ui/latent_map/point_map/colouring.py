"""The colours of points as one byte each (two for more than 256 classes): a ramp over a fixed range, or classes."""

from __future__ import annotations

import colorsys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from qlatent.errors import InputError

Codes = NDArray[np.uint8] | NDArray[np.uint16]
RampName = Literal["viridis", "cividis", "plasma", "diverging"]
NO_VALUE = 255
STEPS = 254
BYTE = 256
MOST = 65_535
NOTHING = "no value"
PLAIN = "#9a9a9a"  # no value, and classes beyond the named ones
PALETTE = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a6fd1", "#9b8b00", "#117733", "#882255",
)  # fmt: skip
"""Okabe & Ito first: told apart with every common kind of colour vision."""


@dataclass(frozen=True)
class Ramp:
    """A continuous column: codes 0–254 over [low, high], 255 for no value."""

    codes: NDArray[np.uint8]  # (n,), or (F, n) where the colours follow the frames
    low: float
    high: float
    label: str
    name: RampName = "viridis"
    help: str = ""


@dataclass(frozen=True)
class Classes:
    """A column of classes: codes are places in `names`; `missing` is the code of points without a value."""

    codes: Codes  # (n,)
    names: Sequence[str]
    label: str
    colours: Sequence[str] | None = (
        None  # "#rrggbb" for each name; None: the largest classes get the clearest
    )
    top: int | None = None  # classes beyond the so many largest are grey; None: each has a colour
    missing: int | None = None
    help: str = ""


def ramp(
    values: ArrayLike,
    *,
    label: str,
    span: tuple[float, float] | None = None,
    name: RampName = "viridis",
    help: str = "",
) -> Ramp:
    """Numbers (n,), or (F, n) for each frame, as a ramp over `span`, by default their 1st to 99th percentile.

    NaN and infinities have no value.
    """
    given = np.asarray(values, dtype=np.float64)
    known = np.isfinite(given)
    if span is None:
        low, high = np.percentile(given[known], (1, 99)) if known.any() else (0.0, 1.0)
    else:
        low, high = span
    share = (np.where(known, given, low) - low) / ((high - low) or 1.0)
    codes = np.rint(np.clip(share, 0, 1) * STEPS).astype(np.uint8)
    codes[~known] = NO_VALUE
    return Ramp(codes, float(low), float(high), label, name, help)


def classes(
    values: Iterable[object],
    *,
    label: str,
    colours: Mapping[str, str] | None = None,
    top: int | None = None,
    help: str = "",
) -> Classes:
    """Values (n,) as classes, in the order of their names; None, NaN and empty texts have no value.

    `colours` gives colours to all names or to none. Raises `InputError` for more than 65,534 classes.
    """
    series = pd.Series(list(values), dtype=object)
    series = series.mask(series.astype(str) == "")
    numbers, found = pd.factorize(series.map(str, na_action="ignore"), sort=True)
    names = [str(name) for name in found]
    if len(names) >= MOST:
        raise InputError(f"{label} has {len(names):,} different values; a map shows at most {MOST - 1:,}.")
    missing = None
    if (numbers < 0).any():
        missing = len(names)
        names.append(NOTHING)
        numbers = np.where(numbers < 0, missing, numbers)
    narrow = len(names) <= BYTE
    codes: Codes = numbers.astype(np.uint8) if narrow else numbers.astype(np.uint16)
    own = [colours.get(name, PLAIN) for name in names] if colours else None
    return Classes(codes, names, label, own, top, missing, help)


def filled(given: Classes) -> tuple[str, ...]:
    """The colour of each name as the map draws it: those given, else the clearest for the most frequent."""
    if given.colours is not None:
        return tuple(given.colours)
    found = [PLAIN] * len(given.names)
    for rank, code in enumerate(ranked(given)[: given.top]):
        found[code] = PLAIN if code == given.missing else _of_rank(rank)
    return tuple(found)


def ranked(given: Classes) -> list[int]:
    """All codes, the most frequent first and equally frequent ones in their order; `script/colours.js` ranks alike."""
    counts = np.bincount(np.ravel(given.codes), minlength=len(given.names))
    found: list[int] = np.argsort(-counts, kind="stable").tolist()
    return found


def _of_rank(rank: int) -> str:
    """The palette; beyond it hues by the golden angle, in three brightnesses."""
    if rank < len(PALETTE):
        return PALETTE[rank]
    red_green_blue = colorsys.hls_to_rgb((rank * 137.508) % 360 / 360, (0.46, 0.6, 0.36)[rank % 3], 0.62)
    return "#" + "".join(f"{int(255 * part + 0.5):02x}" for part in red_green_blue)
