"""Measure how long layouts take, at several sizes, beside the time that Explore tells before.

    python benchmarks/layout_times.py [--out FILE] [--only aligned|umap]

AlignedUMAP lays out frames of 8 numbers that move from noise to clusters, as a training does; UMAP single frames of 384
numbers. CPU seconds, since other work on the machine lengthens wall time; the estimates are taken with the same clock.
The compiler is called before, so its time is not in the table. The fit at the end gives the constants that
`layout/aligned.py` (`HELD`) and `services/layouts/timing.py` (`EACH`, `SEARCH`, `PLACING`) use.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.layout import aligned, neighbours, umap
from qlatent.layout.umap import UmapConfig
from qlatent.provenance import made_by

# points, frames, epochs: fewer epochs where they take long, since one takes as long as another
ALIGNED = ((300, 4, 200), (300, 12, 100), (300, 30, 40), (1000, 4, 60), (1000, 12, 20), (3000, 4, 20))
SINGLE = ((1000, 500), (3000, 500), (10_000, 500), (20_000, 200))
CLUSTERS = 20


def clusters(points: int, width: int, *, seed: int = 0) -> np.ndarray:
    """Points (n, width) float32 around `CLUSTERS` centres."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(CLUSTERS, width))
    return (centres[rng.integers(CLUSTERS, size=points)] + 0.3 * rng.normal(size=(points, width))).astype(
        np.float32
    )


def training(points: int, frames: int) -> list[np.ndarray]:
    """Frames (n, 8) from noise to clusters."""
    end = clusters(points, 8)
    start = np.random.default_rng(1).normal(size=end.shape).astype(np.float32)
    return [start * (1 - share) + end * share for share in np.linspace(0, 1, frames, dtype=np.float32)]


def all_frames(points: int, frames: int, epochs: int) -> dict[str, Any]:
    """CPU seconds of the epochs of all frames, and as they were estimated."""
    given, config = training(points, frames), UmapConfig(epochs=epochs)
    expected = aligned.estimate(given, config, clock=time.process_time).moving
    marks: list[float] = []
    aligned.lay_out_frames(
        given, config, progress=lambda done, total: marks.append(time.process_time()), every=0
    )
    taken = marks[-1] - marks[1]  # the first epoch compiles, and pulls nothing
    row = {"points": points, "frames": frames, "epochs": epochs, "estimate": expected, "cpu": taken}
    print(f"aligned {points:6,} × {frames:2} frames, {epochs:3} epochs: told {expected:6.1f} s, taken {taken:6.1f} s",
          flush=True)  # fmt: skip
    return row


def single(points: int, epochs: int) -> dict[str, Any]:
    """CPU seconds of UMAP's neighbours and of its epochs."""
    given = clusters(points, 384)
    begun = time.process_time()
    near = neighbours.nearest(given, k=15)
    found = time.process_time()
    umap.lay_out(given, near, UmapConfig(epochs=epochs))
    row = {
        "points": points,
        "epochs": epochs,
        "search": found - begun,
        "epochs_cpu": time.process_time() - found,
    }
    print(f"UMAP {points:6,}, {epochs} epochs: neighbours {row['search']:.2f} s, start and epochs "
          f"{row['epochs_cpu']:.2f} s", flush=True)  # fmt: skip
    return row


def placed(points: int, known: int) -> dict[str, Any]:
    """CPU seconds of the placing of further points beside known ones, their search not counted."""
    given, places = (
        clusters(known, 32),
        np.random.default_rng(0).normal(scale=5, size=(known, 2)).astype(np.float32),
    )
    near = neighbours.nearest_known(clusters(points, 32, seed=1), given, k=15)
    begun = time.process_time()
    umap.add(near, places, UmapConfig())
    row = {"points": points, "known": known, "cpu": time.process_time() - begun}
    print(f"{points:,} placed beside {known:,}: {row['cpu']:.2f} s", flush=True)
    return row


def fitted(rows: list[dict[str, Any]]) -> dict[str, float]:
    """What one more frame to be held to adds to a pull, and the seconds of a point and epoch in a frame held to none.

    Least squares of relative errors of cpu = epochs · points · (each · frames + held · frames held to).
    """
    shape = np.array([[each["frames"], _held(each["frames"])] for each in rows], dtype=np.float64)
    work = np.array([each["points"] * each["epochs"] / each["cpu"] for each in rows])
    each, held = np.linalg.lstsq(shape * work[:, None], np.ones(len(rows)), rcond=None)[0]
    return {"each": float(each), "HELD": float(held / each)}


def _held(frames: int) -> int:
    """Pairs of a frame and one that it is held to."""
    return sum(
        0 <= frame + offset < frames
        for frame in range(frames)
        for offset in range(-aligned.WINDOW, aligned.WINDOW)
        if offset
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "layout_times.json")
    parser.add_argument("--only", choices=("aligned", "umap"))
    asked = parser.parse_args()
    document: dict[str, Any] = {"made_by": made_by()}
    if asked.only != "aligned":
        umap.lay_out(clusters(200, 8), neighbours.nearest(clusters(200, 8), k=15), UmapConfig(epochs=5))
        placed(50, 500)
        document["umap"] = [single(*each) for each in SINGLE]
        document["placed"] = [placed(2000, 10_000), placed(20_000, 10_000)]
    if asked.only != "umap":
        aligned.lay_out_frames(training(100, 3), UmapConfig(epochs=3))
        document["aligned"] = [all_frames(*each) for each in ALIGNED]
        document["fit"] = fitted(document["aligned"])
        print(document["fit"])
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
