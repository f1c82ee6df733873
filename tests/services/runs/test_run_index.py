"""The run index against the run folders, which are authoritative."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qlatent import worker
from qlatent.errors import StoreError
from qlatent.services.runs import listing, queue, run_index, specs
from qlatent.services.runs.specs import VectorTraining
from qlatent.services.training import sweeps, training_key
from qlatent.services.training.start import training_spec
from qlatent.services.workspaces import open_workspace, tend
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.workspace import Workspace
from tests.launchers import LauncherDouble
from tests.services.run_workspace import request, small


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory):
    """One workspace for all tests; they leave no run behind."""
    with small(tmp_path_factory.mktemp("runs") / "workspace") as workspace:
        yield workspace


@pytest.fixture
def workspace(stored: Workspace, no_workers: LauncherDouble, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(worker.signal, "signal", lambda *ignored: None)  # pytest keeps its own
    yield stored
    for record in stored.catalogue.runs():
        shutil.rmtree(stored.runs_path / record.id, ignore_errors=True)
        stored.catalogue.remove_run(record.id)


@pytest.fixture
def spec(stored: Workspace) -> VectorTraining:
    found = training_spec(stored, request())
    assert isinstance(found, VectorTraining)
    return found


def ended(workspace: Workspace, spec: VectorTraining, state: str = "finished", **status: Any) -> RunFolder:
    """A run that has ended according to the index."""
    folder = workspace.run(queue.enqueue(workspace, spec))
    folder.write_status(state=state, **status)
    workspace.catalogue.set_queue_state(folder.id, state)
    run_index.record(workspace, folder.id)
    return folder


def entry(workspace: Workspace, run_id: str):
    return workspace.catalogue.run_index.run(run_id)[1]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the run files read from now on."""
    names: list[str] = []
    read = Path.read_bytes

    def noted(path: Path) -> bytes:
        names.append(path.name)
        return read(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    return names


def test_a_list_opens_only_the_folders_of_active_runs(
    workspace: Workspace, spec: VectorTraining, opened: list[str]
) -> None:
    for state in ("finished", "failed", "stopped"):
        ended(workspace, spec, state, step=7, steps=9, error="why", remedy="what")
    waiting = queue.enqueue(workspace, spec.model_copy(update={"part_of": "a table"}))
    opened.clear()
    listed = listing.list_runs(workspace, "train")
    assert opened == ["status.json"]  # of the one that waits
    assert sorted(each.state for each in listed) == ["failed", "finished", "queued", "stopped"]
    assert {each.head for each in listed} == {"acqua"}
    assert [each.part_of for each in listed if each.id == waiting] == ["a table"]
    for each in listed:
        assert each.status == workspace.run(each.id).status()


def test_the_spec_of_a_run_is_read_when_it_is_asked_for_and_once(
    workspace: Workspace, spec: VectorTraining, opened: list[str]
) -> None:
    folder = ended(workspace, spec)
    run_index._spec.cache_clear()
    opened.clear()
    for _ in range(3):
        assert listing.summary(workspace, folder.id).spec == specs.read(spec.document() | {"id": folder.id})
    assert opened == ["spec.json"]
    (folder.path / "spec.json").write_text(json.dumps(spec.document() | {"encoder": "put in its place"}))
    assert listing.summary(workspace, folder.id).encoder == "put in its place"


def test_a_worker_that_ends_tells_the_index(workspace: Workspace, spec: VectorTraining) -> None:
    folder = workspace.run(queue.enqueue(workspace, spec))
    assert worker.work(workspace, folder) == "finished"
    found = entry(workspace, folder.id)
    assert (found.state, found.seen) == ("finished", folder.status_time())
    folder = workspace.run(queue.enqueue(workspace, spec))
    folder.request_stop()
    worker.work(workspace, folder)
    assert entry(workspace, folder.id).state == "stopped"


def test_a_resumed_run_is_active_in_the_index_again(workspace: Workspace, spec: VectorTraining) -> None:
    folder = ended(workspace, spec, "stopped")
    queue.resume(workspace, folder.id)
    assert entry(workspace, folder.id).state == "queued"
    folder.write_status(state="running")
    assert listing.summary(workspace, folder.id).state == "running"


def test_a_queued_run_that_is_stopped_is_stopped_in_the_index(
    workspace: Workspace, spec: VectorTraining, opened: list[str]
) -> None:
    run = queue.enqueue(workspace, spec)
    queue.stop(workspace, run)
    opened.clear()
    assert listing.summary(workspace, run).state == "stopped"
    assert opened == []


def test_a_killed_worker_is_noticed_and_its_run_stays_active_in_the_index(
    workspace: Workspace, spec: VectorTraining
) -> None:
    folder = workspace.run(queue.enqueue(workspace, spec))
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        folder.write_status(state="running", pid=process.pid, process_started=time.time())
        assert listing.summary(workspace, folder.id).state == "running"
    finally:
        process.kill()
        process.wait()
    assert listing.summary(workspace, folder.id).state == "interrupted"
    run_index.rebuild(workspace)
    assert entry(workspace, folder.id).state == "running"  # who was killed is found out by looking
    assert listing.summary(workspace, folder.id).state == "interrupted"


def test_a_deleted_index_is_rebuilt_identically(workspace: Workspace, spec: VectorTraining) -> None:
    for state in ("finished", "failed", "stopped"):
        ended(workspace, spec, state, step=7, error="why")
    queue.enqueue(workspace, spec)
    before, listed = workspace.catalogue.run_index.runs(), listing.list_runs(workspace)
    workspace.catalogue.run_index.clear()
    assert listing.list_runs(workspace) == listed  # from the folders
    assert run_index.rebuild(workspace) == 4
    assert workspace.catalogue.run_index.runs() == before
    assert run_index.refresh(workspace) == 0


def test_opening_the_workspace_updates_outdated_entries(workspace: Workspace, spec: VectorTraining) -> None:
    stale, lost = ended(workspace, spec), ended(workspace, spec)
    stale.write_status(state="failed", error="restored from an old copy")
    shutil.rmtree(lost.path)
    tend(workspace)
    assert listing.summary(workspace, stale.id).status.error == "restored from an old copy"
    assert listing.summary(workspace, lost.id).state == "failed"
    assert "There is no run" in listing.summary(workspace, lost.id).message


def test_a_run_whose_spec_cannot_be_read_is_listed_as_failed(
    workspace: Workspace, spec: VectorTraining
) -> None:
    damaged, whole = ended(workspace, spec), ended(workspace, spec)
    (damaged.path / "spec.json").write_text("{", encoding="utf-8")
    run_index._spec.cache_clear()
    run_index.rebuild(workspace)
    states = {each.id: each.state for each in listing.list_runs(workspace)}
    assert states == {damaged.id: "failed", whole.id: "finished"}
    assert "spec of run" in listing.summary(workspace, damaged.id).message
    assert listing.summary(workspace, damaged.id).spec is None


def test_stopping_needs_no_catalogue(
    workspace: Workspace, spec: VectorTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = queue.enqueue(workspace, spec)

    def away(*arguments: object, **named: object) -> None:
        raise StoreError("The catalogue is away.")

    with monkeypatch.context() as patch:
        patch.setattr("qlatent.store.catalogue.connection.Database.rows", away)
        patch.setattr("qlatent.store.catalogue.connection.Database.writing", away)
        queue.stop(workspace, run)
    assert workspace.run(run).stop_requested()
    assert listing.summary(workspace, run).state == "stopped"  # the folder says so


def test_a_worker_that_cannot_reach_the_catalogue_ends_and_the_folder_counts(
    workspace: Workspace, spec: VectorTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = workspace.run(queue.enqueue(workspace, spec))

    def away(*arguments: object, **named: object) -> None:
        raise StoreError("The catalogue is away.")

    with monkeypatch.context() as patch:
        patch.setattr("qlatent.store.catalogue.run_index.RunIndex.write", away)
        assert worker.work(workspace, folder) == "finished"
    assert entry(workspace, folder.id).state == "queued"
    assert listing.summary(workspace, folder.id).state == "finished"
    run_index.refresh(workspace)
    assert entry(workspace, folder.id).state == "finished"


@pytest.mark.slow
def test_another_process_sees_what_one_has_written(workspace: Workspace, spec: VectorTraining) -> None:
    folder = ended(workspace, spec, step=5, steps=5)
    script = """
import sys
from qlatent.services.runs import listing, queue
from qlatent.store.workspace import Workspace
workspace = Workspace.open(sys.argv[1], create=False)
print([(run.id, run.state, run.status.step) for run in listing.list_runs(workspace)])
"""
    command = [sys.executable, "-c", script, str(workspace.path)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert out.strip() == str([(folder.id, "finished", 5)])


def test_a_workspace_that_cannot_be_written_lists_its_runs(
    stored: Workspace, workspace: Workspace, spec: VectorTraining, tmp_path: Path
) -> None:
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("only root can mount a folder read-only")
    folder, waiting = ended(workspace, spec), queue.enqueue(workspace, spec)
    shutil.copytree(stored.path, tmp_path / "copy")
    mounted = subprocess.run(
        ["mount", "--bind", "-o", "ro", tmp_path / "copy", tmp_path / "copy"], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    try:
        with open_workspace(tmp_path / "copy") as opened:
            states = {each.id: each.state for each in listing.list_runs(opened)}
            assert opened.problem()
    finally:
        subprocess.run(["umount", "-l", tmp_path / "copy"], check=True)
    assert states == {folder.id: "finished", waiting: "queued"}


# --- the key of what was trained ---------------------------------------------------------------------------


def test_keys_are_made_once_and_stand_in_the_index(
    workspace: Workspace, spec: VectorTraining, opened: list[str]
) -> None:
    folder = ended(workspace, spec)
    assert entry(workspace, folder.id).training_key == ""
    key = training_key.training_key(spec)
    assert list(sweeps.known(workspace)) == [key]
    assert entry(workspace, folder.id).training_key == key
    run_index._spec.cache_clear()
    opened.clear()
    assert sweeps.known(workspace)[key].id == folder.id
    assert opened == []


def test_keys_that_other_code_made_are_made_again(
    workspace: Workspace, spec: VectorTraining, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = ended(workspace, spec)
    sweeps.known(workspace)
    before = entry(workspace, folder.id)
    monkeypatch.setattr(training_key, "_code", lambda: "01234567")
    training_key._digested.cache_clear()
    try:
        (key,) = sweeps.known(workspace)
    finally:
        training_key._digested.cache_clear()
    assert key == f"01234567-{before.training_key.partition('-')[2]}"
    assert entry(workspace, folder.id) == replace(before, training_key=key)


def test_keys_follow_the_code_of_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "configs.py").write_text("width = 2")
    monkeypatch.setattr(training_key, "PACKAGE", tmp_path)
    code = training_key._code.__wrapped__
    before = code()
    assert (before, len(before)) == (code(), 8)
    (tmp_path / "configs.py").write_text("width = 3")
    assert code() != before


def test_many_runs_are_asked_for_at_once(workspace: Workspace, spec: VectorTraining) -> None:
    ids = [ended(workspace, spec).id for _ in range(3)]
    assert [each.id for each in listing.summaries(workspace, ids[::-1])] == ids[::-1]
    assert listing.summaries(workspace, []) == []
    with pytest.raises(StoreError, match="There is no run 'gone'"):
        listing.summaries(workspace, [*ids, "gone"])


def test_measured_metrics_of_a_run_are_returned(workspace: Workspace, spec: VectorTraining) -> None:
    folder = ended(workspace, spec)
    assert listing.measured(workspace, folder.id) == {}
    folder.write_figures({"metrics": {"stress": 0.5}})
    assert listing.measured(workspace, folder.id) == {"metrics": {"stress": 0.5}}
