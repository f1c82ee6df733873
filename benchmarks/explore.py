"""Measure what the first map of a run costs, beside the way it was read before.

    python benchmarks/explore.py [--items 20000] [--frames 60] [--width 16] [--repetitions 5] [--out FILE]

A run folder is written as a worker writes it: items of two modalities with labels, inputs of 64 numbers, frames of
`--width`. Each measurement is a process of its own, in turns: CPU seconds and peak memory from the opened workspace to
the figure as JSON (300 items, as Explore draws them first). "Before" keeps every frame in float64 and aligns images and
texts together, as the first version did; it reads neither labels' neighbours nor figures within modalities. Goal at
20,000 items, 60 frames: at most 3 s CPU and 300 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from scipy.linalg import orthogonal_procrustes

from qlatent import spacing
from qlatent.plots.evolution import Look, Points, evolution_map
from qlatent.provenance import made_by
from qlatent.services.runs import frames
from qlatent.services.runs.specs import Configs, VectorTraining
from qlatent.store.catalogue.records import DatasetRecord, RunRecord
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.types import Item

RUN, DATASET = "run", "pairs"
MODALITIES = ("image", "text")
INPUT_WIDTH, KINDS, GAP = 64, 30, 10.0
DRAWN = 300
MEGABYTE = 1e6


def written(path: Path, *, items: int, count: int, width: int) -> None:
    """Write a workspace with one run of two modalities whose classes move apart."""
    rng = np.random.default_rng(0)
    kinds = rng.integers(0, KINDS, size=items)
    with Workspace.open(path) as workspace:
        listed = [
            Item(id=f"i{row}", text=f"text {row} " * 8, label=f"kind {kinds[row]}") for row in range(items)
        ]
        workspace.items.create(DATASET, listed)
        workspace.catalogue.add_dataset(DatasetRecord(DATASET, DATASET, "embeddings", 0.0, items, MODALITIES))
        spec = VectorTraining(
            id=RUN, name=RUN, created=1.0, dataset=DATASET, dataset_version=workspace.items.version(DATASET),
            encoder="given", modalities=MODALITIES, head="mlp", objective="stress", settings={},
            configs=Configs(head={}, objective={}, training={}),
        )  # fmt: skip
        folder = RunFolder.create(workspace.runs_path / RUN, spec.document())
        workspace.catalogue.add_run(RunRecord(RUN, "train", RUN, DATASET, time.time()))
        inputs = {f"input_{m}": rng.normal(size=(items, INPUT_WIDTH)).astype("f4") for m in MODALITIES}
        folder.write_probe({"rows": np.arange(items), "heldout": np.arange(items) % 5 == 0, **inputs})
        noise = {m: rng.normal(size=(items, width)).astype("f4") for m in MODALITIES}
        centres = rng.normal(size=(KINDS, width)).astype("f4")[kinds]
        for number in range(count):
            here = centres * (0.1 * number)
            latents = {"image": noise["image"] + here, "text": noise["text"] + here + np.float32(GAP)}
            folder.write_snapshot(number, latents)
            metrics = {"pair_error": 0.1, "gap": 2.0, "spearman_image": 0.5}
            folder.append({"type": "snapshot", "step": number, "metrics": metrics})


def now(workspace: Workspace) -> Points:
    """The points of the first map as the app reads it."""
    found = frames.evolution(workspace, RUN)
    at = spacing.evenly(len(found.rows), DRAWN)
    return Points(
        found.steps.tolist(),
        {name: each[:, at] for name, each in found.places.items()},
        {name: each[:, at] for name, each in found.norms.items()},
        found.rows[at],
        found.norm_ranges,
        [found.labels[place] for place in at],
        extent=found.extent,
    )


def before(workspace: Workspace) -> Points:
    """The same with all frames of both modalities held, aligned in float64 and drawn in one plane."""
    folder = workspace.run(RUN)
    probe = folder.probe()
    steps = folder.snapshot_steps()
    snapshots = [folder.snapshot(step) for step in steps]
    aligned: list[np.ndarray] = []
    for frame in (np.concatenate([each[m] for m in MODALITIES]).astype(np.float64) for each in snapshots):
        turn = orthogonal_procrustes(frame, aligned[-1])[0] if aligned else np.eye(frame.shape[1])
        aligned.append(frame @ turn)
    mean = sum(each.sum(axis=0) for each in aligned) / sum(map(len, aligned))
    scatter = sum((each - mean).T @ (each - mean) for each in aligned)
    axes = np.linalg.eigh(scatter)[1][:, ::-1][:, :2]
    for each in aligned:  # the share of variance on the map
        centred = each - each.mean(axis=0)
        np.square(centred @ axes).sum() / np.square(centred).sum()
    places = np.stack([(each - mean) @ axes for each in aligned]).astype(np.float32)
    split = dict(zip(MODALITIES, np.split(places, 2, axis=1), strict=True))
    norms = {m: np.stack([np.linalg.norm(each[m], axis=1) for each in snapshots]) for m in MODALITIES}
    ends = tuple(np.percentile(np.concatenate([each.ravel() for each in norms.values()]), (1, 99)))
    items = frames.items_of(workspace, folder, probe["rows"])
    at = spacing.evenly(len(probe["rows"]), DRAWN)
    return Points(
        steps,
        {name: each[:, at] for name, each in split.items()},
        {name: each[:, at] for name, each in norms.items()},
        probe["rows"][at],
        dict.fromkeys(MODALITIES, ends),
        [items[place]["label"] for place in at],
    )


def child(path: Path, way: str) -> dict[str, float]:
    """CPU seconds, peak megabytes and bytes of one way, in this process."""
    with Workspace.open(path) as workspace:
        workspace.items.count(DATASET)  # loads the store
        at_first = psutil.Process().memory_info().rss
        begun = time.process_time()
        points = {"now": now, "before": before}[way](workspace)
        read = time.process_time()
        content = evolution_map(points, Look()).to_json()
        ended = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "read_cpu_s": read - begun,
        "cpu_s": ended - begun,
        "peak_mb": (peak - at_first) / MEGABYTE,
        "kept_mb": (psutil.Process().memory_info().rss - at_first) / MEGABYTE,
        "figure_mb": len(content) / MEGABYTE,
    }


def in_turns(path: Path, repetitions: int) -> dict[str, list[dict[str, float]]]:
    """Both ways in processes of their own, one after the other."""
    rows: dict[str, list[dict[str, float]]] = {"before": [], "now": []}
    for _ in range(repetitions):
        for way, found in rows.items():
            command = [sys.executable, __file__, "--child", way, "--workspace", str(path)]
            found.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--child", choices=("now", "before"), help=argparse.SUPPRESS)
    parser.add_argument("--workspace", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(options.workspace, options.child)))
        return
    with tempfile.TemporaryDirectory() as temp:
        path = Path(temp) / "workspace"
        written(path, items=options.items, count=options.frames, width=options.width)
        rows = in_turns(path, options.repetitions)
    told(rows)
    if options.out:
        document: dict[str, Any] = {"items": options.items, "frames": options.frames, "width": options.width}
        content = {"made_by": made_by(), **document, "rows": rows}
        options.out.write_text(json.dumps(content, indent=2) + "\n")


def told(rows: dict[str, list[dict[str, float]]]) -> None:
    """Print the medians with their spread."""
    names = list(rows["now"][0])
    print(f"{'':<8}" + "".join(f"{name:>24}" for name in names))
    for way, found in rows.items():
        cells = []
        for name in names:
            values = [each[name] for each in found]
            cells.append(f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})")
        print(f"{way:<8}" + "".join(f"{cell:>24}" for cell in cells))


if __name__ == "__main__":
    main()
