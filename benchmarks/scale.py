"""Measure how importing, reading and the start of a training grow with the rows of a dataset, to a million.

    python benchmarks/scale.py [--out FILE] [--rows N …] [--wide ROWS:FORM …] [--folder FOLDER]

Vectors are normal numbers with ids and 20 labels: 64 numbers a row for `--rows`, 512 for `--wide` (such as
`200000:npz 1000000:parquet`, 2 GB). Each measure runs in a process of its own, whose CPU seconds and peak memory are
counted from its start, imports included. `start` is from the request in an opened workspace to the first training step
of the worker, whose process, probe set and first frame count, with the CPU seconds of both processes until then. `open`
is what the page Data reads, and its memory without mapped files. Reading is repeated, and the median of its CPU seconds
given. Goals: `start` of 1,000,000 × 64 within 15 s; imports of 512 numbers at 30,000 rows a second and at most 1 GB of
memory; 1 GB for `open`.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

WIDTH, WIDE = 64, 512
LABELS, PART = 20, 50_000
TURNS = 3
GOAL_START, GOAL_RATE, GOAL_MEMORY = 15.0, 30_000, 1000
Measured = dict[str, float]


def written(path: Path, rows: int, width: int) -> None:
    """A file of vectors with ids and labels; Parquet in parts, so that it does not count as memory."""
    random = np.random.default_rng(0)
    if path.suffix == ".npz":
        names = {
            "id": [f"item-{row}" for row in range(rows)],
            "label": [f"c{row % LABELS}" for row in range(rows)],
        }
        np.savez(path, image=random.standard_normal((rows, width), np.float32), **names)  # type: ignore[arg-type]
        return
    import pyarrow as pa
    from pyarrow import parquet

    vector = pa.list_(pa.float32(), width)
    schema = pa.schema({"id": pa.string(), "label": pa.string(), "vector": vector})
    with parquet.ParquetWriter(path, schema) as writer:
        for start in range(0, rows, PART):
            part = range(start, min(start + PART, rows))
            content = random.standard_normal(len(part) * width, np.float32)
            columns = [[f"item-{row}" for row in part], [f"c{row % LABELS}" for row in part],
                pa.FixedSizeListArray.from_arrays(pa.array(content), width)]  # fmt: skip
            writer.write_table(pa.table(columns, schema=schema), row_group_size=10_000)


# --- what is measured, each in a process of its own ---------------------------------------------------------


def brought(folder: Path) -> Measured:
    """Import the file of a folder."""
    from qlatent.services.datasets import datasets
    from qlatent.services.workspaces import open_workspace

    (path,) = folder.glob("vectors.*")
    with open_workspace(folder / "workspace") as workspace:
        begun = time.perf_counter()
        rows = datasets.store(workspace, path, name="big").rows
        return {"seconds": time.perf_counter() - begun, "rows": rows}


def started(folder: Path) -> Measured:
    """Start a training as the app does: seconds from the request to the spec, and to the worker's first step."""
    from qlatent.services.runs import queue
    from qlatent.services.training.request import TrainingRequest
    from qlatent.services.training.start import start_training
    from qlatent.services.workspaces import open_workspace

    with open_workspace(folder / "workspace") as workspace:
        settings = {"epochs": 1, "modalities": ["image"], "probe_size": 200_000}
        request = TrainingRequest("big", settings=settings, objective="distance_correlation")
        begun, cpu = time.time(), time.process_time()
        run = workspace.run(start_training(workspace, request))
        asked, cpu = time.time() - begun, time.process_time() - cpu
        step, worker = _first_step(run)
        queue.stop(workspace, run.id)
        probe = len(run.probe(["rows"])["rows"])
        return {"seconds": step - begun, "request": asked, "used": cpu + worker, "probe": probe}


def _first_step(run: Any) -> tuple[float, float]:
    """When the first step of a run was made, and the CPU seconds of its worker when this is seen."""
    import psutil

    offset = 0
    while psutil.pid_exists(run.status().pid or 0):
        events, offset = run.events(offset)
        times = psutil.Process(run.status().pid).cpu_times()
        for event in events:
            if event["type"] == "step":
                return event["time"], times.user + times.system
        time.sleep(0.05)
    raise RuntimeError(f"the run ended before its first step: {run.status().error}")


def readings(folder: Path) -> Measured:
    """CPU seconds of each reading of a dataset, the median of three turns."""
    from qlatent.services.datasets import browsing, datasets
    from qlatent.services.vectors import stored
    from qlatent.services.workspaces import open_workspace

    with open_workspace(folder / "workspace") as workspace:
        items = workspace.items
        modality = next(iter(stored.widths(workspace, "big", stored.GIVEN)))
        hashes = items.table("big", columns=[f"given_{modality}"])[f"given_{modality}"]
        some = hashes[:: max(1, len(hashes) // 100)].to_pylist()

        def counted() -> Any:
            items._encoders.clear()
            return datasets.list_datasets(workspace)

        calls: dict[str, Callable[[], Any]] = {
            "all vectors": lambda: items.embeddings(stored.GIVEN, modality, hashes),
            "100 vectors": lambda: items.embeddings(stored.GIVEN, modality, some),
            "mapped": lambda: stored.mapped(workspace, "big", stored.GIVEN, modality),
            "missing": lambda: items.missing(stored.GIVEN, modality, hashes),
            "datasets, counted": counted,
            "datasets, known": lambda: datasets.list_datasets(workspace),
            "one column": lambda: items.table("big", columns=["label"]),
            "ten rows": lambda: items.rows("big", range(10)),
            "page Data": lambda: browsing.items(workspace, "big"),
        }
        return {name: _median(call) for name, call in calls.items()}


def opened(folder: Path) -> Measured:
    """Read what the page Data shows, and map the vectors; megabytes of this process beside mapped files."""
    from qlatent.services.datasets import browsing, datasets
    from qlatent.services.vectors import stored
    from qlatent.services.workspaces import open_workspace

    with open_workspace(folder / "workspace") as workspace:
        datasets.list_datasets(workspace)
        table = browsing.items(workspace, "big")
        modality = next(iter(stored.widths(workspace, "big", stored.GIVEN)))
        vectors = stored.mapped(workspace, "big", stored.GIVEN, modality)
        pages = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
        return {
            "private": int(pages["RssAnon"].split()[0]) / 1024,
            "rows": len(table),
            "width": vectors.shape[1],
        }


def _median(call: Callable[[], Any]) -> float:
    taken = []
    for _ in range(TURNS):
        begun = time.process_time()
        call()
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


MEASURES = {"import": brought, "start": started, "read": readings, "open": opened}


def alone(measure: str, folder: Path) -> Measured:
    """A measure in a new process: its own numbers, seconds in all, CPU seconds and peak memory in MB."""
    before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, __file__, "--measure", measure, "--folder", str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    found: Measured = json.loads(said.splitlines()[-1])
    return {"wall": wall, "cpu": cpu, **found}


# --- the table ----------------------------------------------------------------------------------------------


def grown(folder: Path, rows: int, width: int, form: str) -> dict[str, Any]:
    """All measures of a dataset of so many rows."""
    folder.mkdir()
    written(folder / f"vectors.{form}", rows, width)
    found: dict[str, Any] = {"rows": rows, "width": width, "form": form, "import": alone("import", folder)}
    next(folder.glob("vectors.*")).unlink()
    if width == WIDTH:
        for measure in ("start", "read"):
            found[measure] = alone(measure, folder)
    found["open"] = alone("open", folder)
    shutil.rmtree(folder)
    _print(found)
    return found


def _print(found: dict[str, Any]) -> None:
    size, brought, opened = f"{found['rows']:,} × {found['width']}", found["import"], found["open"]
    print(
        f"{size}, {found['form']}: import {found['rows'] / brought['seconds']:,.0f} rows/s,"
        f" {found['rows'] / brought['cpu']:,.0f} rows/CPU s, peak {brought['peak']:.0f} MB;"
        f" open {opened['private']:.0f} MB beside mapped files (peak {opened['peak']:.0f})"
    )
    if "read" in found:
        start = found["start"]
        print(
            f"  start: {start['seconds']:.1f} s ({start['request']:.1f} request), {start['used']:.1f} CPU s;"
            f" probe set {start['probe']:,}, peak {start['peak']:.0f} MB"
        )
        times = {name: each for name, each in found["read"].items() if name not in ("wall", "cpu", "peak")}
        print("  " + " · ".join(f"{name} {1000 * each:.0f} ms" for name, each in times.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "scale.json")
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--wide", nargs="*", default=["200000:npz", "1000000:parquet"])
    parser.add_argument("--folder", type=Path, help="for temporary files, up to 9 GB")
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        found = MEASURES[asked.measure](asked.folder)
        found["peak"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found))
        return
    from qlatent.provenance import made_by

    sizes = [(rows, WIDTH, "npz") for rows in asked.rows]
    sizes += [(int(rows), WIDE, form) for rows, _, form in (each.partition(":") for each in asked.wide)]
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        found = []
        for number, each in enumerate(sizes):
            found.append(grown(Path(folder) / f"{number}", *each))
            document = {"made_by": made_by(), "sizes": found}  # saved after each size, since all take minutes
            asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    print(f"goals: start {GOAL_START:.0f} s, {GOAL_RATE:,} rows/s, {GOAL_MEMORY} MB")


if __name__ == "__main__":
    main()
