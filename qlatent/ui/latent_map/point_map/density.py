"""Points as a picture of their density, drawn by the server for browsers that cannot draw so many."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError

NOWHERE = np.iinfo(np.int16).min  # of a point without a place, as in the browser
LARGEST = 4096  # pixels along a side
FAINTEST = 0.35  # how much of its colour a single point has
HIGHEST = 0.995  # of all pixels with points: from here on the colour is full
BEHIND = 0.35  # of the opacity, for points that are not selected

Picture = NDArray[np.float32]  # (height, width, 3): red, green, blue, 0–255
Table = NDArray[np.uint32]  # (codes,): red in the lowest byte, then green, blue, alpha; 0: not drawn


@dataclass(frozen=True)
class Window:
    """What part of a frame is drawn: pixel = `matrix[:, :c] @ place + matrix[:, c]`, downwards."""

    width: int
    height: int
    matrix: NDArray[np.float32]  # (2, c + 1)
    side: int  # of a point, in pixels
    ground: NDArray[np.float32]  # (3,) 0–255


@dataclass(frozen=True)
class Asked:
    """A picture that a browser asked for: the table of colours, and with a selection those of the others."""

    window: Window
    frame: int
    codes: str | None  # the tag of the colours
    table: Table
    faded: Table
    selected: NDArray[np.bool_] | None  # (n,)


def asked(body: bytes, *, points: int) -> Asked:
    """What the bytes ask for: the length of the description, the description as JSON, two tables, a bit a point.

    Raises `InputError` for bytes that say something else.
    """
    try:
        (length,) = struct.unpack_from("<I", body)
        given: dict[str, Any] = json.loads(body[4 : 4 + length])
        count, at = int(given["colours"]), 4 + length
        tables = np.frombuffer(body, "<u4", 2 * count, at)
        bits = np.frombuffer(body, np.uint8, -1, at + 8 * count) if given["selected"] else None
        window = Window(
            int(given["width"]), int(given["height"]), np.array(given["matrix"], dtype=np.float32),
            int(given["side"]), np.array(given["ground"], dtype=np.float32),
        )  # fmt: skip
        chosen = None if bits is None else np.unpackbits(bits)[: max(points, 8 * len(bits) - 7)].astype(bool)
        found = Asked(window, int(given["frame"]), given["codes"], tables[:count], tables[count:], chosen)
    except (ValueError, KeyError, TypeError, struct.error) as err:
        raise InputError(f"This is no question for a picture: {err}.") from err
    _checked(found, points)
    return found


def _checked(found: Asked, points: int) -> None:
    window = found.window
    if not (1 <= window.width <= LARGEST and 1 <= window.height <= LARGEST and 1 <= window.side <= 64):
        raise InputError(
            f"A picture of {window.width} × {window.height} pixels was asked for; at most {LARGEST} a side."
        )
    if window.matrix.ndim != 2 or window.ground.shape != (3,) or not np.isfinite(window.matrix).all():
        raise InputError("The camera of the picture is not one.")
    if not len(found.table) or (found.selected is not None and len(found.selected) != points):
        raise InputError("The colours or the selection do not fit the points.")


def png(picture: Picture) -> bytes:
    """A picture as PNG."""
    from PIL import Image

    written = io.BytesIO()
    Image.fromarray(np.rint(picture).astype(np.uint8)).save(written, "PNG", compress_level=1)
    return written.getvalue()


def drawn(places: NDArray[np.int16], codes: NDArray[np.generic] | None, asked: Asked) -> Picture:
    """The points (n, c) in their mean colours, the fuller the more of them lie on a pixel, by the logarithm.

    With a selection the other points are dimmed, and the selected ones lie over them.
    """
    window, table = asked.window, asked.table
    ground = np.broadcast_to(window.ground, (window.height, window.width, 3)).astype(np.float32)
    if window.matrix.shape != (2, places.shape[1] + 1):
        raise InputError(f"The camera is not one for points with {places.shape[1]} coordinates.")
    kept, pixel = _pixels(places, window)
    own = np.zeros(len(kept), dtype=np.intp) if codes is None else codes[kept].astype(np.intp)
    own = np.minimum(own, len(table) - 1)
    shown = table[own] != 0
    kept, pixel, own = kept[shown], pixel[shown], own[shown]
    if asked.selected is None:
        return _over(ground, pixel, table[own], window, 1.0)
    chosen = asked.selected[kept]
    behind = _over(ground, pixel[~chosen], asked.faded[own[~chosen]], window, BEHIND)
    return _over(behind, pixel[chosen], table[own[chosen]], window, 1.0)


def _pixels(places: NDArray[np.int16], window: Window) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows of the points in the window, and the pixel of each, counted along the lines."""
    turned = places.astype(np.float32) @ window.matrix[:, :-1].T + window.matrix[:, -1]  # (n, 2)
    across, down = turned.T
    inside = (across >= 0) & (across < window.width) & (down >= 0) & (down < window.height)
    kept = np.flatnonzero(inside & (places[:, 0] != NOWHERE))
    return kept, down[kept].astype(np.intp) * window.width + across[kept].astype(np.intp)


def _over(
    ground: Picture, pixel: NDArray[np.intp], colours: Table, window: Window, opacity: float
) -> Picture:
    """The picture with these points over it: counts and sums of colours by pixel, spread over the size of a point."""
    if not len(pixel):
        return ground
    count = _spread(np.bincount(pixel, minlength=window.height * window.width), window)
    hit = count > 0.5
    full = float(np.quantile(count[hit], HIGHEST))
    share = FAINTEST + (1 - FAINTEST) * np.minimum(
        np.log1p(count[hit]) / float(np.log1p(max(full, 1.0))), 1.0
    )
    found = ground.copy()
    for channel in range(3):
        value = (colours >> np.uint32(8 * channel)) & np.uint32(255)
        total = _spread(np.bincount(pixel, value, window.height * window.width), window)[hit]
        under = found[..., channel][hit]
        found[..., channel][hit] = under + (total / count[hit] - under) * share * opacity
    return found


def _spread(sums: NDArray[np.generic], window: Window) -> NDArray[np.float32]:
    """Sums by pixel (height, width), each spread over a square of `side` pixels."""
    from scipy.ndimage import uniform_filter

    grid = sums.reshape(window.height, window.width).astype(np.float32)
    if window.side == 1:
        return grid
    whole: NDArray[np.float32] = uniform_filter(grid, window.side, mode="constant") * window.side**2
    return whole
