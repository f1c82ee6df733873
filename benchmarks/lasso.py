"""Measure the time from a lasso over a million points to the ids inside it.

    python benchmarks/lasso.py [--out FILE] [--repetitions N] [--points N]

The lasso has 256 int16 vertices and holds about 300,000 of 1,000,000 quantised points. Two alternating sides find the
same ids: `raster` is `qlatent.layout.lasso.inside`; `every edge` tests every point of the lasso's box against every
edge, in numpy. The message is the selection as it travels in a link. Goals: ≤ 30 ms of CPU, ≤ 2 KB.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qlatent.layout.lasso import inside
from qlatent.provenance import made_by
from qlatent.services.selections import links
from qlatent.services.selections.definitions import DrawnMap, Lasso

GOAL_SECONDS, GOAL_CHARACTERS = 0.03, 2_000
SHARE = 0.3  # of the points, inside the lasso


def cloud(count: int) -> NDArray[np.int16]:
    """Points (count, 2) in forty clusters, quantised over their range."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(40, 2))
    places = centres[rng.integers(40, size=count)] + 0.25 * rng.normal(size=(count, 2))
    low, high = places.min(axis=0), places.max(axis=0)
    return np.round((places - low) / (high - low) * 65_535 - 32_768).astype(np.int16)


def drawn(points: NDArray[np.int16], vertices: int = 256) -> NDArray[np.int16]:
    """A lasso by an unsteady hand around the middle of the points, as large as to hold about `SHARE` of them."""
    angles = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    wave = 1 + 0.2 * np.sin(5 * angles) + 0.04 * np.cos(37 * angles)
    curve = np.stack([np.cos(angles), np.sin(angles)], axis=1) * wave[:, None]
    sample = points[:: max(1, len(points) // 20_000)]
    middle = np.median(sample, axis=0)
    sizes = np.linspace(1_000, 32_000, 60)
    shares = [inside(sample, _at(middle, curve, size)).mean() for size in sizes]
    return _at(middle, curve, float(sizes[np.argmin(np.abs(np.array(shares) - SHARE))]))


def _at(middle: NDArray[np.floating], curve: NDArray[np.floating], size: float) -> NDArray[np.int16]:
    return np.clip(middle + curve * size, -32_768, 32_767).astype(np.int16)


def every_edge(points: NDArray[np.int16], polygon: NDArray[np.int16]) -> NDArray[np.bool_]:
    """The even–odd rule for all points in the lasso's box against all edges."""
    low, high = polygon.min(axis=0), polygon.max(axis=0)
    near = np.flatnonzero(((points >= low) & (points <= high)).all(axis=1))
    x, y = points[near].astype(np.float64).T
    odd = np.zeros(len(near), dtype=np.bool_)
    corners = polygon.astype(np.float64)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        side = (x - ax) * (by - ay) - (y - ay) * (bx - ax)
        odd ^= ((ay > y) != (by > y)) & ((side < 0) if by > ay else (side > 0))
    found = np.zeros(len(points), dtype=np.bool_)
    found[near] = odd
    return found


def as_selection(polygon: NDArray[np.int16]) -> Lasso:
    """The selection as a page makes it of this lasso."""
    on = DrawnMap(
        run="r20261128-155000-abcdef", view="image", frame=59, frames=60, low=(-3.141592653589793, -2.718281828459045),
        step=(9.587379924285257e-05, 8.295872950186099e-05),
    )  # fmt: skip
    return Lasso(polygon=tuple((int(x), int(y)) for x, y in polygon), on=on)


def timed(call: Callable[[], NDArray[np.int64]]) -> tuple[NDArray[np.int64], float, float]:
    """The result of a call, and its seconds of CPU and of the clock."""
    begin = time.process_time(), time.perf_counter()
    result = call()
    return result, time.process_time() - begin[0], time.perf_counter() - begin[1]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "lasso.json")
    parser.add_argument("--repetitions", type=int, default=11)
    parser.add_argument("--points", type=int, default=1_000_000)
    asked = parser.parse_args()
    points = cloud(asked.points)
    polygon = drawn(points)
    sides = {
        "raster": lambda: np.flatnonzero(inside(points, polygon)),
        "every edge": lambda: np.flatnonzero(every_edge(points, polygon)),
    }
    turns: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    found = {}
    for turn in range(asked.repetitions + 1):
        for name, call in sides.items():
            found[name], cpu, wall = timed(call)
            if turn:  # the first turn warms up
                turns[name].append((cpu, wall))
    same = bool(np.array_equal(found["raster"], found["every edge"]))
    cpu = {name: [each[0] for each in rows] for name, rows in turns.items()}
    wall = {name: [each[1] for each in rows] for name, rows in turns.items()}
    print(f"{len(found['raster']):,} of {len(points):,} points inside; the sides agree: {same}")
    for name in sides:
        print(
            f"{name:12}{1000 * statistics.median(cpu[name]):8.1f} ms CPU "
            f"({1000 * min(cpu[name]):.1f} to {1000 * max(cpu[name]):.1f}), "
            f"{1000 * statistics.median(wall[name]):.1f} ms by the clock"
        )
    message = len(links.to_link(as_selection(polygon)))
    print(f"the selection takes {message:,} characters in a link")
    print(f"goals: {1000 * GOAL_SECONDS:.0f} ms CPU, {GOAL_CHARACTERS:,} characters")
    document = {
        "points": len(points), "inside": len(found["raster"]), "vertices": len(polygon), "same_ids": same,
        "cpu_seconds": cpu, "wall_seconds": wall, "goal_cpu_seconds": GOAL_SECONDS,
        "link_characters": message, "goal_link_characters": GOAL_CHARACTERS, "made_by": made_by(),
    }  # fmt: skip
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
