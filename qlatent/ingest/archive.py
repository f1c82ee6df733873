"""The files of a zip, read in place: nothing is unpacked to disk, and what is unsafe is refused by name."""

from __future__ import annotations

import io
import stat
import weakref
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from typing_extensions import Buffer

from qlatent.errors import InputError
from qlatent.ingest.cells import RefusedRow
from qlatent.ingest.file_names import is_system_file, safe_name
from qlatent.ingest.files import ARCHIVE_SUFFIXES, AbstractFiles, stream_hash
from qlatent.ingest.limits import Limits
from qlatent.types import Refusal

_RATIO_COUNTS_FROM = 1_000_000  # bytes; below, even the strongest packing harms nobody
_UTF8_NAME = 0x800  # the flag that says so
_CODE_PAGES = ("cp850", "cp1252", "cp866", "cp1251", "cp932", "gbk", "euc_kr")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, ValueError)


class ZipFiles(AbstractFiles):
    """The safe entries of a zip by name; one that unpacks to more than the limit is an `InputError`."""

    def __init__(self, path: Path, *, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self.refusals = []
        self.notes = Counter()
        try:
            stream = path.open("rb")
            weakref.finalize(self, stream.close)  # a preview may be kept for long, and nobody ends it
            self._zip = zipfile.ZipFile(stream)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as err:
            raise InputError(
                f"{path.name} is not a zip archive, or it is damaged ({err}).",
                remedy="Make the archive again and check that it was copied completely.",
            ) from err
        self._check_total()
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._spellings: dict[str, tuple[str, ...]] = {}

    def _check_total(self) -> None:
        entries = self._zip.infolist()
        if len(entries) > self.limits.max_archive_files:
            raise InputError(
                f"{self.path.name} has {len(entries):,} entries; "
                f"the limit is {self.limits.max_archive_files:,}.",
                remedy="Split the archive, or raise QLATENT_MAX_ARCHIVE_FILES.",
            )
        total = sum(entry.file_size for entry in entries)
        if total > self.limits.max_archive_bytes:
            raise InputError(
                f"{self.path.name} unpacks to {total:,} bytes; "
                f"the limit is {self.limits.max_archive_bytes:,}.",
                remedy="Split the archive, or raise QLATENT_MAX_ARCHIVE_BYTES if you trust it.",
            )

    @cached_property
    def numbered(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        number = 0
        for entry in self._zip.infolist():
            if entry.is_dir():
                continue
            parts = PurePosixPath(entry.filename.replace("\\", "/")).parts
            if ".." not in parts and is_system_file(parts):
                self.notes["system files skipped"] += 1
                continue
            number += 1
            try:
                name = self._checked_name(entry)
            except RefusedRow as refused:
                self.refusals.append(Refusal(number, str(refused), entry.filename))
            else:
                self._entries[name] = entry
                found.append((number, name))
        return found

    def _checked_name(self, entry: zipfile.ZipInfo) -> str:
        """The name of a safe entry; a `RefusedRow` says what is wrong with any other."""
        name, *others = (safe_name(spelling) for spelling in names_of(entry))
        mode = entry.external_attr >> 16
        growth = entry.file_size / max(entry.compress_size, 1)
        if entry.flag_bits & 0x1:
            raise RefusedRow("is encrypted; make the archive without a password")
        if stat.S_ISLNK(mode):
            raise RefusedRow("is a link; links are not followed")
        if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
            raise RefusedRow("is not an ordinary file")
        if name.lower().endswith(ARCHIVE_SUFFIXES):
            raise RefusedRow("is an archive inside the archive; unpack it first")
        if entry.compress_type not in _METHODS:
            raise RefusedRow(
                f"is packed with method {entry.compress_type}, which cannot be read; use plain zip"
            )
        if entry.file_size > _RATIO_COUNTS_FROM and growth > self.limits.max_archive_ratio:
            raise RefusedRow(
                f"would grow {growth:,.0f}-fold when unpacked; "
                f"the limit is {self.limits.max_archive_ratio}-fold"
            )
        if name in self._entries:
            raise RefusedRow("its name appears twice in the archive")
        if others:
            self._spellings[name] = (name, *others)
        return name

    def spellings(self, name: str) -> tuple[str, ...]:
        return self._spellings.get(name, (name,))

    def read(self, name: str, *, limit: int) -> bytes:
        size = self._entry(name).file_size
        if size > limit:
            raise RefusedRow(f"the image file has {size:,} bytes; the limit is {limit:,}")
        try:
            # zipfile never gives out more than the size that the directory of the archive states.
            with self._zip.open(self._entry(name)) as stream:
                return stream.read()
        except _DAMAGE as err:
            raise RefusedRow(f"cannot be unpacked: it is damaged ({str(err) or type(err).__name__})") from err

    def open(self, name: str) -> BinaryIO:
        stream = _ZipStream(self._zip.open(self._entry(name)), name=f"{name} in {self.path.name}")
        return cast(BinaryIO, io.BufferedReader(stream))

    def has(self, name: str) -> bool:
        _ = self.numbered
        return name in self._entries

    def fingerprint(self, names: Iterable[str] | None = None) -> str:
        """Of the archive as a whole, so that damaged entries do not matter."""
        with self.path.open("rb") as stream:
            return stream_hash(stream)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        _ = self.numbered
        return self._entries[name]


def names_of(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    """The name of an entry, and other names that its bytes may mean where the archive does not say the code page.

    Without the flag for UTF-8 the format means code page 437, but programs write UTF-8 or that of their country.
    """
    if entry.flag_bits & _UTF8_NAME or entry.filename.isascii():
        return (entry.filename,)
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:  # an extra field gave the name in Unicode
        return (entry.filename,)
    with suppress(UnicodeDecodeError):
        return (raw.decode("utf-8"),)
    meant = [entry.filename]
    for page in _CODE_PAGES:
        with suppress(UnicodeDecodeError):
            meant.append(raw.decode(page))
    return tuple(dict.fromkeys(meant))


class _ZipStream(io.RawIOBase):
    """An entry as a stream; damage found on the way is an `InputError` that names the entry."""

    def __init__(self, stream: IO[bytes], *, name: str) -> None:
        super().__init__()
        self._stream = stream
        self._name = name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer).cast("B")
        try:
            piece = self._stream.read(len(view))
        except _DAMAGE as err:
            raise InputError(
                f"{self._name} cannot be unpacked: it is damaged ({str(err) or type(err).__name__}).",
                remedy="Make the archive again and check that it was copied completely.",
            ) from err
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()
