"""Temporary folders for uploads, named by their process so that leftovers of a crash can be deleted."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qlatent.store.processes import is_alive, this_process

PREFIX = "qlatent-upload-"
_OWNED = re.compile(rf"{PREFIX}(\d+)-(\d+)-")
_DAY = 86_400.0


def new_folder() -> Path:
    """A new empty folder in the system's temporary directory."""
    me = this_process()
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{me['pid']}-{int(float(me['started']))}-"))


@contextmanager
def temporary() -> Iterator[Path]:
    """A folder for uploads that is deleted at the end of the block."""
    folder = new_folder()
    try:
        yield folder
    finally:
        delete(folder)


def delete(folder: Path) -> None:
    """Delete a folder of uploads if it exists."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep() -> list[str]:
    """Delete uploads of ended processes, and those of unknown processes after a day; returns the folders' names."""
    found = Path(tempfile.gettempdir()).glob(f"{PREFIX}*")
    gone = [folder for folder in found if folder.is_dir() and _is_abandoned(folder)]
    for folder in gone:
        delete(folder)
    return [folder.name for folder in gone]


def _is_abandoned(folder: Path) -> bool:
    owned = _OWNED.match(folder.name)
    if owned:
        return not is_alive(int(owned[1]), float(owned[2]))
    return time.time() - folder.stat().st_mtime > _DAY
