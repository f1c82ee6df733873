"""A disk that fills up during a run: the run fails with the reason, and its files stay readable."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qlatent import worker
from qlatent.errors import StoreError
from qlatent.services.runs import heartbeat, queue
from qlatent.services.runs.specs import Encoding
from qlatent.services.training.execution import Recorder
from qlatent.services.training.start import start_training
from qlatent.store import disk
from qlatent.store.runs import run_folder
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.run_workspace import request, small


@pytest.fixture
def workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_workers: LauncherDouble
) -> Iterator[Workspace]:
    monkeypatch.setattr(worker.signal, "signal", lambda *ignored: None)
    with small(tmp_path / "workspace") as opened:
        yield opened


class Disk:
    """A switch for a full disk, on which creating or growing a file fails."""

    full = False

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        open_, sync = Path.open, disk.os.fsync

        def opened(path: Path, mode: str = "r", *arguments: Any, **named: Any) -> Any:
            if self.full and set(mode) & set("wax"):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return open_(path, mode, *arguments, **named)

        monkeypatch.setattr(Path, "open", opened)
        monkeypatch.setattr(disk.os, "fsync", sync)


def filled_at(step: int, full: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Recorder._step

    def written(self: Recorder, event: Any) -> None:
        full.full = full.full or event.step == step
        write(self, event)

    monkeypatch.setattr(Recorder, "_step", written)


def test_a_run_fails_with_its_reason_even_when_no_byte_is_left(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_training(workspace, request())
    full = Disk(monkeypatch)
    filled_at(6, full, monkeypatch)
    assert worker.work(workspace, workspace.run(run_id)) == "failed"
    status = workspace.run(run_id).status()
    assert (status.state, status.step, status.steps) == ("failed", 6, 16)
    assert "No room on the disk" in status.error
    assert "Free some space" in status.remedy
    full.full = False
    monkeypatch.undo()
    monkeypatch.setattr(worker.signal, "signal", lambda *ignored: None)
    queue.resume(workspace, run_id)
    assert worker.work(workspace, workspace.run(run_id)) == "finished"


def test_the_reason_waits_for_free_space(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = start_training(workspace, request())
    full, tries = Disk(monkeypatch), []
    filled_at(6, full, monkeypatch)

    def no_room(*_: Any) -> None:
        tries.append(1)
        full.full = len(tries) < 3  # then somebody has made room
        raise StoreError("No room on the disk for status.json")

    monkeypatch.setattr(run_folder, "write_reserved", no_room)
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", 0.01)
    assert worker.work(workspace, workspace.run(run_id)) == "failed"
    assert len(tries) == 3
    assert workspace.run(run_id).status().state == "failed"


def test_a_run_that_cannot_even_begin_is_failed_and_not_left_in_the_queue(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_training(workspace, request())
    workspace.run(run_id).write_status(state="queued")
    full = Disk(monkeypatch)
    full.full = True
    assert worker.work(workspace, workspace.run(run_id)) == "failed"
    assert workspace.run(run_id).status().state == "failed"
    assert "No room on the disk" in workspace.run(run_id).status().error


def test_a_worker_whose_log_is_full_ends_in_order(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = start_training(workspace, request())

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "full")

    def broken(*_: Any) -> None:
        raise StoreError("the store is broken")

    monkeypatch.setattr(worker.traceback, "print_exc", full)
    monkeypatch.setattr(worker, "work_of", lambda job: broken)
    assert worker.work(workspace, workspace.run(run_id)) == "failed"
    assert "the store is broken" in workspace.run(run_id).status().error


def test_reading_a_workspace_that_cannot_be_written_starts_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, no_workers: LauncherDouble
) -> None:
    run_id = queue.enqueue(
        workspace, Encoding(name="x", dataset="pairs", created=1.0, encoder="builtin", settings={})
    )
    with monkeypatch.context() as patch:
        patch.setattr(disk, "free_bytes", lambda path: 0)
        queue.go_on(workspace)
        assert "is full" in workspace.problem()
    assert no_workers.launched == []
    queue.go_on(workspace)
    assert no_workers.launched == [run_id]
