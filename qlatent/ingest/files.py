"""Named files that belong together: a folder, a few chosen files, or (in `archive`) a zip."""

from __future__ import annotations

import hashlib
import os
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from qlatent.errors import InputError
from qlatent.ingest.cells import RefusedRow
from qlatent.ingest.images import SUFFIXES
from qlatent.types import Refusal

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
_SYSTEM_FILES = frozenset({"__macosx", "thumbs.db", "desktop.ini"})
_CHUNK = 1 << 20


def is_system_file(parts: Sequence[str]) -> bool:
    """True for what operating systems leave behind: dot files, __MACOSX, Thumbs.db."""
    return any(part.startswith(".") or part.lower() in _SYSTEM_FILES for part in parts)


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


class AbstractFiles(ABC):
    """Files by relative name ("a/b.jpg"); what must not be read is in `refusals`, with its number.

    `searches`: a file that a table names is looked for in all sub-folders too.
    """

    refusals: list[Refusal]
    notes: Counter[str]
    searches: bool = True

    @property
    @abstractmethod
    def numbered(self) -> list[tuple[int, str]]:
        """(number from 1, name) of every file that may be read, in the order of the source."""

    @abstractmethod
    def read(self, name: str, *, limit: int) -> bytes:
        """The bytes of a file; a `RefusedRow` when there are more than `limit` or they cannot be read."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """The file as a binary stream."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether a file of exactly this name may be read."""

    @abstractmethod
    def fingerprint(self, names: Iterable[str] | None = None) -> str:
        """Hexadecimal digits that change with any name or content of the files (all, or those named)."""

    @cached_property
    def _by_last_part(self) -> dict[str, str]:
        """Last part of the name → name, where only one file is called so."""
        names = [name for _, name in self.numbered]
        counts = Counter(PurePosixPath(name).name for name in names)
        last = {PurePosixPath(name).name: name for name in names}
        return {part: name for part, name in last.items() if counts[part] == 1}

    def find(self, reference: str, *, beside: str = "") -> str:
        """The file that a table means: beside the table, from the top, or by a file name that is unique."""
        wanted = safe_name(reference)
        nearby = "/".join([*PurePosixPath(beside).parts[:-1], wanted])
        for candidate in (nearby, wanted):
            if self.has(candidate):
                return candidate
        found = self._by_last_part.get(PurePosixPath(wanted).name) if self.searches else None
        if found is not None:
            return found
        refused = {refusal.id: refusal.reason for refusal in self.refusals}
        raise RefusedRow(
            f"{reference!r} {refused[wanted]}" if wanted in refused else f"there is no file {reference!r}"
        )

    def tables(self) -> list[str]:
        """Names of the metadata tables, the likeliest first: nearest to the top, metadata before others."""
        names = [name for _, name in self.numbered if name.lower().endswith(TABLE_SUFFIXES)]
        return sorted(names, key=lambda name: (name.count("/"), "metadata" not in name.lower(), name))

    def images(self) -> list[str]:
        """Names of the files that say they are images."""
        return [name for _, name in self.numbered if name.lower().endswith(SUFFIXES)]


def files_hash(files: AbstractFiles, names: Iterable[str] | None) -> str:
    """Hexadecimal digits over names and contents, ordered by name; unreadable files count by name."""
    digest = hashlib.blake2b(digest_size=16)
    chosen = [name for _, name in files.numbered] if names is None else names
    for name in sorted(set(chosen)):
        try:
            with files.open(name) as stream:
                content = stream_hash(stream)
        except OSError as err:  # its row is refused with the same words
            content = f"unreadable: {err.strerror}"
        digest.update(f"{name}\0{content}\n".encode("utf-8", "replace"))
    return digest.hexdigest()


def stream_hash(stream: BinaryIO) -> str:
    """Hexadecimal digits that name the content of a stream, read a mebibyte at a time."""
    digest = hashlib.blake2b(digest_size=16)
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


class FolderFiles(AbstractFiles):
    """The files of a folder and its sub-folders; links are refused, system files skipped and counted."""

    def __init__(self, folder: Path, *, max_files: int, searches: bool = True) -> None:
        self.searches = searches
        self.folder = folder
        self.max_files = max_files
        self.refusals = []
        self.notes = Counter()

    @cached_property
    def numbered(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        for number, (name, path) in enumerate(self._walk(), start=1):
            if number > self.max_files:
                raise InputError(
                    f"{self.folder.name} holds more than {self.max_files:,} files.",
                    remedy="Choose a smaller folder, or raise QLATENT_MAX_ARCHIVE_FILES.",
                )
            if path.is_symlink():
                self.refusals.append(Refusal(number, "is a link; links are not followed", name))
            else:
                found.append((number, name))
        return found

    def _walk(self) -> Iterable[tuple[str, Path]]:
        for folder, inner, names in os.walk(self.folder, followlinks=False):
            inner.sort()
            for name in sorted([*names, *(part for part in inner if (Path(folder) / part).is_symlink())]):
                path = Path(folder) / name
                relative = path.relative_to(self.folder)
                if is_system_file(relative.parts):
                    self.notes["system files skipped"] += 1
                else:
                    yield relative.as_posix(), path
            inner[:] = [part for part in inner if not is_system_file([part])]

    def has(self, name: str) -> bool:
        path = self.folder / name
        return path.is_file() and path.resolve().is_relative_to(self.folder.resolve())

    def fingerprint(self, names: Iterable[str] | None = None) -> str:
        return files_hash(self, names)

    def read(self, name: str, *, limit: int) -> bytes:
        return read_file(self.folder / name, limit=limit)

    def open(self, name: str) -> BinaryIO:
        return (self.folder / name).open("rb")


class LooseFiles(AbstractFiles):
    """A few files that somebody chose, named by file name (by path where two names are equal)."""

    def __init__(self, paths: Sequence[Path]) -> None:
        counts = Counter(path.name for path in paths)
        top = Path(os.path.commonpath([path.resolve().parent for path in paths]))
        self.paths = {
            path.name if counts[path.name] == 1 else path.resolve().relative_to(top).as_posix(): path
            for path in paths
        }
        self.refusals = []
        self.notes = Counter()

    @cached_property
    def numbered(self) -> list[tuple[int, str]]:
        return list(enumerate(self.paths, start=1))

    def read(self, name: str, *, limit: int) -> bytes:
        return read_file(self.paths[name], limit=limit)

    def open(self, name: str) -> BinaryIO:
        return self.paths[name].open("rb")

    def has(self, name: str) -> bool:
        return name in self.paths

    def fingerprint(self, names: Iterable[str] | None = None) -> str:
        return files_hash(self, names)


def read_file(path: Path, *, limit: int) -> bytes:
    """The bytes of a file on disk; a `RefusedRow` when it is too large or cannot be read."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise RefusedRow(f"the image file has {size:,} bytes; the limit is {limit:,}")
        return path.read_bytes()
    except OSError as err:
        raise RefusedRow(f"cannot be read ({err.strerror})") from err
