"""The queue: start, stop, resume and remove runs of any kind; workers carry them out. Torch-free."""

from __future__ import annotations

import hashlib
import logging
import secrets
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from qlatent.actors import own_name
from qlatent.errors import QlatentError, RunError, StoreError
from qlatent.services.runs import event_log, launchers, run_index, specs
from qlatent.services.runs.launchers import Launcher
from qlatent.services.runs.listing import summary
from qlatent.services.runs.specs import RunSpec
from qlatent.settings import settings
from qlatent.store.away import put_away
from qlatent.store.catalogue.records import RunRecord
from qlatent.store.disk import json_bytes
from qlatent.store.runs.job_files import JobFiles
from qlatent.store.runs.run_folder import RunFolder
from qlatent.store.runs.run_status import ACTIVE
from qlatent.store.workspace import Workspace

_log = logging.getLogger(__name__)
STARTING_SECONDS = 60.0  # a worker without a status after this time is dead


class RunHandle:
    """A run with the interface of a task: running, done, error, progress, cancel(); each access reads anew."""

    def __init__(self, workspace: Workspace, run_id: str) -> None:
        self.id, self._workspace = run_id, workspace
        self._folder = workspace.run(run_id)

    @property
    def running(self) -> bool:
        """Whether the run is queued or running."""
        return self._folder.status().state in ACTIVE

    @property
    def done(self) -> bool:
        """Whether the run has ended, in any state."""
        return not self.running

    @property
    def error(self) -> QlatentError | None:
        """The error of a failed run, or None."""
        status = self._folder.status()
        return RunError(status.error, remedy=status.remedy) if status.state == "failed" else None

    @property
    def progress(self) -> float:
        """The completed share, 0 to 1."""
        return summary(self._workspace, self.id).progress

    def cancel(self) -> None:
        """Request the run to stop; does nothing if it has ended."""
        if self.running:
            stop(self._workspace, self.id)


# --- starting ---------------------------------------------------------------------------------------------


def start(
    workspace: Workspace,
    spec: RunSpec,
    *,
    inputs: Mapping[str, Path] | None = None,
    token: str = "",
    owner: str = "",
) -> str:
    """Queue a run with this spec and start it if there is room; returns its id. Arguments as in `enqueue`."""
    run_id = enqueue(workspace, spec, inputs=inputs, token=token, owner=owner)
    dispatch(workspace)
    return run_id


def enqueue(
    workspace: Workspace,
    spec: RunSpec,
    *,
    inputs: Mapping[str, Path] | None = None,
    token: str = "",
    owner: str = "",
) -> str:
    """Queue a run with this spec; returns its id. `owner` is who made it, by default `own_name()`.

    `inputs` are files by role; the run keeps copies. A `token` identifies one rendering of a form: a repeated request
    with the same token, as by a double click, returns the existing run.
    """
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(spec.created))
    run_id = f"r{stamp}-{secrets.token_hex(4)}"
    folder = RunFolder.create(workspace.runs_path / run_id, spec.document() | {"id": run_id}, inputs=inputs)
    record = RunRecord(run_id, spec.kind, spec.name, spec.dataset, spec.created, owner=owner or own_name())
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
    """A key of the request and its token, without the time; None without a token."""
    if not token:
        return None
    asked = {key: value for key, value in spec.document().items() if key != "created"}
    files = [(role, file.name, file.stat().st_size) for role, file in sorted(inputs.items())]
    return hashlib.sha256(json_bytes([token, asked, files])).hexdigest()


def dispatch(
    workspace: Workspace, workers: int | None = None, *, launcher: Launcher | None = None
) -> list[str]:
    """Start queued runs while fewer than `workers` are alive; returns their ids.

    The defaults are `settings().max_runs` and `launchers.default()`. A worker that ends starts the next run under the
    same limit.
    """
    workers, launcher = workers or settings().max_runs, launcher or launchers.default()
    started: list[str] = []
    while (run_id := _claim(workspace, workers)) is not None:
        started.append(run_id)
        launcher.launch(workspace, run_id, workers=workers)
    return started


def go_on(workspace: Workspace) -> None:
    """Start waiting runs if the workspace can be written, since a killed worker cannot start the next run."""
    try:
        if not workspace.problem():
            dispatch(workspace)
    except StoreError:
        _log.warning("waiting runs are started later", exc_info=True)


def _claim(workspace: Workspace, workers: int) -> str | None:
    records = workspace.catalogue.runs()
    claimed = {record.id: record.claimed for record in records}
    return workspace.catalogue.claim_run(
        workers,
        lambda run_id: _alive(workspace, run_id, claimed),
        beside=[each.id for each in records if _computes_elsewhere(workspace, each)],
    )


def _computes_elsewhere(workspace: Workspace, record: RunRecord) -> bool:
    """Whether a queued or running job is on a remote device, so that its worker only waits for it."""
    if record.kind != "hardware" or record.queue_state not in ACTIVE:
        return False
    try:
        spec = run_index.spec_in(workspace.runs_path / record.id)
    except (StoreError, OSError):  # its folder is gone or damaged
        return False
    return isinstance(spec, specs.HardwareJob) and spec.remote


def _alive(workspace: Workspace, run_id: str, claimed: dict[str, float | None]) -> bool:
    """Whether the worker of a run that left the queue is alive."""
    try:
        status = workspace.run(run_id).status()
    except StoreError:  # its folder is gone, so no worker has it
        return False
    if status.state != "queued":
        return status.state == "running"
    when = claimed.get(run_id)  # a run missing from the list left the queue after the list was read
    return when is None or time.time() - when < STARTING_SECONDS


# --- stopping and resuming --------------------------------------------------------------------------------


def stop(workspace: Workspace, run_id: str) -> None:
    """Request a run to stop at its next step; a queued run stops at once, an ended run raises `RunError`."""
    folder = workspace.run(run_id)
    state = folder.status().state
    if state not in ACTIVE:
        raise RunError(f"Run {run_id} is not running: it is {state}.", remedy=_next_step(state))
    folder.request_stop()  # for a queued run too, since a worker may be starting it now
    if state == "queued" and _leaves_queue(workspace, run_id):
        folder.write_status(state="stopped")
        run_index.record(workspace, run_id)


def _leaves_queue(workspace: Workspace, run_id: str) -> bool:
    """Remove a run from the queue; if the catalogue is away, the stop request is enough for the worker."""
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
    """Queue a stopped, interrupted or failed run again; it resumes from its last checkpoint.

    All its files are kept; use `start_over` to begin again. A run whose dataset was removed raises `RunError`.
    """
    folder = workspace.run(run_id)
    state = folder.status().state
    if state == "finished":
        raise RunError(f"Run {run_id} is finished.", remedy=_next_step(state))
    if state in ACTIVE:
        raise RunError(f"Run {run_id} is {state} already.", remedy="Wait for it, or stop it.")
    if not (event_log.is_trained(folder) or JobFiles(folder).has("prepared")):
        _check_datasets(workspace, folder)
    workspace.catalogue.run(run_id)  # first, so that nothing is written if the catalogue is away
    folder.clear_stop()
    folder.write_status(state="queued", error="", remedy="", pid=None, process_started=None)
    workspace.catalogue.set_queue_state(run_id, "queued")
    dispatch(workspace, workers)


def _check_datasets(workspace: Workspace, folder: RunFolder) -> None:
    dataset = folder.spec.get("dataset")
    if not dataset or (workspace.items.has(dataset) and _recorded(workspace, dataset)):
        return
    raise RunError(
        f"Run {folder.id} cannot resume: its dataset {dataset!r} was removed. The run is unchanged.",
        remedy=f"Restore the dataset with `qlatent restore {dataset}` within a day of its removal.",
    )


def _recorded(workspace: Workspace, dataset: str) -> bool:
    return any(record.id == dataset for record in workspace.catalogue.datasets())


def start_over(workspace: Workspace, run_id: str) -> str:
    """Queue a new run with the same spec, from the first step; returns its id. The old run is unchanged."""
    folder = workspace.run(run_id)
    roles = sorted(path.name for path in (folder.path / "inputs").glob("*"))
    inputs = {role: path for role in roles if (path := folder.input(role)) is not None}
    spec = specs.of(folder).model_copy(update={"id": "", "created": time.time()})
    return start(workspace, spec, inputs=inputs)


def remove(workspace: Workspace, run_id: str) -> None:
    """Move a run to the bin; heads kept from it stay. `bin.restore` undoes this for a day.

    A running run raises `RunError`.
    """
    if summary(workspace, run_id).state == "running":  # raises for an unknown id
        raise RunError(f"Run {run_id} is running.", remedy="Stop it first.")
    workspace.catalogue.bin.put("run", run_id)
    put_away(workspace.runs_path / run_id)


def handle(workspace: Workspace, run_id: str) -> RunHandle:
    """A handle of the run with the interface of a task."""
    return RunHandle(workspace, run_id)
