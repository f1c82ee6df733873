"""Names of files: safe ones, equal ones in other spellings, and the order in which people count them."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Sequence

from qlatent.ingest.record import RefusedRow

_SYSTEM_FILES = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_LONG = 19  # digits from which a number is compared as text


def is_system_file(parts: Sequence[str]) -> bool:
    """True for what systems and programs leave behind: dot files, __MACOSX, Thumbs.db, the locks of Office (~$)."""
    return any(part.startswith((".", "~$")) or part.lower() in _SYSTEM_FILES for part in parts)


def safe_name(name: str) -> str:
    """A relative path with "/" that stays inside; a `RefusedRow` for absolute ones and for "..".

    Backslashes are separators: tables and archives made on Windows have them.
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
    """What all spellings of one name share: macOS writes accents as letters of their own, Windows ignores case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def natural_key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Orders names as people count: part-2 before part-10."""
    return tuple(
        (1, int(piece), "") if piece.isdecimal() and len(piece) < _LONG else (0, 0, piece)
        for piece in re.split(r"(\d+)", name)
    )


def places(reference: str, beside: str) -> tuple[str, str]:
    """A reference from the top and beside its table; ".." may climb from there, but not out of the whole."""
    folder = posixpath.dirname(beside)
    climbed = posixpath.normpath(posixpath.join(folder, reference.strip().replace("\\", "/")))
    if folder and not climbed.startswith(("..", "/")):
        nearby = safe_name(climbed)
        return (nearby if ".." in reference else safe_name(reference)), nearby
    wanted = safe_name(reference)
    return wanted, wanted
