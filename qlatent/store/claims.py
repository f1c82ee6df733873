"""Claims: a folder that says which process is writing something, and holds what it has not published yet.

A claim whose process is gone is a leftover of a crash; `sweep` removes it.
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
# whether a process of another machine is alive cannot be seen; no import takes as long as this
_LONGEST_SECONDS = 48 * 3600.0
_WAIT_STEP_SECONDS = 0.05
_LOCK_POLL_SECONDS = 0.002  # it is held for as long as a folder takes to rename


class HeldError(StoreError):
    """Somebody else holds the claim."""


class Claims:
    """The claims below one folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @contextmanager
    def hold(
        self, name: str, *, wait: float = 0.0, what: str = "", meanwhile: Callable[[], None] | None = None
    ) -> Iterator[Path]:
        """The folder of a claim that nobody else holds; it goes with all it contains when the block ends.

        `wait` is for how many seconds to try; then a `HeldError`. `meanwhile` is called again and again while
        waiting; what it raises ends the wait. `what` is the thing in the error's words, the name by default.
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
        """The folder of a claim whose process is gone, with all that it left; None when there is none (any more).

        It goes when the block ends well. After an error it is left as it was, for whoever comes next.
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
        """The names of the claims whose process is gone, sorted."""
        return sorted(folder.name for folder in self._folders() if not _is_held(folder))

    def living(self) -> list[str]:
        """The names of the claims whose process is alive."""
        return [folder.name for folder in self._folders() if _is_held(folder)]

    def sweep(self) -> list[str]:
        """Removes the claims of processes that are gone, and names them."""
        if not self._folders(hidden=True):
            return []
        with self._alone():
            dead = [folder for folder in self._folders() if not _is_held(folder)]
            for folder in dead:
                _discard(folder)
            for folder in self._folders(hidden=True):
                if folder.name.startswith("."):  # killed while it took or gave back a claim
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
            # made complete under another name first: a claim without an owner never exists
            complete = _hidden(folder)
            complete.mkdir()
            (complete / _OWNER).write_text(json.dumps(this_process()))
            complete.rename(folder)
            return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else takes or sweeps meanwhile: what looks dead could else be taken anew while we remove it."""
        # the system gives it back when the process dies
        with FileLock(self._root / _LOCK, poll_interval=_LOCK_POLL_SECONDS):
            yield


def _hidden(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.{uuid.uuid4().hex}")


def _discard(folder: Path) -> None:
    # under another name first: whoever looks sees the claim whole or not at all
    grave = _hidden(folder)
    try:
        folder.rename(grave)
    except FileNotFoundError:  # not there, or given back in this moment
        return
    shutil.rmtree(grave, ignore_errors=True)


def _is_held(folder: Path) -> bool:
    try:
        owner = (folder / _OWNER).read_text()
        age = time.time() - (folder / _OWNER).stat().st_mtime
    except FileNotFoundError:  # given back in this moment
        return False
    return age < _LONGEST_SECONDS and still_there(owner)
