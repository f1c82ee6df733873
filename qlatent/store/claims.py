"""Claims: folders that name the process which is writing something, and hold its unpublished files.

A claim of an ended process is a leftover of a crash; `sweep` removes it.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

from qlatent.errors import StoreError
from qlatent.store.disk import explained
from qlatent.store.processes import still_there, this_process

_OWNER = "owner.json"
_LOCK = ".lock"
# for claims of other machines, whose processes cannot be checked; no import takes this long
_LONGEST_SECONDS = 48 * 3600.0
_WAIT_STEP_SECONDS = 0.05
_LOCK_POLL_SECONDS = 0.002  # the lock is held only while a folder is renamed


class HeldError(StoreError):
    """Another process holds the claim."""


class Claims:
    """The claims below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def hold(
        self, name: str, *, wait: float = 0.0, what: str = "", meanwhile: Callable[[], None] | None = None
    ) -> Iterator[Path]:
        """Take a claim and yield its folder, which is deleted with its contents when the block ends.

        After `wait` seconds without success, it raises `HeldError`. `meanwhile` is called repeatedly while waiting; its
        exceptions end the wait. `what` describes the claimed thing in the error, by default its name.
        """
        folder = self._root / name
        with explained(what or f"{name!r}", self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            deadline = time.monotonic() + wait
            while not self._taken(folder):
                if time.monotonic() >= deadline:
                    raise HeldError(
                        f"{what or repr(name)} is being written by another process.",
                        remedy="Wait until it is done, then try again.",
                    )
                if meanwhile is not None:
                    meanwhile()
                time.sleep(_WAIT_STEP_SECONDS)
        try:
            yield folder
        finally:
            _discard(folder)

    @contextmanager
    def inherit(self, name: str) -> Iterator[Path | None]:
        """Take over the claim of an ended process and yield its folder, or None if there is none.

        The folder is deleted when the block ends without an error; after an error it is left for the next caller.
        """
        folder = self._root / name
        with self._alone():
            found = folder.is_dir() and not _is_held(folder)
            if found:
                (folder / _OWNER).write_text(json.dumps(this_process()))
        try:
            yield folder if found else None
        except BaseException:
            if found:
                (folder / _OWNER).unlink(missing_ok=True)
            raise
        if found:
            _discard(folder)

    def left(self) -> list[str]:
        """The names of the claims of ended processes, sorted."""
        return sorted(folder.name for folder in self._folders() if not _is_held(folder))

    def living(self) -> list[str]:
        """The names of the claims of living processes."""
        return [folder.name for folder in self._folders() if _is_held(folder)]

    def sweep(self) -> list[str]:
        """Remove the claims of ended processes; returns their names."""
        if not self._folders(hidden=True):
            return []
        with self._alone():
            dead = [folder for folder in self._folders() if not _is_held(folder)]
            for folder in dead:
                _discard(folder)
            for folder in self._folders(hidden=True):
                if folder.name.startswith("."):  # killed while taking or releasing a claim
                    shutil.rmtree(folder, ignore_errors=True)
        return [folder.name for folder in dead]

    def _folders(self, *, hidden: bool = False) -> list[Path]:
        entries = self._root.iterdir() if self._root.is_dir() else ()
        return [entry for entry in entries if entry.is_dir() and (hidden or not entry.name.startswith("."))]

    def _taken(self, folder: Path) -> bool:
        with self._alone():
            if _is_held(folder):
                return False
            _discard(folder)
            # completed under another name first, so that every claim has an owner
            complete = _hidden(folder)
            complete.mkdir()
            (complete / _OWNER).write_text(json.dumps(this_process()))
            complete.rename(folder)
            return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Exclude other takers and sweepers, so that a dead claim is not taken again while it is removed."""
        # the system releases the lock when the process ends
        with FileLock(self._root / _LOCK, poll_interval=_LOCK_POLL_SECONDS):
            yield


def _hidden(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")


def _discard(folder: Path) -> None:
    # under another name first, so that readers see a complete claim or none
    grave = _hidden(folder)
    try:
        folder.rename(grave)
    except FileNotFoundError:  # absent, or released in the meantime
        return
    shutil.rmtree(grave, ignore_errors=True)


def _is_held(folder: Path) -> bool:
    try:
        owner = (folder / _OWNER).read_text()
        age = time.time() - (folder / _OWNER).stat().st_mtime
    except FileNotFoundError:  # released in the meantime
        return False
    return age < _LONGEST_SECONDS and still_there(owner)
