"""What is marked on the map of Explore, as the URL has it: classes that are switched off, and pinned points.

A class is a code among the names of the present colour, so its mark holds for these names alone; a point is the row of
its item with its modality, so its mark holds on every map of the dataset.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from qlatent.services.scenes.scenes import Scene
from qlatent.ui.explore import addresses
from qlatent.ui.latent_map.point_map import Classes, PointMapEvent, Ramp
from qlatent.ui.shell import url_state

RUN = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?")
POINT = re.compile(r"(\d{1,9})-([a-z]+)")
MOST_PINNED = 100


def hidden(colours: Ramp | Classes | None) -> tuple[int, ...]:
    """The codes that the URL switches off among these classes."""
    of, *runs = url_state.get(addresses.HIDDEN).split("_")
    if not isinstance(colours, Classes) or of != named(colours):
        return ()
    found = [match.groups() for each in runs if (match := RUN.fullmatch(each))]
    spans = [range(int(first), int(last or first) + 1) for first, last in found]
    return tuple(sorted({code for span in spans for code in span if code < len(colours.names)}))


def pinned(scene: Scene) -> tuple[int, ...]:
    """The pinned points of the URL that are on the map."""
    found = [
        match.groups()
        for each in url_state.get(addresses.PINNED).split("_")
        if (match := POINT.fullmatch(each))
    ]
    points = [scene.point(int(row), modality) for row, modality in found[:MOST_PINNED]]
    return tuple(point for point in points if point is not None)


def put(scene: Scene, event: PointMapEvent, colours: Ramp | Classes | None) -> None:
    """Put what a person switched off or pinned into the URL."""
    if event.hidden is not None and isinstance(colours, Classes):
        off = sorted({code for code in event.hidden if 0 <= code < len(colours.names)})
        url_state.put(addresses.HIDDEN, "_".join([named(colours), *_runs(off)]) if off else None)
    if event.pinned is not None:
        there = [point for point in event.pinned if 0 <= point < scene.points][:MOST_PINNED]
        names = [f"{scene.row_of(point)}-{scene.modality_of(point)}" for point in there]
        url_state.put(addresses.PINNED, "_".join(names))


def _runs(codes: Sequence[int]) -> list[str]:
    """Ascending codes as runs, `3` or `3-7`, so that a link with all but one class stays short."""
    runs: list[list[int]] = []
    for code in codes:
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return [f"{first}" if first == last else f"{first}-{last}" for first, last in runs]


def named(colours: Classes) -> str:
    """What tells these classes from others in the URL."""
    names = "\n".join([colours.label, *colours.names])
    return hashlib.blake2b(names.encode(), digest_size=4).hexdigest()
