"""Measure CPU utilisation of an experiment: 5 heads × 5 seeds, from the first training to the last metric.

    python benchmarks/grid.py [--pairs N] [--out FILE]

Draws N pairs of 512-d vectors, runs `qlatent compare` on them in a new workspace with one worker per core, and reads
the CPU counters before and after. Nothing else should run on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from qlatent.provenance import made_by

HEADS = "acqua,acqua_separable,acqua_linear,mlp"  # plus the twin and PCA, which are always included


def draw(path: Path, count: int) -> None:
    """Pairs with a common direction, in twenty groups."""
    rng = np.random.default_rng(0)
    image = rng.normal(size=(20, 512))[np.arange(count) % 20] + rng.normal(size=(count, 512))
    text = image + 0.5 * rng.normal(size=image.shape)
    np.savez(path, image=image.astype(np.float32), text=text.astype(np.float32))


def qlatent(*arguments: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "qlatent.cli", *arguments],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = str(Path(folder) / "workspace")
        draw(Path(folder) / "pairs.npz", given.pairs)
        qlatent("import", str(Path(folder) / "pairs.npz"), "-w", workspace)
        before, begun = psutil.cpu_times(), time.perf_counter()
        qlatent("compare", "pairs", "--heads", HEADS, "--seeds", "5", "-w", workspace)
        seconds, after = time.perf_counter() - begun, psutil.cpu_times()
    spent: dict[str, float] = {name: getattr(after, name) - getattr(before, name) for name in before._fields}
    idle = spent["idle"] + spent.get("iowait", 0.0)
    busy = 1 - idle / (seconds * (os.cpu_count() or 1))
    result: dict[str, Any] = {
        "pairs": given.pairs, "trainings": 26, "cores": os.cpu_count(),
        "seconds": round(seconds, 1), "busy": round(busy, 3),
    }  # fmt: skip
    print(
        f"26 trainings of {given.pairs} pairs in {seconds:.0f} s: {busy:.0%} of {os.cpu_count()} cores busy"
    )
    if given.out:
        given.out.write_text(json.dumps({"made_by": made_by(), **result}, indent=1) + "\n")


if __name__ == "__main__":
    main()
