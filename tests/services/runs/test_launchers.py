"""Launchers: the choice of the queue, and the process of a local launcher."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from qlatent.services.runs import launchers, queue
from qlatent.services.runs.launchers import LocalLauncher
from qlatent.services.runs.specs import ImageProbe
from qlatent.store.processes import is_alive
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble

SPEC = ImageProbe(name="x", dataset=None, created=1.0, run="unheard-of", threads=3)


@pytest.fixture
def workspace(tmp_path: Path):
    with Workspace.open(tmp_path / "workspace") as opened:
        yield opened


def test_the_queue_starts_runs_through_the_launcher_it_is_given(
    workspace: Workspace, no_workers: LauncherDouble
) -> None:
    own = LauncherDouble()
    run = queue.enqueue(workspace, SPEC)
    assert queue.dispatch(workspace, 1, launcher=own) == own.launched == [run]
    assert no_workers.launched == []


def test_a_launcher_counts_until_its_block_ends_however_it_ends(no_workers: LauncherDouble) -> None:
    inner = LauncherDouble()
    with pytest.raises(RuntimeError), launchers.using(inner):
        assert launchers.default() is inner
        raise RuntimeError
    assert launchers.default() is no_workers


def test_the_default_is_a_process_of_this_machine() -> None:
    assert isinstance(launchers.default(), LocalLauncher)


@pytest.mark.slow
def test_a_local_launcher_starts_a_worker_of_its_own_session_and_names_it(workspace: Workspace) -> None:
    folder = workspace.run(queue.enqueue(workspace, SPEC))
    LocalLauncher().launch(workspace, folder.id, workers=2)
    first = folder.status()
    assert first.pid not in (None, os.getpid())
    deadline = time.monotonic() + 60
    while is_alive(first.pid, first.process_started) and time.monotonic() < deadline:
        time.sleep(0.05)
    status = folder.status()
    assert (status.state, status.pid) == ("failed", first.pid)  # there is nothing to probe, and it said so
    assert "unheard-of" in folder.log_path.read_text(encoding="utf-8")


def test_the_worker_is_told_its_threads_and_how_many_runs_may_work(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = {}

    class Process:
        pid = os.getpid()

        def __init__(self, command, **options) -> None:
            told.update(options, command=command)

        def wait(self) -> None: ...

    monkeypatch.setattr(launchers.subprocess, "Popen", Process)
    run = queue.enqueue(workspace, SPEC)
    LocalLauncher().launch(workspace, run, workers=2)
    assert told["command"][1:] == ["-m", "qlatent.worker", str(workspace.path), run]
    assert told["start_new_session"]
    assert (told["env"]["OMP_NUM_THREADS"], told["env"]["QLATENT_MAX_RUNS"]) == ("3", "2")
