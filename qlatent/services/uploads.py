"""Folders for uploads: their names say which process made them, so that what a crash left can be deleted."""

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
    """An empty folder in the system's place for temporary files."""
    me = this_process()
    return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{me['pid']}-{int(float(me['started']))}-"))


@contextmanager
def temporary() -> Iterator[Path]:
    """A folder for uploads that are used at once; it goes with the block."""
    folder = new_folder()
    try:
        yield folder
    finally:
        delete(folder)


def delete(folder: Path) -> None:
    """Delete a folder of uploads; one that is gone is no error."""
    shutil.rmtree(folder, ignore_errors=True)


def sweep() -> list[str]:
    """Delete the uploads of processes that are gone, and those of an unknown process after a day; their names."""
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
