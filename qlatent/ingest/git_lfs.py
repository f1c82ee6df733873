"""Detect Git LFS pointer files: short text files in place of files that were not fetched."""

from __future__ import annotations

from qlatent.errors import InputError

_START = b"version https://git-lfs.github.com/spec/"
POINTER_BYTES = 128
"""Number of leading bytes that `is_pointer` needs."""


def is_pointer(start: bytes) -> bool:
    """Whether a file with these leading bytes is a Git LFS pointer."""
    return start.lstrip(b"\xef\xbb\xbf").startswith(_START)


def check_not_pointer(start: bytes, *, name: str) -> None:
    """Raises `InputError` if a file with these leading bytes is a Git LFS pointer."""
    if is_pointer(start):
        raise InputError(
            f"{name} is a Git LFS pointer and not the file itself.",
            remedy="Fetch the file with `git lfs pull`, then import it.",
        )
