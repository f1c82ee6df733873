"""Read numpy arrays (`.npz`, `.npy`) safely: headers are checked against the file, and rows are read in chunks.

`numpy.load` trusts headers, reads whole arrays and can unpickle. This reader compares the header with the size of the
file, refuses arrays of Python objects unread, and yields some hundred rows at a time.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from qlatent.errors import InputError, QlatentError
from qlatent.ingest.column_names import denies_embedding
from qlatent.ingest.decoding import Opener
from qlatent.ingest.files.archive import Archive
from qlatent.ingest.limits import Limits

_CHUNK_ROWS = 512
_SIDE_BY_SIDE_ROWS = 4096
_CHUNK_BYTES = 16_000_000
_LONGEST_HEADER = 100_000  # numpy refuses headers above 10,000 characters


@dataclass(frozen=True, slots=True)
class Header:
    """The header of a stored array; `start` is the offset of its data in bytes."""

    name: str
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int = 0

    @property
    def is_vectors(self) -> bool:
        """Whether this is a matrix (n, d) of vectors: more than one number per row, and not named as labels."""
        is_matrix = len(self.shape) == 2 and self.shape[1] > 1 and self.dtype.kind in "fiu"
        return is_matrix and not (self.dtype.kind in "iu" and denies_embedding(self.name))

    @property
    def is_facts(self) -> bool:
        """Whether this has one value per row (n,) or (n, 1), or a few integers per row, such as labels (n, k)."""
        whole = len(self.shape) == 2 and self.dtype.kind in "iub"
        return len(self.shape) == 1 or self.shape[1:] == (1,) or (whole and not self.is_vectors)

    @property
    def row_bytes(self) -> int:
        """Size of one row in bytes."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def bytes(self) -> int:
        """Size of all rows in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize

    def in_words(self) -> str:
        """Name, shape and dtype, for messages."""
        return f"{self.name[:80]} {self.shape} {self.dtype}"


class StoredArrays:
    """The arrays of a file, read on demand; `InputError` for damage, false headers and sizes over the limits.

    `headers` maps name → header, in the order of the file; data are checked when read. `opener` opens a file that is
    not at `path` itself; `column` names the single array of an `.npy`.
    """

    def __init__(
        self, path: Path, *, limits: Limits, opener: Opener | None = None, column: str = "vector"
    ) -> None:
        self.path = path
        self.name = path.name
        self.limits = limits
        self.opener: Opener = opener or (lambda: path.open("rb"))
        self.column = column

    @cached_property
    def _archive(self) -> Archive | None:
        if self.path.suffix.lower() == ".npy":
            return None
        archive = Archive(
            self.opener, name=self.name, limits=self.limits, kind="a .npz file, or it is damaged"
        )
        self.limits.check_columns(self.name, len(archive.entries))
        unpacked = sum(entry.file_size for entry in archive.entries)
        self.limits.check_growth(self.name, archive.size, unpacked)
        return archive

    @cached_property
    def headers(self) -> dict[str, Header]:
        """The header of every array, by name."""
        if self._archive is None:
            names = [self.column]
        else:
            names = [entry.filename.removesuffix(".npy") for entry in self._archive.entries]
        return {name: self._header(name) for name in names}

    def _open(self, name: str) -> BinaryIO:
        if self._archive is None:
            return self.opener()
        return self._archive.open(self._archive.entry(name, f"{name}.npy"))

    def _size(self, name: str) -> int:
        if self._archive is None:
            return self._only_size
        return self._archive.entry(name, f"{name}.npy").file_size

    @cached_property
    def _only_size(self) -> int:
        """Size of an `.npy` in bytes; a zip entry is read to the end to find it."""
        with self.opener() as stream:
            if stream.seekable():
                return stream.seek(0, io.SEEK_END)
            return sum(map(len, iter(lambda: stream.read(_CHUNK_BYTES), b"")))

    def _header(self, name: str) -> Header:
        with self._open(name) as opened, self._damage():
            stream = io.BytesIO(opened.read(_LONGEST_HEADER))
            version = np.lib.format.read_magic(stream)
            read = np.lib.format.read_array_header_1_0
            if version != (1, 0):
                read = np.lib.format.read_array_header_2_0
            shape, fortran, dtype = read(stream)
            header = Header(name, shape, fortran, dtype, stream.tell())
        if dtype.hasobject:
            raise InputError(
                f"{self.name}: the array {name!r} holds pickled Python objects, which are never loaded: "
                "they can run programs.",
                remedy="Save plain arrays of numbers or fixed-width text.",
            )
        there = self._size(name) - header.start
        if min(shape, default=0) < 0 or header.bytes > there:
            needed = f"{header.in_words()} needs {header.bytes:,} bytes"
            raise self._damaged(f"it ends too early: {needed}, and {max(there, 0):,} are there")
        return header

    @contextmanager
    def _damage(self) -> Iterator[None]:
        """Context that converts numpy's errors on damaged data to `InputError`."""
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # about headers written by old versions of Python, or invalid ones
            try:
                yield
            except QlatentError:
                raise
            except Exception as err:  # headers are parsed as Python, so nearly any error can occur
                raise self._damaged(str(err) or type(err).__name__) from err

    def _damaged(self, reason: str) -> InputError:
        return InputError(
            f"{self.name} is not a {self.path.suffix.lower()} file that can be read ({reason.splitlines()[0][:150]}).",
            remedy="Write it again with numpy.savez or numpy.save.",
        )

    def side_by_side(self, headers: Sequence[Header]) -> Iterator[list[np.ndarray]]:
        """The same rows of several arrays in chunks of some thousand."""
        size = sum(header.row_bytes for header in headers)
        step = max(1, min(_SIDE_BY_SIDE_ROWS, _CHUNK_BYTES // max(size, 1)))
        for parts in zip(*(self.chunks(header, step=step) for header in headers), strict=True):
            yield list(parts)

    def chunks(self, header: Header, *, step: int = 0) -> Iterator[np.ndarray]:
        """The rows of an array in chunks of `step` or some hundred, as arrays may exceed the memory."""
        self.limits.check_rows(self.name, header.shape[0])
        step = step or max(1, min(_CHUNK_ROWS, _CHUNK_BYTES // max(header.row_bytes, 1)))
        if header.fortran and len(header.shape) > 1:
            whole = self.whole(header)  # an array in Fortran order cannot be read by rows
            yield from (whole[start : start + step] for start in range(0, len(whole), step))
            return
        with self._open(header.name) as stream:
            self._bytes(stream, header.start)
            for start in range(0, header.shape[0], step):
                count = min(step, header.shape[0] - start)
                content = self._bytes(stream, count * header.row_bytes)
                yield self._array(content, header, (count, *header.shape[1:]))

    def whole(self, header: Header) -> np.ndarray:
        """The whole array, within `max_whole_bytes`."""
        self.limits.check_whole(f"the array {header.name!r} of {self.name}", header.bytes)
        with self._open(header.name) as stream:
            self._bytes(stream, header.start)
            return self._array(self._bytes(stream, header.bytes), header, header.shape)

    def _bytes(self, stream: BinaryIO, size: int) -> bytes:
        with self._damage():
            content = stream.read(size)
        if len(content) < size:
            raise self._damaged("it ends too early")
        return content

    def _array(self, content: bytes, header: Header, shape: tuple[int, ...]) -> np.ndarray:
        with self._damage():
            flat = np.frombuffer(content, dtype=header.dtype) if content else np.empty(0, header.dtype)
            array = flat.reshape(shape, order="F" if header.fortran else "C")
            return _with_characters(array) if header.dtype.kind == "U" else array


def _with_characters(texts: np.ndarray) -> np.ndarray:
    """Texts with invalid code points replaced by U+FFFD."""
    codes = np.array(texts, order="C").view(np.dtype(np.uint32).newbyteorder(texts.dtype.byteorder))
    codes[(codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))] = 0xFFFD
    return codes.view(texts.dtype).reshape(texts.shape)


def read_arrays(path: Path, *, limits: Limits | None = None) -> dict[str, np.ndarray]:
    """All arrays of an `.npz` by name, or of an `.npy` as "vector", read with all checks."""
    stored = StoredArrays(path, limits=limits or Limits())
    return {name: stored.whole(header) for name, header in stored.headers.items()}


def array_of(content: bytes, *, name: str) -> np.ndarray:
    """The array in the bytes of an `.npy`, e.g. from a cell; `InputError` if they are damaged."""
    stored = StoredArrays(Path(f"{name}.npy"), limits=Limits(), opener=lambda: io.BytesIO(content))
    return stored.whole(stored.headers[stored.column])
