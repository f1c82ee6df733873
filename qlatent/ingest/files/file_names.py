"""File names: safety checks, equality across spellings, and natural order."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Sequence

from qlatent.ingest.record import RefusedRow

_SYSTEM_FILES = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_LONG = 19  # numbers with at least this many digits are compared as text


def is_system_file(parts: Sequence[str]) -> bool:
    """Whether the file is left by a system or program: dot files, __MACOSX, Thumbs.db, Office lock files (~$)."""
    return any(part.startswith((".", "~$")) or part.lower() in _SYSTEM_FILES for part in parts)


def safe_name(name: str) -> str:
    """The relative path with "/" as separator; raises `RefusedRow` for absolute paths and for "..".

    Backslashes are separators, as in tables and archives made on Windows.
    """
    path = name.strip().replace("\\", "/")
    if path.startswith("/") or re.match(r"^[A-Za-z]:", path):
        raise RefusedRow(f"{name!r} is an absolute path; paths must be relative")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise RefusedRow(f"{name!r} leads out of its folder ('..'), so it is not followed")
    if not parts or "\0" in path:
        raise RefusedRow(f"{name!r} is not a file name")
    return "/".join(parts)


def name_key(name: str) -> str:
    """A key shared by all spellings of a name: macOS decomposes accents, Windows ignores case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key for natural order: part-2 before part-10."""
    return tuple(
        (1, int(piece), "") if piece.isdecimal() and len(piece) < _LONG else (0, 0, piece)
        for piece in re.split(r"(\d+)", name)
    )


def places(reference: str, beside: str) -> tuple[str, str]:
    """The reference resolved from the root and from the table's folder; ".." must not leave the root."""
    folder = posixpath.dirname(beside)
    climbed = posixpath.normpath(posixpath.join(folder, reference.strip().replace("\\", "/")))
    if folder and not climbed.startswith(("..", "/")):
        nearby = safe_name(climbed)
        return (nearby if ".." in reference else safe_name(reference)), nearby
    wanted = safe_name(reference)
    return wanted, wanted
