"""Read zip archives in place, with refusals of unsafe entries; nothing is unpacked to disk."""

from __future__ import annotations

import io
import stat
import weakref
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from typing_extensions import Buffer

from qlatent.errors import InputError, QlatentError
from qlatent.ingest.decoding import Opener
from qlatent.ingest.files.file_names import is_system_file, safe_name
from qlatent.ingest.files.files import ARCHIVE_SUFFIXES, AbstractFiles, stream_hash
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import RefusedRow
from qlatent.types import Refusal

_UTF8_NAME = 0x800  # flag bit for names in UTF-8
_CODE_PAGES = ("cp850", "cp1252", "cp866", "cp1251", "cp932", "gbk", "euc_kr")
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)


@contextmanager
def _damage_said(what: str, *, remedy: str) -> Iterator[None]:
    """Context that converts errors of zipfile and its decompressors on damaged data to `InputError`."""
    try:
        yield
    except QlatentError:
        raise
    except Exception as err:
        raise InputError(f"{what} ({_reason(err)}).", remedy=remedy) from err


def _reason(err: BaseException) -> str:
    return str(err).splitlines()[0][:150] if str(err).strip() else type(err).__name__


class Archive:
    """An open zip archive: its entries, checked against the limits, and their bytes.

    Raises `InputError` for an archive that cannot be read or unpacks to too many bytes, and for an entry that is
    damaged, encrypted or compressed by an unsupported method. `size` is the size of the archive in bytes.
    """

    def __init__(
        self,
        opener: Opener,
        *,
        name: str,
        limits: Limits,
        kind: str = "a zip archive, or it is damaged",
        remedy: str = "Make the archive again and check that it was copied completely.",
    ) -> None:
        self.name = name
        self._again = remedy
        with _damage_said(f"{name} is not {kind}", remedy=remedy):
            stream = opener()
            weakref.finalize(
                self, stream.close
            )  # closes with the object, as previews are never closed explicitly
            self.size = stream.seek(0, io.SEEK_END)
            self._zip = zipfile.ZipFile(stream)
        self.entries = self._zip.infolist()
        limits.check_entries(self.name, len(self.entries))
        limits.check_total(self.name, sum(entry.file_size for entry in self.entries))

    def entry(self, *names: str) -> zipfile.ZipInfo:
        """The entry of the first of these names that exists; `InputError` if none does."""
        found = next((self._by_name[name] for name in names if name in self._by_name), None)
        if found is None:
            raise InputError(f"{self.name} has no {names[0][:200]}.", remedy=self._again)
        return found

    @cached_property
    def _by_name(self) -> dict[str, zipfile.ZipInfo]:
        return {entry.filename: entry for entry in self.entries}

    def open(self, entry: zipfile.ZipInfo) -> BinaryIO:
        """An entry as a stream, limited to the size stated in the archive's directory."""
        with self._damage(entry):
            stream = self._zip.open(entry)
        return cast(BinaryIO, io.BufferedReader(_ZipStream(self, entry, stream)))

    def read(self, entry: zipfile.ZipInfo) -> bytes:
        """All bytes of an entry; check its `file_size` first."""
        with self._damage(entry):
            return self._zip.read(entry)

    def _damage(self, entry: zipfile.ZipInfo) -> AbstractContextManager[None]:
        what = f"{entry.filename[:200]} in {self.name}"
        if entry.flag_bits & 0x1:
            raise InputError(f"{what} is encrypted.", remedy="Make the archive without a password.")
        return _damage_said(f"{what} cannot be unpacked: it is damaged", remedy=self._again)


class _ZipStream(io.RawIOBase):
    """An entry as a stream; raises an `InputError` that names the entry if it is damaged."""

    def __init__(self, archive: Archive, entry: zipfile.ZipInfo, stream: IO[bytes]) -> None:
        super().__init__()
        self._archive, self._entry, self._stream = archive, entry, stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer).cast("B")
        with self._archive._damage(self._entry):
            piece = self._stream.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        self._stream.close()
        super().close()


class ZipFiles(AbstractFiles):
    """The safe entries of a zip by name; `InputError` if the zip unpacks to more than the limit."""

    def __init__(self, path: Path, *, limits: Limits) -> None:
        self.path = path
        self.limits = limits
        self.refusals = []
        self.notes = Counter()
        self._archive = Archive(lambda: path.open("rb"), name=path.name, limits=limits)
        self._entries: dict[str, zipfile.ZipInfo] = {}
        self._spellings: dict[str, tuple[str, ...]] = {}

    @cached_property
    def numbered(self) -> list[tuple[int, str]]:
        found: list[tuple[int, str]] = []
        number = 0
        for entry in self._archive.entries:
            if entry.filename.endswith("/"):  # `is_dir` fails for an entry without a name
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
        """The name of a safe entry; `RefusedRow` with the reason for an unsafe one."""
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
        if self.limits.grows_too_much(entry.compress_size, entry.file_size):
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
            return self._archive.read(self._entry(name))
        except InputError as err:
            raise RefusedRow(f"cannot be unpacked: it is damaged ({_reason(err.__cause__ or err)})") from err

    def open(self, name: str) -> BinaryIO:
        return self._archive.open(self._entry(name))

    def has(self, name: str) -> bool:
        _ = self.numbered
        return name in self._entries

    def fingerprint(self, names: Iterable[str] | None = None) -> str:
        """Hash of the whole archive, which also works with damaged entries."""
        with self.path.open("rb") as stream:
            return stream_hash(stream)

    def _entry(self, name: str) -> zipfile.ZipInfo:
        _ = self.numbered
        return self._entries[name]


def names_of(entry: zipfile.ZipInfo) -> tuple[str, ...]:
    """The name of an entry, followed by other decodings of its bytes if the archive does not declare UTF-8.

    Without the UTF-8 flag the format specifies code page 437, but programs write UTF-8 or a local code page.
    """
    if entry.flag_bits & _UTF8_NAME or entry.filename.isascii():
        return (entry.filename,)
    try:
        raw = entry.filename.encode("cp437")
    except UnicodeEncodeError:  # the name came from a Unicode extra field
        return (entry.filename,)
    with suppress(UnicodeDecodeError):
        return (raw.decode("utf-8"),)
    meant = [entry.filename]
    for page in _CODE_PAGES:
        with suppress(UnicodeDecodeError):
            meant.append(raw.decode(page))
    return tuple(dict.fromkeys(meant))
