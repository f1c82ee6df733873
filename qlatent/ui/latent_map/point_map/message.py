"""From what a map shows to what its browser is sent: a description with tags, and the bytes under the tags."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.ui.latent_map.point_map.colouring import Classes
from qlatent.ui.latent_map.point_map.delivery import PREFIX, SHELF
from qlatent.ui.latent_map.point_map.spec import PointMap

Blobs = dict[str, NDArray[np.generic]]


def describe(spec: PointMap) -> tuple[dict[str, Any], Blobs]:
    """The description of a map and the arrays by the tags that stand in it."""
    blobs: Blobs = {}

    def put(content: NDArray[np.generic] | None, known: str = "") -> str | None:
        if content is None:
            return None
        tag = SHELF.put(content, known=known)
        blobs[tag] = content
        return tag

    places = spec.positions
    frames, points, axes = places.values.shape
    bits = None if spec.selection is None else np.packbits(spec.selection)
    description: dict[str, Any] = {
        "geometry": {
            "tag": put(places.values.astype("<i2", copy=False), places.digest),
            "frames": frames, "points": points, "axes": axes,
            "low": places.low.tolist(), "step": places.step.tolist(),
        },
        "colours": _colours(spec, put),
        "sizes": put(spec.sizes),
        "selection": put(bits),
        "pairs": put(None if spec.pairs is None else spec.pairs.astype("<i4", copy=False)),
        "contours": _contours(spec, put),
    }  # fmt: skip
    return description | _plain(spec), blobs


def _plain(spec: PointMap) -> dict[str, Any]:
    return {
        "camera": None if spec.camera is None else dict(spec.camera),
        "frame": spec.frame,
        "whole": spec.whole,
        "labels": list(spec.labels),
        "hidden": None if spec.hidden is None else list(spec.hidden),
        "pinned": [int(row) for row in spec.pinned],
        "opened": spec.opened,
        "link": spec.link,
        "axes": spec.axes,
        "legend": spec.legend,
        "title": spec.title,
        "reports": list(spec.reports),
        "size": spec.size,
        "opacity": spec.opacity,
        "renderer": spec.renderer,
        "autoplay": spec.autoplay,
    }


def _colours(spec: PointMap, put: Any) -> dict[str, Any] | None:
    given = spec.colours
    if given is None:
        return None
    common = {"tag": put(given.codes), "label": given.label, "help": given.help}
    if not isinstance(given, Classes):
        return common | {"kind": "ramp", "ramp": given.name, "low": given.low, "high": given.high}
    return common | {
        "kind": "classes",
        "wide": given.codes.dtype.itemsize == 2,
        "names": list(given.names),
        "colours": None if given.colours is None else list(given.colours),
        "top": given.top,
        "missing": given.missing,
    }


def _contours(spec: PointMap, put: Any) -> dict[str, Any] | None:
    """All corners as one array, and for each contour how many of them each of its lines takes."""
    lines = [line for each in spec.contours for line in each.lines]
    if not lines:
        return None
    parts = [
        {
            "label": each.label, "colour": each.colour, "frame": each.frame,
            "corners": [len(line) for line in each.lines],
        }
        for each in spec.contours
    ]  # fmt: skip
    return {"tag": put(np.concatenate(lines).astype("<f4")), "parts": parts}


def served(spec: PointMap, *, height: int) -> dict[str, Any]:
    """The message where the browser fetches bytes, cards and pictures by the route."""
    description, _ = describe(spec)
    cards = (
        {} if spec.cards is None else {"cards": SHELF.put_cards(spec.cards), "pictures": spec.cards.pictures}
    )
    return description | cards | {"route": PREFIX, "height": height}


def packed(spec: PointMap, *, height: int, more: Mapping[str, Any]) -> bytes:
    """The message with all bytes in it: length of the description (4 bytes), description as JSON, bytes."""
    description, blobs = describe(spec)
    inline, at = {}, 0
    for tag, content in blobs.items():
        inline[tag] = [at, content.nbytes]
        at += content.nbytes
    text = json.dumps(description | {"height": height, "inline": inline, **more}).encode()
    return b"".join([struct.pack("<I", len(text)), text, *(each.tobytes() for each in blobs.values())])
