"""Workers of a job that are killed at several moments: nothing is done twice, and the results are the same."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from qlatent.hardware.work import RunOptions
from qlatent.services.hardware import listing, results
from qlatent.services.runs import launchers, queue
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.hardware.executing import furnished, queued, request
from tests.services.run_workspace import add, pairs

ITEMS = 12_000  # 47 parts
MOMENTS = [
    "prepared.json",
    "plan.json",
    "device/*/work.json",
    "device/*/part-000002.npz",
    "device/*/part-000020.npz",
]


def worked(workspace: Workspace, job: str, *, until: str = "") -> None:
    """Start a worker process, and kill it as soon as a file is there; without a file wait for its end."""
    command = [sys.executable, "-m", "qlatent.worker", str(workspace.path), job]
    process = subprocess.Popen(command, env=os.environ, cwd=Path(__file__).parents[3])
    deadline = time.monotonic() + 240
    while until and process.poll() is None and time.monotonic() < deadline:
        if any(workspace.run(job).path.glob(until)):
            process.send_signal(signal.SIGKILL)
        time.sleep(0.001)
    process.wait(timeout=240)


@pytest.mark.slow
def test_a_job_killed_at_five_moments_ends_as_an_unbroken_one(tmp_path: Path) -> None:
    workspace, head = furnished(tmp_path / "workspace")
    add(workspace, "many", pairs(ITEMS, seed=1))
    asked = request(head, dataset="many", device="shots", items=0, options=RunOptions(shots=500))
    unbroken, broken = (queued(workspace, asked) for _ in range(2))
    with launchers.using(LauncherDouble()):
        for moment in MOMENTS:
            worked(workspace, broken, until=moment)
            assert workspace.run(broken).status().state == "interrupted"
            queue.resume(workspace, broken)
    parts = list(workspace.run(broken).path.glob("device/*/part-*.npz"))
    made = {each: each.stat().st_mtime_ns for each in parts}
    assert len(parts) > 20
    worked(workspace, broken)
    assert listing.job(workspace, broken).state == "done"
    assert {each: each.stat().st_mtime_ns for each in parts} == made  # not computed again
    assert len(list(workspace.run(broken).path.glob("device/*"))) == 1
    kept = results.read(workspace, broken)
    queue.remove(workspace, broken)  # else the other would answer from it
    worked(workspace, unbroken)
    np.testing.assert_array_equal(results.read(workspace, unbroken).expectations, kept.expectations)
