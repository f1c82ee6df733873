"""Maps on which the length of each latent can be read off: as distance from the middle, or along an axis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from qlatent import spacing
from qlatent.errors import InputError
from qlatent.types import Arrays

NormView = Literal["", "radius", "axis"]
"""How the norm is drawn; "": it is not, and a map shows the plane as it is."""
TAILS = (0.01, 0.99)
SAMPLED = 4000  # points from which the spreads are taken
SHARE = 0.6  # of the spread along the first axis that the norms take up along theirs
EVEN = 1e-4  # norms whose spread is a smaller share of them are all equal, but for rounding
LINES = 5  # at most so many rings or lines

Floats = NDArray[np.floating]
Given = Mapping[str, Floats]


def norm_view(places: Given, norms: Given, view: NormView) -> tuple[Arrays, float]:
    """Places (F, n, c) by modality on which the `norms` (F, n) are exact, and how long a norm of 1 is on the map.

    "radius": each point lies ‖z‖ from the origin, in the direction in which it lies on the map of `places`; one in the
    middle of that map lies on the first axis. "axis": the last coordinate is ‖z‖, stretched to about the width of the
    map, and the others stay. NaN stays NaN. An unknown view raises `InputError`.
    """
    if view not in get_args(NormView):
        raise InputError(f"There is no norm view called {view!r}.", remedy="Use 'radius' or 'axis'.")
    if not view:
        return dict(places), 1.0
    if view == "radius":
        return {name: _at_radius(each, norms[name]) for name, each in places.items()}, 1.0
    stretch = _stretch(places, norms)
    return {name: _along_axis(each, norms[name] * stretch) for name, each in places.items()}, stretch


def lines(norms: Given) -> list[float]:
    """At most five round norms at which to draw a ring or a line: multiples of 1, 2 or 5 times a power of ten."""
    known = np.concatenate([each[np.isfinite(each)] for each in norms.values()] or [np.zeros(0)])
    if not len(known):
        return []
    low, high = np.quantile(known[spacing.evenly(len(known), SAMPLED)], TAILS)
    if high - low <= EVEN * high:
        return [float(high)] if high > 0 else []
    apart = (high - low) / LINES
    power = 10.0 ** np.floor(np.log10(apart))
    step = next(each * power for each in (1, 2, 5, 10) if each * power >= apart)
    first = np.ceil(low / step)
    found = step * np.arange(first, np.floor(high / step) + 1)
    return [float(f"{each:.6g}") for each in found if each > 0]


def _at_radius(places: Floats, norms: Floats) -> Any:
    away = np.linalg.norm(places.astype(np.float64), axis=-1)  # (F, n)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = places * (norms / away)[..., None]
    middle = away == 0
    found[middle] = 0.0
    found[middle, 0] = norms[middle]
    return found.astype(np.float32)


def _along_axis(places: Floats, norms: Floats) -> Any:
    found = places.astype(np.float32)
    found[..., -1] = np.where(np.isnan(places[..., 0]), np.nan, norms)
    return found


def _stretch(places: Given, norms: Given) -> float:
    """How long a norm of 1 is along its axis; 1 if all norms are equal, since only rounding would be enlarged."""
    across = _spread([each[..., 0] for each in places.values()])[0]
    along, usual = _spread([norms[name] for name in places])
    if along <= EVEN * usual or across <= 0:
        return 1.0
    return float(f"{SHARE * across / along:.6g}")


def _spread(values: list[Floats]) -> tuple[float, float]:
    """The distance between the tails of the finite values, and the largest of them."""
    pooled = np.concatenate([each[np.isfinite(each)] for each in values])
    if not len(pooled):
        return 0.0, 0.0
    low, high = np.quantile(pooled[spacing.evenly(len(pooled), SAMPLED)].astype(np.float64), TAILS)
    return float(high - low), float(abs(high))
