"""Atomic and durable writes, and clear errors for full and read-only disks."""

from __future__ import annotations

import errno
import json
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qlatent.errors import StoreError
from qlatent.json_values import plain

RESERVED = 4096
_LEAST_BYTES = 200_000  # with less free space the disk counts as full; not even a database works
_FULL = (errno.ENOSPC, errno.EDQUOT)
_DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
# lance reports the operating system's error as text inside a RuntimeError
_FULL_WORDS = ("No space left on device", "Disk quota exceeded", "database or disk is full", "os error 28")
_DENIED_WORDS = (
    "Permission denied",
    "Read-only file system",
    "readonly database",
    "os error 13",
    "os error 30",
)


def size_words(size: float) -> str:
    """A number of bytes as text, such as "812 bytes" or "3.4 MB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" or size >= 10 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def free_bytes(path: Path) -> int:
    """Free bytes on the disk of this path, which need not exist."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def disk_full(what: str, path: Path, *, needed: int | None = None, free: int | None = None) -> StoreError:
    """The error for a full disk: the needed and the free space, and that nothing was stored.

    If there was enough space at the start (`needed` and `free` bytes), it reports the space that is free now.
    """
    now = free_bytes(path)
    found = now if free is None else max(free, 0)
    if needed is None:
        said = f"{size_words(now)} free"
    elif needed <= found:
        said = f"it filled up meanwhile, {size_words(now)} are free now"
    elif size_words(needed) == size_words(found):
        said = f"more than {needed:,} bytes needed, {found:,} bytes free"
    else:
        said = f"more than {size_words(needed)} needed, {size_words(found)} free"
    return StoreError(
        f"No room on the disk for {what}: {said}; nothing was stored.",
        remedy=f"Free some space, or set QLATENT_WORKSPACE to a folder on a larger disk than that of {path}.",
    )


def unwritable(path: Path) -> StoreError | None:
    """The error for a folder that is read-only or on a full disk; None if it can be written."""
    if not path.is_dir():
        return None
    if not os.access(path, os.W_OK):  # false for read-only mounts too
        return not_writable(path)
    if free_bytes(path) < _LEAST_BYTES:
        return StoreError(
            f"The disk of {path} is full: {size_words(free_bytes(path))} free.",
            remedy="Free some space to continue; until then the workspace can only be read.",
        )
    return None


def not_writable(path: Path) -> StoreError:
    """The error for a folder that can be read but not written."""
    return StoreError(
        f"The folder {path} cannot be written: it is read-only for this user.",
        remedy="Change its permissions, or set QLATENT_WORKSPACE to a folder of your own.",
    )


@contextmanager
def explained(what: str, path: Path, *, needed: int | None = None, free: int | None = None) -> Iterator[None]:
    """Convert errors of a full disk or read-only folder from Python, Arrow, LanceDB or SQLite into `StoreError`.

    `needed` and `free` are in bytes; without `free`, the free space is measured when the error occurs.
    """
    try:
        yield
    except StoreError:
        raise
    except Exception as err:
        number = err.errno if isinstance(err, OSError) else None
        words = str(err)
        if number in _FULL or any(word in words for word in _FULL_WORDS):
            raise disk_full(what, path, needed=needed, free=free) from err
        if number in _DENIED or any(word in words for word in _DENIED_WORDS):
            raise not_writable(path) from err
        raise


def write_atomically(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace a file atomically; with `durable`, it is synced to disk before this returns."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    with explained(path.name, path.parent, needed=len(content)):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                if durable:
                    file.flush()
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if durable:
            sync_folder(path.parent)


def reserve(path: Path) -> None:
    """Reserve space for a short file that must be written even on a full disk; see `write_reserved`."""
    if not path.exists():
        write_atomically(path, b" " * RESERVED, durable=False)


def write_reserved(path: Path, spare: Path, content: bytes) -> None:
    """Replace a text file atomically, in the space of `reserve`; the rest is filled with spaces."""
    if len(content) > RESERVED:
        raise disk_full(path.name, path.parent, needed=len(content), free=RESERVED)
    with explained(path.name, path.parent):
        with spare.open("r+b") as file:
            file.write(content.ljust(RESERVED))
            file.flush()
            os.fsync(file.fileno())
        spare.replace(path)


def json_bytes(value: Any, *, indent: int | None = None) -> bytes:
    """A value as strict JSON in UTF-8; numpy numbers become plain numbers, NaN and infinity become null."""
    return json.dumps(plain(value), ensure_ascii=False, allow_nan=False, indent=indent).encode()


def sync_folder(folder: Path) -> None:
    """Sync a folder's directory entries to disk, where the system supports it."""
    if os.name != "posix":  # Windows cannot open a folder, and its renames are durable
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: Path) -> None:
    """Sync all files below a folder to disk."""
    for place, _, files in os.walk(folder):
        for name in files:
            with Path(place, name).open("rb") as file:
                os.fsync(file.fileno())
        sync_folder(Path(place))
