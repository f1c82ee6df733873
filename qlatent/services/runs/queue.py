"""The queue of runs: start, stop, resume and remove runs of any kind. Torch-free; workers do the work."""

from __future__ import annotations

import hashlib
import logging
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from qlatent.errors import QlatentError, RunError, StoreError
from qlatent.services.runs import event_log, launchers, run_index, specs
from qlatent.services.runs.launchers import Launcher
from qlatent.services.runs.listing import summary
from qlatent.services.runs.specs import RunSpec
from qlatent.settings import settings
from qlatent.store.away import put_away
from qlatent.store.catalogue.records import RunRecord
from qlatent.store.disk import json_bytes
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.runs.run_status import ACTIVE
from qlatent.store.workspace import Workspace

_log = logging.getLogger(__name__)
STARTING_SECONDS = 60.0  # a worker that was started this long ago and never wrote its status is dead


class RunHandle:
    """A run in the shape of a task: running, done, error, progress, cancel(); read anew each time."""

    def __init__(self, workspace: Workspace, run_id: str) -> None:
        self.id, self._workspace = run_id, workspace
        self._folder = workspace.run(run_id)

    @property
    def running(self) -> bool:
        """Whether it is queued or under way."""
        return self._folder.status().state in ACTIVE

    @property
    def done(self) -> bool:
        """Whether it has come to an end, whatever that was."""
        return not self.running

    @property
    def error(self) -> QlatentError | None:
        """Why it failed, or None."""
        status = self._folder.status()
        return RunError(status.error, remedy=status.remedy) if status.state == "failed" else None

    @property
    def progress(self) -> float:
        """How much is done: 0 to 1."""
        return summary(self._workspace, self.id).progress

    def cancel(self) -> None:
        """Ask it to stop; nothing happens to one that has ended."""
        if self.running:
            stop(self._workspace, self.id)


# --- starting ---------------------------------------------------------------------------------------------


def start(
    workspace: Workspace,
    spec: RunSpec,
    *,
    inputs: Mapping[str, Path] | None = None,
    token: str = "",
) -> str:
    """Queue a run with this spec and start it if there is room; returns its id. The rest as in `enqueue`."""
    run_id = enqueue(workspace, spec, inputs=inputs, token=token)
    dispatch(workspace)
    return run_id


def enqueue(
    workspace: Workspace,
    spec: RunSpec,
    *,
    inputs: Mapping[str, Path] | None = None,
    token: str = "",
) -> str:
    """Queue a run with this spec; returns its id.

    `inputs` are files by role; the run keeps copies. A `token` stands for one showing of a form: asked again with it
    for the same, as by a double click, the run that is there is returned.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(spec.created))
    run_id = f"r{stamp}-{secrets.token_hex(4)}"
    folder = RunFolder.create(workspace.runs_path / run_id, spec.document() | {"id": run_id}, inputs=inputs)
    record = RunRecord(run_id, spec.kind, spec.name, spec.dataset, spec.created)
    try:
        wish, entry = _wish(token, spec, inputs or {}), run_index.entry_of(folder)
        queued = workspace.catalogue.add_run(record, token=wish, entry=entry)
    except StoreError:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise
    if queued.id != run_id:
        shutil.rmtree(folder.path, ignore_errors=True)
    return queued.id


def _wish(token: str, spec: RunSpec, inputs: Mapping[str, Path]) -> str | None:
    """What is asked for by whom, without when; None where nobody says who he is."""
    if not token:
        return None
    asked = {key: value for key, value in spec.document().items() if key != "created"}
    files = [(role, file.name, file.stat().st_size) for role, file in sorted(inputs.items())]
    return hashlib.sha256(json_bytes([token, asked, files])).hexdigest()


def dispatch(
    workspace: Workspace, workers: int | None = None, *, launcher: Launcher | None = None
) -> list[str]:
    """Start queued runs while fewer than `workers` are alive; returns their ids.

    By default `settings().max_runs` at once, through `launchers.default()`. A worker that ends starts the next run
    under the same limit.
    """
    workers, launcher = workers or settings().max_runs, launcher or launchers.default()
    started: list[str] = []
    while (run_id := _claim(workspace, workers)) is not None:
        started.append(run_id)
        launcher.launch(workspace, run_id, workers=workers)
    return started


def go_on(workspace: Workspace) -> None:
    """Start what waits, where the workspace can be written; a worker that was killed could not start the next."""
    try:
        if not workspace.problem():
            dispatch(workspace)
    except StoreError:
        _log.warning("what waits is started later", exc_info=True)


def _claim(workspace: Workspace, workers: int) -> str | None:
    claimed = {record.id: record.claimed for record in workspace.catalogue.runs()}
    return workspace.catalogue.claim_run(workers, lambda run_id: _alive(workspace, run_id, claimed))


def _alive(workspace: Workspace, run_id: str, claimed: dict[str, float | None]) -> bool:
    """Whether a run handed out to a worker still has one."""
    try:
        status = workspace.run(run_id).status()
    except StoreError:  # its folder is gone: nobody works on it
        return False
    if status.state != "queued":
        return status.state == "running"
    when = claimed.get(run_id)  # one not listed was handed out after the list was made: just now
    return when is None or time.time() - when < STARTING_SECONDS


# --- stopping and going on --------------------------------------------------------------------------------


def stop(workspace: Workspace, run_id: str) -> None:
    """Ask a run to stop at its next step; a queued one stops at once, an ended one is a `RunError`."""
    folder = workspace.run(run_id)
    state = folder.status().state
    if state not in ACTIVE:
        raise RunError(f"Run {run_id} is not running: it is {state}.", remedy=_next_step(state))
    folder.request_stop()  # also for a queued one: a worker may be starting it this very moment
    if state == "queued" and _leaves_queue(workspace, run_id):
        folder.write_status(state="stopped")
        run_index.record(workspace, run_id)


def _leaves_queue(workspace: Workspace, run_id: str) -> bool:
    """Takes a waiting run out of the queue; where that is away the wish to stop is all a worker needs to know."""
    try:
        if workspace.catalogue.run(run_id).queue_state != "queued":
            return False
        workspace.catalogue.set_queue_state(run_id, "stopped")
    except StoreError:
        _log.warning("the queue does not know yet that %s is stopped", run_id, exc_info=True)
    return True


def _next_step(state: str) -> str:
    if state == "finished":
        return "Start a new run, with more epochs if it should learn longer."
    return "Resume it, or remove it." if state not in ACTIVE else "Stop it first."


def resume(workspace: Workspace, run_id: str, *, workers: int | None = None) -> None:
    """Queue a stopped, interrupted or failed run again; it goes on from its last checkpoint.

    Nothing that it has made is lost by this; `start_over` is for beginning again. A `RunError` when what it learns
    from is not there.
    """
    folder = workspace.run(run_id)
    state = folder.status().state
    if state == "finished":
        raise RunError(f"Run {run_id} is finished.", remedy=_next_step(state))
    if state in ACTIVE:
        raise RunError(f"Run {run_id} is {state} already.", remedy="Wait for it, or stop it.")
    if not event_log.is_trained(folder):
        _check_datasets(workspace, folder)
    workspace.catalogue.run(run_id)  # before anything is written: a catalogue that is away changes nothing
    folder.clear_stop()
    folder.write_status(state="queued", error="", remedy="", pid=None, process_started=None)
    workspace.catalogue.set_queue_state(run_id, "queued")
    dispatch(workspace, workers)


def _check_datasets(workspace: Workspace, folder: RunFolder) -> None:
    dataset = folder.spec.get("dataset")
    if not dataset or (workspace.items.has(dataset) and _recorded(workspace, dataset)):
        return
    raise RunError(
        f"Run {folder.id} cannot go on: its dataset {dataset!r} was removed. Nothing of the run has changed.",
        remedy=f"Bring the dataset back with `qlatent restore {dataset}`, within a day of its removal.",
    )


def _recorded(workspace: Workspace, dataset: str) -> bool:
    return any(record.id == dataset for record in workspace.catalogue.datasets())


def start_over(workspace: Workspace, run_id: str) -> str:
    """Queue a new run that does the same from its first step; returns its id. The old one stays as it is."""
    folder = workspace.run(run_id)
    roles = sorted(path.name for path in (folder.path / "inputs").glob("*"))
    inputs = {role: path for role in roles if (path := folder.input(role)) is not None}
    spec = specs.of(folder).model_copy(update={"id": "", "created": time.time()})
    return start(workspace, spec, inputs=inputs)


def remove(workspace: Workspace, run_id: str) -> None:
    """Take a run out of all lists; heads kept from it stay. For a day `bin.restore` brings it back.

    One that runs is a `RunError`.
    """
    if summary(workspace, run_id).state == "running":  # an unknown id is an error
        raise RunError(f"Run {run_id} is running.", remedy="Stop it first.")
    workspace.catalogue.bin.put("run", run_id)
    put_away(workspace.runs_path / run_id)


def handle(workspace: Workspace, run_id: str) -> RunHandle:
    """The run as a task."""
    return RunHandle(workspace, run_id)
