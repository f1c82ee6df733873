"""Ready embeddings in `.npz` and `.npy`, read row by row and never unpickled."""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import IO, Any

import numpy as np

from qlatent.errors import InputError
from qlatent.ingest.cells import RefusedRow
from qlatent.ingest.decoding import Opener
from qlatent.ingest.files import stream_hash
from qlatent.ingest.limits import Limits
from qlatent.ingest.mapping import Column, Mapping
from qlatent.ingest.names import denies_embedding, first_named, says_embedding
from qlatent.ingest.record import Record
from qlatent.ingest.source import AbstractSource
from qlatent.types import Refusal

_CHUNK_ROWS = 512
_DAMAGE = (ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
_MODALITIES = ("image", "text", "vector")


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a stored array say about it."""

    name: str
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def is_vectors(self) -> bool:
        """Whether it is a matrix of numbers (n, d) that can be vectors: not one number a row, not called labels."""
        is_matrix = len(self.shape) == 2 and self.shape[1] > 1 and self.dtype.kind in "fiu"
        return is_matrix and not (self.dtype.kind in "iu" and denies_embedding(self.name))

    @property
    def is_facts(self) -> bool:
        """Whether it has one value a row (n,) or (n, 1), or a few whole numbers a row, such as labels (n, k)."""
        whole = len(self.shape) == 2 and self.dtype.kind in "iub"
        return len(self.shape) == 1 or self.shape[1:] == (1,) or (whole and not self.is_vectors)

    def in_words(self) -> str:
        """Name, shape and type, for messages."""
        return f"{self.name} {self.shape} {self.dtype}"


@dataclass(frozen=True, slots=True)
class Among:
    """One file of arrays among others: how it is opened, and the column that an `.npy` becomes.

    Among others an array (n,) of ids or labels is welcome: the vectors may be in the next file.
    """

    opener: Opener
    column: str


class ArraysSource(AbstractSource):
    """Arrays whose rows belong together: vectors (n, d) named image, text or anything, and facts (n,)."""

    kind = "vectors"

    def __init__(self, path: Path, *, limits: Limits, among: Among | None = None) -> None:
        self.path = path
        self.name = path.name
        self.limits = limits
        self.among = among
        self._stream: Opener = among.opener if among else lambda: path.open("rb")
        self.notes = Counter()
        self.row_notes = Counter()
        self._headers = self._checked([self._header(name) for name in self._members()])

    def _members(self) -> list[str]:
        if self.path.suffix.lower() == ".npy":
            return [self.among.column if self.among else "vector"]
        try:
            with self._stream() as stream, zipfile.ZipFile(stream) as archive:
                self._check_total(archive)
                return [name.removesuffix(".npy") for name in archive.namelist()]
        except (zipfile.BadZipFile, OSError, ValueError) as err:
            raise self._damaged(err) from err

    def _check_total(self, archive: zipfile.ZipFile) -> None:
        total = sum(entry.file_size for entry in archive.infolist())
        if total > self.limits.max_archive_bytes:
            raise InputError(
                f"{self.name} unpacks to {total:,} bytes; the limit is {self.limits.max_archive_bytes:,}.",
                remedy="Split it, or raise QLATENT_MAX_ARCHIVE_BYTES if you trust it.",
            )

    def _damaged(self, err: Exception) -> InputError:
        reason = str(err).splitlines()[0][:150] if str(err) else type(err).__name__
        return InputError(
            f"{self.name} is not a {self.path.suffix.lower()} file that can be read ({reason}).",
            remedy="Write it again with numpy.savez or numpy.save.",
        )

    def _open(self, name: str, stack: ExitStack) -> IO[bytes]:
        if self.path.suffix.lower() == ".npy":
            return stack.enter_context(self._stream())
        archive = stack.enter_context(zipfile.ZipFile(stack.enter_context(self._stream())))
        member = name if name in archive.namelist() else f"{name}.npy"
        return stack.enter_context(archive.open(member))

    def _header(self, name: str) -> Header:
        with ExitStack() as stack:
            return self._read_header(name, self._open(name, stack))

    def _read_header(self, name: str, stream: IO[bytes]) -> Header:
        try:
            version = np.lib.format.read_magic(stream)
            read = (
                np.lib.format.read_array_header_1_0
                if version == (1, 0)
                else np.lib.format.read_array_header_2_0
            )
            shape, fortran, dtype = read(stream)
        except _DAMAGE as err:
            raise self._damaged(err) from err
        if dtype.hasobject:
            raise InputError(
                f"{self.name}: the array {name!r} holds pickled Python objects, which are never loaded: "
                "they can run programs.",
                remedy="Save plain arrays of numbers or fixed-width text.",
            )
        return Header(name, shape, fortran, dtype)

    def _checked(self, headers: list[Header]) -> list[Header]:
        vectors = [header for header in headers if header.is_vectors]
        found = "; ".join(header.in_words() for header in headers) or "nothing"
        if self.among and not vectors and headers and len(headers[0].shape) == 1:
            return self._of_length(headers, headers[0].shape[0])
        if not vectors:
            raise InputError(
                f"{self.name} holds no array of vectors (rows, numbers): it holds {found}.",
                remedy="Save embeddings as two-dimensional arrays called image, text or vector.",
            )
        named = [header for header in vectors if header.name in _MODALITIES]
        named = named or [header for header in vectors if says_embedding(header.name)] or vectors
        lengths = {header.shape[0] for header in named}
        if len(lengths) > 1:
            raise InputError(
                f"{self.name}: image and text vectors must belong together row by row, but "
                f"their lengths differ: "
                f"{'; '.join(header.in_words() for header in named)}.",
                remedy="Save as many image vectors as text vectors, in the same order.",
            )
        return self._of_length(headers, lengths.pop())

    def _of_length(self, headers: list[Header], rows: int) -> list[Header]:
        if rows == 0:
            raise InputError(
                f"{self.name} has arrays but no rows.", remedy="Choose a file with at least one row."
            )
        kept = []
        for header in headers:
            fits = header.shape[:1] == (rows,) and (header.is_facts or header.is_vectors)
            if fits and header.dtype.kind in "fiubUSM":
                kept.append(header)
            else:
                self.notes[f"array {header.in_words()} left out: not one value or vector a row"] += 1
            if header.is_vectors and header.dtype.kind in "iu":
                self.notes[
                    f"array {header.name!r} holds whole numbers ({header.dtype}); read as float32"
                ] += 1
        return kept

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return tuple(self._column(header) for header in self._headers)

    def _column(self, header: Header) -> Column:
        if header.is_vectors:
            return Column(header.name, "vector", f"{header.shape[1]} numbers ({header.dtype})")
        if header.shape[1:] not in ((), (1,)):
            return Column(header.name, "numbers", f"{header.shape[1]} whole numbers")
        first = next(_plain(chunk[0]) for chunk in self._chunks(header))
        return Column(header.name, "number" if header.dtype.kind in "fiu" else "text", str(first)[:120])

    def records(self) -> Iterator[Record | Refusal]:
        number = 0
        streams = [self._chunks(header) for header in self._headers]
        names = [header.name for header in self._headers]
        for chunks in zip(*streams, strict=True):
            for row in zip(*chunks, strict=True):
                number += 1
                yield Record(number, dict(zip(names, map(_plain, row), strict=True)))

    def _chunks(self, header: Header) -> Iterator[np.ndarray]:
        """The rows of an array, some hundred at a time: a stored array may be larger than the memory."""
        if header.fortran and len(header.shape) == 2:
            yield from self._fortran_chunks(header)
            return
        width = int(np.prod(header.shape[1:], dtype=np.int64)) * header.dtype.itemsize
        with ExitStack() as stack:
            stream = self._open(header.name, stack)
            self._read_header(header.name, stream)
            for start in range(0, header.shape[0], _CHUNK_ROWS):
                count = min(_CHUNK_ROWS, header.shape[0] - start)
                flat = np.frombuffer(self._bytes(stream, count * width), dtype=header.dtype)
                yield flat.reshape(count, *header.shape[1:])

    def _bytes(self, stream: IO[bytes], size: int) -> bytes:
        try:
            content = stream.read(size)
        except _DAMAGE as err:
            raise self._damaged(err) from err
        if len(content) < size:
            raise self._damaged(ValueError("it ends too early"))
        return content

    def _fortran_chunks(self, header: Header) -> Iterator[np.ndarray]:
        """Arrays stored column by column cannot be read by rows, so they are read whole."""
        with ExitStack() as stack:
            stream = self._open(header.name, stack)
            self._read_header(header.name, stream)
            size = int(np.prod(header.shape, dtype=np.int64)) * header.dtype.itemsize
            whole = np.frombuffer(self._bytes(stream, size), dtype=header.dtype).reshape(
                header.shape, order="F"
            )
            for start in range(0, header.shape[0], _CHUNK_ROWS):
                yield whole[start : start + _CHUNK_ROWS]

    def guess(self) -> Mapping:
        names = {column.name for column in self.columns}
        vectors = [column.name for column in self.columns if column.type == "vector"]
        image, text = (name if name in vectors else None for name in ("image", "text"))
        telling = ["vector", *filter(says_embedding, vectors), *vectors]
        only = None if image or text else next(name for name in telling if name in vectors)
        facts = [column.name for column in self.columns if column.type in ("number", "text")]
        ids = first_named(("id", "ids", "qid", "names", "filenames", "words"), facts)
        split = "split" if "split" in names else None
        labels = first_named(("label", "labels", "y", "target", "targets", "class", "classes"), facts)
        return Mapping(id=ids, label=labels, split=split, image_vector=image, text_vector=text, vector=only)

    def image_bytes(self, cell: Any) -> bytes:
        raise RefusedRow("an array file has no images, only vectors")

    def content_hash(self, mapping: Mapping) -> str:
        with self._stream() as stream:
            return stream_hash(stream)


def _plain(cell: Any) -> Any:
    """One value of an array (n, 1) without its brackets; vectors as they are."""
    return cell[0] if isinstance(cell, np.ndarray) and cell.shape == (1,) else cell
