"""Measure the time of listing the runs of a workspace, from the run index and from the runs' folders.

    python benchmarks/run_list.py [--out FILE] [--repetitions N] [--runs N]

Lists 300 finished trainings of one experiment, as a page of a running sweep does every two seconds. Two alternating
sides: `folders` without an index, re-reading specs as in a new process, and `index`. `trained` is the query of a sweep:
the run of each training by its key. Goal: the index lists 300 runs within 50 ms, and at least 3 × faster than the
folders.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from qlatent.provenance import made_by
from qlatent.services.datasets import datasets
from qlatent.services.runs import listing, queue, run_index
from qlatent.services.training import sweeps
from qlatent.services.training.request import TrainingRequest
from qlatent.services.training.start import training_spec
from qlatent.services.workspaces import Workspace, open_workspace

GOAL_SECONDS, GOAL_RATIO = 0.05, 3.0


def filled(folder: Path, runs: int) -> Workspace:
    """A workspace with `runs` finished trainings, written without training."""
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 8)).astype(np.float32)
    np.savez(folder / "pairs.npz", image=vectors, text=vectors[::-1])
    workspace = open_workspace(folder / "workspace")
    dataset = datasets.store(workspace, folder / "pairs.npz", name="Pairs").dataset
    for seed in range(runs):
        request = TrainingRequest(dataset, settings={"seed": seed, "epochs": 2})
        spec = training_spec(workspace, request).model_copy(update={"part_of": "a table"})
        run = workspace.run(queue.enqueue(workspace, spec))
        run.write_status(state="finished", step=20, steps=20)
        workspace.catalogue.set_queue_state(run.id, "finished")
    run_index.refresh(workspace)
    return workspace


def seconds(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def measured(workspace: Workspace, repetitions: int) -> dict[str, list[float]]:
    """Seconds by side, one value per turn."""
    sweeps.known(workspace)  # makes the keys
    found: dict[str, list[float]] = {"folders": [], "index": [], "trained": []}
    for _ in range(repetitions):
        found["index"].append(seconds(lambda: listing.list_runs(workspace)))
        found["trained"].append(seconds(lambda: sweeps.known(workspace)))
        kept = [entry for _, entry in workspace.catalogue.run_index.runs() if entry]
        workspace.catalogue.run_index.clear()
        run_index._spec.cache_clear()
        found["folders"].append(seconds(lambda: listing.list_runs(workspace)))
        workspace.catalogue.run_index.write(kept, read={each.run_id: None for each in kept})
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results" / "run_list.json")
    parser.add_argument("--repetitions", type=int, default=15)
    parser.add_argument("--runs", type=int, default=300)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, filled(Path(folder), asked.runs) as workspace:
        found = measured(workspace, asked.repetitions)
    medians = {side: statistics.median(turns) for side, turns in found.items()}
    ratio = statistics.median(a / b for a, b in zip(found["folders"], found["index"], strict=True))
    for side, value in medians.items():
        print(
            f"{side:8} {1000 * value:8.1f} ms   ({1000 * min(found[side]):.1f} to {1000 * max(found[side]):.1f})"
        )
    print(f"the index is {ratio:.1f} × faster than the folders; goals: {GOAL_SECONDS} s, {GOAL_RATIO} ×")
    document = {
        "made_by": made_by(),
        "runs": asked.runs,
        "seconds": found,
        "medians": medians,
        "ratio": ratio,
    }
    asked.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
