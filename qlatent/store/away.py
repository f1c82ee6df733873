"""Folders of what was removed: beside the others, out of their sight, and as they were."""

from __future__ import annotations

import shutil
from pathlib import Path

_AWAY = ".removed"


def place(folder: Path) -> Path:
    """Where a folder is while it is away."""
    return folder.parent / _AWAY / folder.name


def put_away(folder: Path) -> None:
    """Takes a folder out of sight, in one act; nothing to do where there is none."""
    if folder.is_dir():
        place(folder).parent.mkdir(exist_ok=True)
        folder.rename(place(folder))


def bring_back(folder: Path) -> None:
    """Puts a folder where it was; nothing to do where it was never away."""
    if place(folder).is_dir() and not folder.exists():
        place(folder).rename(folder)


def discard(folder: Path) -> None:
    """Deletes a folder that is away, or still to be put there."""
    for path in (folder, place(folder)):
        shutil.rmtree(path, ignore_errors=True)
