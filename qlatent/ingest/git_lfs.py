"""Pointer files of Git LFS: a few lines of text that stand where a file was not fetched."""

from __future__ import annotations

from qlatent.errors import InputError

_START = b"version https://git-lfs.github.com/spec/"
POINTER_BYTES = 128
"""So many first bytes are enough for `is_pointer`."""


def is_pointer(start: bytes) -> bool:
    """Whether a file that begins so is a pointer of Git LFS and not the file itself."""
    return start.lstrip(b"\xef\xbb\xbf").startswith(_START)


def check_not_pointer(start: bytes, *, name: str) -> None:
    """Raises an `InputError` when a file that begins so is only a pointer."""
    if is_pointer(start):
        raise InputError(
            f"{name} is a Git LFS pointer and not the file itself.",
            remedy="Fetch the file with `git lfs pull`, then import it.",
        )
