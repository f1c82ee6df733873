"""Measure what the first map of a run costs, beside the way it was read before.

    python benchmarks/explore.py [--items 20000] [--frames 60] [--width 16] [--repetitions 5] [--out FILE]

A run folder is written as a worker writes it: items of two modalities with labels, inputs of 64 numbers, frames of
`--width`. Each measurement is a process of its own, in turns: CPU seconds, peak memory and bytes from the opened
workspace to what the browser is sent. "Now" is the page's scene of all items, coloured by label, with its message and
the bytes behind it. "Before" keeps every frame in float64, aligns images and texts together and draws a Plotly figure,
as the first version did, of 300 items or of all; it reads neither labels' neighbours nor figures within modalities.
Goal at 20,000 items, 60 frames: at most 3 s CPU, 300 MB and 16 MB sent.
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
from collections.abc import Callable
from functools import partial
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
from qlatent.services.scenes import colouring, scenes
from qlatent.store.catalogue.records import DatasetRecord, RunRecord
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from qlatent.types import Item
from qlatent.ui.latent_map.point_map import PointMap, classes, message

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


def now(workspace: Workspace) -> Callable[[], int]:
    """The map as Explore draws it; what is returned counts the bytes that a browser gets."""
    scene = scenes.of_run(workspace, RUN)
    values = colouring.values(workspace, scene, "label", frame=scene.frames - 1)

    def sent() -> int:
        spec = PointMap(
            scene.positions, colours=classes(values.values, label="Label", top=20), pairs=scene.pairs,
            labels=scene.labels,
        )  # fmt: skip
        description, blobs = message.describe(spec)
        return len(json.dumps(description)) + sum(each.nbytes for each in blobs.values())

    return sent


def before(workspace: Workspace, *, drawn: int) -> Callable[[], int]:
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
    at = spacing.evenly(len(probe["rows"]), drawn)
    points = Points(
        steps,
        {name: each[:, at] for name, each in split.items()},
        {name: each[:, at] for name, each in norms.items()},
        probe["rows"][at],
        dict.fromkeys(MODALITIES, ends),
        [items[place]["label"] for place in at],
    )
    return lambda: len(evolution_map(points, Look()).to_json())


WAYS = {
    "before": partial(before, drawn=DRAWN),
    "before, all": partial(before, drawn=sys.maxsize),
    "now": now,
}


def child(path: Path, way: str) -> dict[str, float]:
    """CPU seconds, peak megabytes and bytes of one way, in this process."""
    with Workspace.open(path) as workspace:
        workspace.items.count(DATASET)  # loads the store
        at_first = psutil.Process().memory_info().rss
        begun = time.process_time()
        sent = WAYS[way](workspace)
        read = time.process_time()
        size = sent()
        ended = time.process_time()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "read_cpu_s": read - begun,
        "cpu_s": ended - begun,
        "peak_mb": (peak - at_first) / MEGABYTE,
        "kept_mb": (psutil.Process().memory_info().rss - at_first) / MEGABYTE,
        "sent_mb": size / MEGABYTE,
    }


def in_turns(path: Path, repetitions: int) -> dict[str, list[dict[str, float]]]:
    """Both ways in processes of their own, one after the other."""
    rows: dict[str, list[dict[str, float]]] = {way: [] for way in WAYS}
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
    parser.add_argument("--child", choices=tuple(WAYS), help=argparse.SUPPRESS)
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
    print(f"{'':<14}" + "".join(f"{name:>24}" for name in names))
    for way, found in rows.items():
        cells = []
        for name in names:
            values = [each[name] for each in found]
            cells.append(f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})")
        print(f"{way:<14}" + "".join(f"{cell:>24}" for cell in cells))


if __name__ == "__main__":
    main()
