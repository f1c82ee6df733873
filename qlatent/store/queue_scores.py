"""Keep what was learned from the decisions of a queue: one file of arrays for each, beside the catalogue.

A file is computed from decisions and items, so it may be deleted at any time.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock, Timeout
from numpy.typing import NDArray

from qlatent.store.claims import HeldError
from qlatent.store.disk import explained, write_atomically
from qlatent.types import Arrays

_BESIDE = "beside "


@dataclass(frozen=True, eq=False)
class QueueScores:
    """Values of the cases of a queue, by item, and what they rest on as JSON values."""

    about: dict[str, Any]
    items: NDArray[np.bytes_]  # (n,) sorted ids in UTF-8
    values: Arrays  # name → (n,), NaN where unknown
    beside: Arrays  # arrays of any shape that are not by item

    def of(self, item: str) -> dict[str, float] | None:
        """The values of one item that are known, or None for an item without."""
        name = np.bytes_(item.encode())
        place = int(np.searchsorted(self.items, name))
        if place == len(self.items) or self.items[place] != name:
            return None
        found = {key: float(each[place]) for key, each in self.values.items()}
        return {key: each for key, each in found.items() if np.isfinite(each)}


def write(
    file: Path, items: list[str], values: Arrays, about: dict[str, Any], beside: Arrays | None = None
) -> QueueScores:
    """Replace what was learned of a queue in its file (`Workspace.scores`); a full disk raises `StoreError`."""
    ids = np.array([each.encode() for each in items], dtype=np.bytes_)
    order = np.argsort(ids)
    stored = QueueScores(
        about, ids[order], {key: np.asarray(each, np.float32)[order] for key, each in values.items()}, beside or {}
    )  # fmt: skip
    content = io.BytesIO()
    written = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    arrays = stored.values | {f"{_BESIDE}{key}": each for key, each in stored.beside.items()}
    np.savez(content, about=written, items=stored.items, allow_pickle=False, **arrays)
    with explained("scores of a queue", file.parent, needed=content.getbuffer().nbytes):
        file.parent.mkdir(exist_ok=True)
        write_atomically(file, content.getvalue())
    return stored


@contextmanager
def alone(file: Path, *, wait: float) -> Iterator[None]:
    """Be the only process that learns from a queue; if another still does after `wait` seconds, raises `HeldError`."""
    with explained("scores of a queue", file.parent):
        file.parent.mkdir(exist_ok=True)
        lock = FileLock(file.with_suffix(".lock"))  # the system releases it when the process ends
        try:
            lock.acquire(timeout=wait)
        except Timeout:
            raise HeldError(
                "Another process is learning from the decisions of this queue.",
                remedy="Wait until it is done, then try again.",
            ) from None
    try:
        yield
    finally:
        lock.release()


def read(file: Path) -> QueueScores | None:
    """What was learned of a queue last; None before, or where the file cannot be read."""
    try:
        return _read(file, file.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):  # none yet, or damaged: learned again
        return None


@lru_cache(maxsize=8)
def _read(file: Path, stamp: int) -> QueueScores:
    with np.load(io.BytesIO(file.read_bytes()), allow_pickle=False) as content:
        found = {name: content[name] for name in content.files}
    about = json.loads(found.pop("about").tobytes())
    items = found.pop("items")
    beside = {name.removeprefix(_BESIDE): found.pop(name) for name in list(found) if name.startswith(_BESIDE)}
    return QueueScores(about, items, found, beside)
