"""Move the folders of removed runs, heads and experiments aside, and back."""

from __future__ import annotations

import shutil
from pathlib import Path

_AWAY = ".removed"


def place(folder: Path) -> Path:
    """The path of a folder while it is moved aside."""
    return folder.parent / _AWAY / folder.name


def put_away(folder: Path) -> None:
    """Move a folder aside atomically; does nothing if there is none."""
    if folder.is_dir():
        place(folder).parent.mkdir(exist_ok=True)
        folder.rename(place(folder))


def bring_back(folder: Path) -> None:
    """Move a folder back; does nothing if it was not moved aside."""
    if place(folder).is_dir() and not folder.exists():
        place(folder).rename(folder)


def discard(folder: Path) -> None:
    """Delete a folder, whether it was moved aside or not."""
    for path in (folder, place(folder)):
        shutil.rmtree(path, ignore_errors=True)
