"""The folder of a run, written by its worker and read by other processes.

Other processes write two files: `spec.json` when the run is created, and the sentinel file `stop`.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import BadZipFile

from qlatent.errors import StoreError
from qlatent.store.disk import (
    explained,
    json_bytes,
    reserve,
    sync_folder,
    sync_tree,
    write_atomically,
    write_reserved,
)
from qlatent.store.processes import is_alive, this_process
from qlatent.store.runs.run_status import RunStatus

if TYPE_CHECKING:
    import numpy as np

    from qlatent.types import Arrays

CHECKPOINTS_KEPT = 2
_STEP = re.compile(r"step-(\d{8,})")


class RunFolder:
    """The files of one run; every method reads or writes the disk, and nothing is cached."""

    def __init__(self, path: Path | str) -> None:
        """Open an existing run; an unknown run raises `StoreError`."""
        self.path = Path(path)
        if not (self.path / "spec.json").is_file():
            raise StoreError(f"There is no run {self.path.name!r}.", remedy="List runs with `qlatent runs`.")

    @classmethod
    def create(
        cls, path: Path | str, spec: dict[str, Any], *, inputs: Mapping[str, Path] | None = None
    ) -> RunFolder:
        """Create a queued run with this frozen spec; readers see it only once it is complete.

        `inputs` are further input files by role, copied under their own names.
        """
        path = Path(path)
        if path.exists():
            raise StoreError(f"There is already a run {path.name!r}.", remedy="Start it again for a new id.")
        temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        with explained(f"the run {path.name}", path.parent):
            try:
                for name in ("snapshots", "checkpoints", "model"):
                    (temporary / name).mkdir(parents=True, exist_ok=True)
                for role, file in (inputs or {}).items():
                    (temporary / "inputs" / role).mkdir(parents=True)
                    shutil.copyfile(file, temporary / "inputs" / role / file.name)
                write_atomically(temporary / "spec.json", json_bytes(spec, indent=1))
                write_atomically(temporary / "status.json", json_bytes(asdict(RunStatus())))
                reserve(temporary / "status.spare")
                temporary.rename(path)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
            sync_folder(path.parent)
        return cls(path)

    @property
    def id(self) -> str:
        """The id of the run, which is the folder's name."""
        return self.path.name

    @property
    def log_path(self) -> Path:
        """The file of the worker's output."""
        return self.path / "log.txt"

    @property
    def model_path(self) -> Path:
        """The folder of the final model; empty until the run has finished."""
        return self.path / "model"

    def input(self, role: str) -> Path | None:
        """The input file with this role, or None."""
        return next((self.path / "inputs" / role).glob("*"), None)

    @cached_property
    def spec(self) -> dict[str, Any]:
        """The frozen spec of the run; a damaged file raises `StoreError`."""
        try:
            content: dict[str, Any] = json.loads((self.path / "spec.json").read_bytes())
        except (OSError, ValueError) as err:
            raise StoreError(
                f"The spec of run {self.id} cannot be read: {err}.", remedy="Remove the run."
            ) from err
        return content

    def spec_time(self) -> int:
        """The modification time of the spec in ns; it changes only if the spec is replaced."""
        return (self.path / "spec.json").stat().st_mtime_ns

    # --- status -------------------------------------------------------------------------------------------

    def status(self) -> RunStatus:
        """The status of the run; "interrupted" if it is marked running but its process has ended."""
        status = self._written_status()
        if status.state == "running" and not is_alive(status.pid, status.process_started):
            return replace(status, state="interrupted", rate=None, seconds_left=None)
        return status

    def status_time(self) -> int:
        """The modification time of the status in ns; 0 without a status."""
        path = self.path / "status.json"
        return path.stat().st_mtime_ns if path.is_file() else 0

    def write_status(self, status: RunStatus | None = None, **changes: Any) -> RunStatus:
        """Replace the status, or change some of its fields; returns the written status.

        The heartbeat defaults to now. A running run without a pid gets that of this process.
        """
        status = replace(self._written_status() if status is None else status, **changes)
        if "heartbeat" not in changes:
            status = replace(status, heartbeat=time.time())
        if status.state == "running" and status.pid is None:
            me = this_process()
            status = replace(status, pid=int(me["pid"]), process_started=float(me["started"]))
        # only a change of state must survive a power cut; the numbers are rewritten within seconds
        durable = status.state != "running" or "state" in changes
        path, content = self.path / "status.json", json_bytes(asdict(status))
        try:
            write_atomically(path, content, durable=durable)
        except StoreError:  # the final status uses the reserved space
            if status.state == "running" or not self._spare.exists():
                raise
            write_reserved(path, self._spare, content)
        return status

    @property
    def _spare(self) -> Path:
        return self.path / "status.spare"

    def reserve(self) -> None:
        """Reserve space for the final status, in case the disk fills up."""
        reserve(self._spare)

    def _written_status(self) -> RunStatus:
        try:
            content = json.loads((self.path / "status.json").read_bytes())
            return RunStatus.of(content)
        except FileNotFoundError:
            return RunStatus()
        except (ValueError, AttributeError) as err:
            raise StoreError(
                f"The status of run {self.id} cannot be read: {self.path / 'status.json'} is damaged.",
                remedy="Resume the run, or remove it.",
            ) from err

    # --- events -------------------------------------------------------------------------------------------

    def append(self, event: dict[str, Any]) -> None:
        """Append one event as a line, in one write, so that readers see incomplete lines only briefly."""
        line = json_bytes(event) + b"\n"
        with explained("the log of a run", self.path), (self.path / "events.jsonl").open("ab+") as file:
            if _is_torn(file):  # an earlier worker was killed within a line
                line = b"\n" + line
            file.write(line)

    def events(self, after: int = 0) -> tuple[list[dict[str, Any]], int]:
        """The events from a byte offset, and the next offset; an incomplete last line is left for later."""
        try:
            with (self.path / "events.jsonl").open("rb") as file:
                file.seek(after)
                content = file.read()
        except FileNotFoundError:
            return [], after
        whole = content[: content.rfind(b"\n") + 1]
        events = [event for event in map(_event, whole.splitlines()) if event is not None]
        return events, after + len(whole)

    # --- figures ------------------------------------------------------------------------------------------

    def write_figures(self, figures: dict[str, Any]) -> None:
        """Write the measured metrics of the finished run as JSON."""
        write_atomically(self.path / "figures.json", json_bytes(figures))

    def figures(self) -> dict[str, Any]:
        """The measured metrics of the run; empty until it is measured."""
        path = self.path / "figures.json"
        if not path.is_file():
            return {}
        try:
            found: dict[str, Any] = json.loads(path.read_bytes())
        except ValueError as err:
            raise StoreError(f"{path} cannot be read: {err}.", remedy="Delete it and measure again.") from err
        return found

    def has_figures(self) -> bool:
        """Whether the run has been measured."""
        return (self.path / "figures.json").is_file()

    def measured_at(self) -> int:
        """When the metrics were written, in nanoseconds since 1970; 0 before."""
        path = self.path / "figures.json"
        return path.stat().st_mtime_ns if path.is_file() else 0

    def write_ranked(self, ranked: dict[str, Any]) -> None:
        """Write the ranked documents of each query of a retrieval evaluation as JSON."""
        write_atomically(self.path / "ranked.json", json_bytes(ranked))

    def ranked(self) -> dict[str, Any]:
        """The ranked documents of each query; raises `StoreError` until the worker has written them."""
        try:
            found: dict[str, Any] = json.loads((self.path / "ranked.json").read_bytes())
        except (FileNotFoundError, ValueError) as err:
            raise StoreError(
                f"Run {self.id} has no ranked documents (yet).", remedy="Wait for the worker."
            ) from err
        return found

    # --- arrays -------------------------------------------------------------------------------------------

    def write_probe(self, arrays: Arrays) -> None:
        """Write the fixed probe set, one entry per array, unchanged."""
        self._write_arrays(self.path / "probe.npz", arrays)

    def probe(self, names: Collection[str] | None = None) -> Arrays:
        """The probe set, or those arrays of it that exist; raises `StoreError` until the worker has written it."""
        return self._read_arrays(self.path / "probe.npz", names=names)

    def write_snapshot(self, step: int, arrays: Arrays) -> Path:
        """Write the latents (n_probe, k) of the probe set at a step as float32, one entry per modality."""
        path = self.path / "snapshots" / f"step-{step:08d}.npz"
        self._write_arrays(path, {name: array.astype("<f4", copy=False) for name, array in arrays.items()})
        return path

    def snapshot(self, step: int) -> Arrays:
        """The latents (n_probe, k) float32 of the probe set at a step that `snapshot_steps` lists."""
        return self._read_arrays(self.path / "snapshots" / f"step-{step:08d}.npz")

    def write_views(self, name: str, arrays: Arrays) -> None:
        """Write arrays of the watched pairs of views by name: their images, or their latents and states at a step."""
        (self.path / "views").mkdir(exist_ok=True)
        self._write_arrays(self.path / "views" / f"{name}.npz", arrays)

    def views(self, name: str) -> Arrays:
        """The arrays of watched views of this name; raises `StoreError` until they are written."""
        return self._read_arrays(self.path / "views" / f"{name}.npz")

    def write_layout(self, arrays: Arrays) -> None:
        """Write the rows and places of a layout, with what is needed to place further items."""
        self._write_arrays(self.path / "layout.npz", arrays)

    def layout(self) -> Arrays:
        """The arrays of a layout; raises `StoreError` until the worker has written them."""
        return self._read_arrays(self.path / "layout.npz")

    def write_shares(self, arrays: Arrays) -> None:
        """Write the part (n_probe,) of each probe item in the final loss."""
        self._write_arrays(self.path / "shares.npz", arrays)

    def shares(self) -> Arrays | None:
        """The parts of the probe items in the final loss; None if they were not written."""
        path = self.path / "shares.npz"
        return self._read_arrays(path) if path.is_file() else None

    def write_queries(self, arrays: Arrays) -> None:
        """Write the retrieval metrics of each held-out query, one entry per metric, with the queries' rows."""
        self._write_arrays(self.path / "queries.npz", arrays)

    def queries(self) -> Arrays:
        """The retrieval metrics of each held-out query; raises `StoreError` until they are written."""
        path = self.path / "queries.npz"
        older = self.path / "views" / "queries.npz"  # the path in earlier versions
        return self._read_arrays(older if older.exists() and not path.exists() else path)

    def snapshot_steps(self) -> list[int]:
        """The steps with a snapshot, ascending."""
        return _steps(self.path / "snapshots", ending=".npz")

    def _write_arrays(self, path: Path, arrays: Arrays) -> None:
        import numpy as np

        buffer = io.BytesIO()
        np.savez(buffer, allow_pickle=False, **arrays)
        write_atomically(path, buffer.getvalue(), durable=False)

    def _read_arrays(self, path: Path, *, names: Collection[str] | None = None) -> Arrays:
        import numpy as np

        try:
            with np.load(path, allow_pickle=False) as content:
                wanted = [name for name in content.files if names is None or name in names]
                arrays: dict[str, np.ndarray] = {name: content[name] for name in wanted}
        except FileNotFoundError as err:
            raise StoreError(
                f"Run {self.id} has no {path.name} (yet).", remedy="Wait for the worker."
            ) from err
        except (ValueError, EOFError, BadZipFile) as err:  # ValueError: pickled objects, which numpy refuses
            raise StoreError(
                f"{path.name} of run {self.id} holds no arrays: {err}.",
                remedy="Resume the run, or remove it.",
            ) from err
        return arrays

    # --- checkpoints --------------------------------------------------------------------------------------

    def latest_checkpoint(self) -> Path | None:
        """The complete checkpoint of the highest step, or None."""
        steps = _steps(self.path / "checkpoints")
        return self._checkpoint_path(steps[-1]) if steps else None

    @contextmanager
    def checkpoint(self, step: int) -> Iterator[Path]:
        """A temporary folder for a checkpoint, which gets its final name when the block ends without an error.

        The last two checkpoints are kept. An error inside the block, or a kill, leaves earlier checkpoints unchanged.
        """
        root = self.path / "checkpoints"
        for leftover in root.glob(".*"):
            shutil.rmtree(leftover)
        temporary = root / f".step-{step:08d}.tmp"
        with explained(f"the checkpoint of step {step}", root):
            try:
                temporary.mkdir()
                yield temporary
                sync_tree(temporary)
            except BaseException:
                shutil.rmtree(temporary, ignore_errors=True)
                raise
            self._install_checkpoint(temporary, self._checkpoint_path(step))

    def _install_checkpoint(self, temporary: Path, final: Path) -> None:
        if final.exists():  # a resumed run reached this step again
            final.rename(final.with_name(f".{final.name}.old"))
        temporary.rename(final)
        sync_folder(final.parent)
        shutil.rmtree(final.with_name(f".{final.name}.old"), ignore_errors=True)
        for step in _steps(final.parent)[:-CHECKPOINTS_KEPT]:
            # renamed first, so that no reader finds an incomplete checkpoint
            old = self._checkpoint_path(step)
            old.rename(old.with_name(f".{old.name}.old"))
            shutil.rmtree(old.with_name(f".{old.name}.old"))

    def _checkpoint_path(self, step: int) -> Path:
        return self.path / "checkpoints" / f"step-{step:08d}"

    def drop_checkpoints(self) -> None:
        """Delete all checkpoints, for finished runs with large checkpoints."""
        for step in _steps(self.path / "checkpoints"):
            shutil.rmtree(self._checkpoint_path(step))

    # --- stopping -----------------------------------------------------------------------------------------

    def request_stop(self) -> None:
        """Request the worker to stop at its next step."""
        with explained("the stop request", self.path):
            (self.path / "stop").touch()

    def stop_requested(self) -> bool:
        """Whether a stop of the run was requested."""
        return (self.path / "stop").exists()

    def clear_stop(self) -> None:
        """Withdraw the stop request, before a resume."""
        (self.path / "stop").unlink(missing_ok=True)


def _event(line: bytes) -> dict[str, Any] | None:
    """The event of a line, or None for an incomplete line of a killed worker."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None


def _is_torn(file: BinaryIO) -> bool:
    if file.seek(0, os.SEEK_END) == 0:
        return False
    file.seek(-1, os.SEEK_END)
    return file.read(1) != b"\n"


def _steps(folder: Path, *, ending: str = "") -> list[int]:
    names = (entry.name.removesuffix(ending) for entry in folder.iterdir() if entry.name.endswith(ending))
    return sorted(int(match[1]) for match in map(_STEP.fullmatch, names) if match)
