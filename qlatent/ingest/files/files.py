"""Sets of named files: a folder, a few chosen files, or (in `archive`) a zip."""

from __future__ import annotations

import hashlib
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from qlatent.errors import InputError
from qlatent.ingest.files.file_names import is_system_file, name_key, places
from qlatent.ingest.files.packed import PACKED
from qlatent.ingest.image_check import SUFFIXES
from qlatent.ingest.record import RefusedRow
from qlatent.types import Refusal

TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet", ".xlsx", ".xlsm")
ARCHIVE_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
_CHUNK = 1 << 20


class AbstractFiles(ABC):
    """Files by relative name ("a/b.jpg"); files that must not be read are in `refusals`, with their numbers.

    `searches`: whether a file named by a table is also searched in all subfolders.
    """

    refusals: list[Refusal]
    notes: Counter[str]
    searches: bool = True

    @property
    @abstractmethod
    def numbered(self) -> list[tuple[int, str]]:
        """(number, name) of every readable file in the order of the source, numbered from 1."""

    @abstractmethod
    def read(self, name: str, *, limit: int) -> bytes:
        """The bytes of a file; `RefusedRow` if they exceed `limit` or cannot be read."""

    @abstractmethod
    def open(self, name: str) -> BinaryIO:
        """The file as a binary stream."""

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether there is a readable file of exactly this name."""

    @abstractmethod
    def fingerprint(self, names: Iterable[str] | None = None) -> str:
        """Hexadecimal hash of names and contents of the given files, or of all."""

    def spellings(self, name: str) -> tuple[str, ...]:
        """The names by which a table may refer to a file; several if an archive does not declare its code page."""
        return (name,)

    def alike(self, name: str) -> list[str]:
        """The files with this name in any letter case and Unicode form."""
        return self._by_key.get(name_key(name), [])

    def on_disk(self, name: str) -> Path | None:
        """The path of a file, or None inside an archive."""
        return None

    @cached_property
    def _by_key(self) -> dict[str, list[str]]:
        return self._keyed(lambda name: name)

    @cached_property
    def _by_last_part(self) -> dict[str, list[str]]:
        return self._keyed(lambda name: PurePosixPath(name).name)

    def _keyed(self, part: Callable[[str], str]) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for _, name in self.numbered:
            for key in {name_key(part(spelling)) for spelling in self.spellings(name)}:
                found.setdefault(key, []).append(name)
        return found

    def find(self, reference: str, *, beside: str = "") -> str:
        """The file that a table refers to: relative to the table, relative to the root, or by a unique file name.

        An exact match takes precedence over one in other letter case or Unicode form. Raises `RefusedRow` if there is
        no match, or if two files differ only in case or form.
        """
        wanted, nearby = places(reference, beside)
        candidates = tuple(dict.fromkeys((nearby, wanted)))
        exact = next((name for name in candidates if self.has(name)), None)
        if exact is not None:
            return exact
        for name in candidates:
            if alike := self.alike(name):
                return _only(alike, reference)
        found = self._by_last_part.get(name_key(PurePosixPath(wanted).name), []) if self.searches else []
        if len(found) == 1:
            return found[0]
        refused = {name_key(refusal.id): refusal.reason for refusal in self.refusals}
        reason = refused.get(name_key(wanted))
        raise RefusedRow(f"{reference!r} {reason}" if reason else f"there is no file {reference!r}")

    def tables(self) -> list[str]:
        """Names of metadata tables, most likely first: nearest to the root, "metadata" before others."""
        names = [name for _, name in self.numbered if _is_table(name.lower())]
        return sorted(names, key=lambda name: (name.count("/"), "metadata" not in name.lower(), name))

    def images(self) -> list[str]:
        """Names of files with an image extension."""
        return [name for _, name in self.numbered if name.lower().endswith(SUFFIXES)]


def _is_table(lower: str) -> bool:
    return lower.endswith(TABLE_SUFFIXES) or lower.endswith(tuple(f"{ending}.gz" for ending in PACKED))


def _only(alike: list[str], reference: str) -> str:
    if len(alike) > 1:
        raise RefusedRow(
            f"{reference!r} may be {alike[0]!r} or {alike[1]!r}: they differ in letter case alone"
        )
    return alike[0]


def files_hash(files: AbstractFiles, names: Iterable[str] | None) -> str:
    """Hexadecimal hash of names and contents, ordered by name; unreadable files count by name only."""
    digest = hashlib.blake2b(digest_size=16)
    chosen = [name for _, name in files.numbered] if names is None else names
    for name in sorted(set(chosen)):
        try:
            with files.open(name) as stream:
                content = stream_hash(stream)
        except OSError as err:  # its row is refused later
            content = f"unreadable: {err.strerror}"
        digest.update(f"{name}\0{content}\n".encode("utf-8", "replace"))
    return digest.hexdigest()


def stream_hash(stream: BinaryIO) -> str:
    """Hexadecimal hash of the content of a stream, read in chunks of one mebibyte."""
    digest = hashlib.blake2b(digest_size=16)
    while chunk := stream.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


class FolderFiles(AbstractFiles):
    """The files of a folder and its subfolders; links are refused, system files skipped and counted."""

    def __init__(self, folder: Path, *, max_files: int, searches: bool = True) -> None:
        self.searches = searches
        self.folder = folder
        self.max_files = max_files
        self._listed: dict[str, dict[str, list[str]]] = {}
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

    def alike(self, name: str) -> list[str]:
        """As in the base class; beside a table only folders on the path are listed, as the rest may be large."""
        if self.searches:
            return super().alike(name)
        found = [""]
        for part in PurePosixPath(name).parts:
            key = name_key(part)
            found = [f"{folder}{real}/" for folder in found for real in self._inside(folder).get(key, [])]
        return [path.rstrip("/") for path in found if self.has(path.rstrip("/"))]

    def _inside(self, folder: str) -> dict[str, list[str]]:
        if folder not in self._listed:
            keyed = self._listed[folder] = {}
            with suppress(OSError):  # a missing or unreadable folder has no matches
                for path in sorted((self.folder / folder).iterdir()):
                    keyed.setdefault(name_key(path.name), []).append(path.name)
        return self._listed[folder]

    def has(self, name: str) -> bool:
        path = self.folder / name
        try:
            return path.is_file() and path.resolve().is_relative_to(self.folder.resolve())
        except OSError:  # not a valid file name
            return False

    def fingerprint(self, names: Iterable[str] | None = None) -> str:
        return files_hash(self, names)

    def read(self, name: str, *, limit: int) -> bytes:
        return read_file(self.folder / name, limit=limit)

    def on_disk(self, name: str) -> Path | None:
        return self.folder / name

    def open(self, name: str) -> BinaryIO:
        return (self.folder / name).open("rb")


class LooseFiles(AbstractFiles):
    """A few chosen files, named by file name, or by path if two names are equal."""

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

    def on_disk(self, name: str) -> Path | None:
        return self.paths[name]

    def open(self, name: str) -> BinaryIO:
        return self.paths[name].open("rb")

    def has(self, name: str) -> bool:
        return name in self.paths

    def fingerprint(self, names: Iterable[str] | None = None) -> str:
        return files_hash(self, names)


def read_file(path: Path, *, limit: int) -> bytes:
    """The bytes of a file on disk; `RefusedRow` if it is too large or cannot be read."""
    try:
        size = path.stat().st_size
        if size > limit:
            raise RefusedRow(f"the image file has {size:,} bytes; the limit is {limit:,}")
        return path.read_bytes()
    except OSError as err:
        raise RefusedRow(f"cannot be read ({err.strerror})") from err
