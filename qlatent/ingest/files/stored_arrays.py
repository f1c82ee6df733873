"""Arrays as numpy stores them (`.npz`, `.npy`): headers that are checked against the bytes, and rows on demand.

`numpy.load` believes a header, reads whole arrays and can unpickle. Here the header is read first, what it promises
is compared with what the file holds, arrays of Python objects are refused unread, and rows come some hundred at a time.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
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
_CHUNK_BYTES = 16_000_000
_LONGEST_HEADER = 100_000  # numpy itself refuses headers of more than 10,000 characters


@dataclass(frozen=True, slots=True)
class Header:
    """What the first bytes of a stored array say about it; `start` is where its numbers begin."""

    name: str
    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]
    start: int = 0

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

    @property
    def row_bytes(self) -> int:
        """The bytes of one row."""
        return math.prod(self.shape[1:]) * self.dtype.itemsize

    @property
    def bytes(self) -> int:
        """The bytes of all rows."""
        return math.prod(self.shape) * self.dtype.itemsize

    def in_words(self) -> str:
        """Name, shape and type, for messages."""
        return f"{self.name[:80]} {self.shape} {self.dtype}"


class StoredArrays:
    """The arrays of a file, unread; damage, lies and too much are `InputError`s.

    `headers`: name → header, in the order of the file; those of `bytes` that are needed are checked when read.
    `opener` opens a file that does not lie at `path` itself; `column` is what the one array of an `.npy` is called.
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
        """Name → header of every array."""
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
        """The bytes of an `.npy`; an entry of a zip is read through for them."""
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
        """Whatever numpy raises on damaged bytes, as one `InputError`."""
        with warnings.catch_warnings():
            warnings.simplefilter(
                "ignore"
            )  # of headers that an old Python wrote, or that are no Python at all
            try:
                yield
            except QlatentError:
                raise
            except Exception as err:  # a header is parsed as Python: syntax, types, depth, sizes
                raise self._damaged(str(err) or type(err).__name__) from err

    def _damaged(self, reason: str) -> InputError:
        return InputError(
            f"{self.name} is not a {self.path.suffix.lower()} file that can be read ({reason.splitlines()[0][:150]}).",
            remedy="Write it again with numpy.savez or numpy.save.",
        )

    def chunks(self, header: Header) -> Iterator[np.ndarray]:
        """The rows of an array, some hundred at a time: a stored array may be larger than the memory."""
        self.limits.check_rows(self.name, header.shape[0])
        step = max(1, min(_CHUNK_ROWS, _CHUNK_BYTES // max(header.row_bytes, 1)))
        if header.fortran and len(header.shape) > 1:
            whole = self.whole(header)  # stored column by column, it cannot be read by rows
            yield from (whole[start : start + step] for start in range(0, len(whole), step))
            return
        with self._open(header.name) as stream:
            self._bytes(stream, header.start)
            for start in range(0, header.shape[0], step):
                count = min(step, header.shape[0] - start)
                content = self._bytes(stream, count * header.row_bytes)
                yield self._array(content, header, (count, *header.shape[1:]))

    def whole(self, header: Header) -> np.ndarray:
        """An array as a whole, within `max_whole_bytes`."""
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
    """Texts with U+FFFD in place of numbers that are no characters, over which Python stumbles."""
    codes = np.array(texts, order="C").view(np.dtype(np.uint32).newbyteorder(texts.dtype.byteorder))
    codes[(codes > 0x10FFFF) | ((codes >= 0xD800) & (codes <= 0xDFFF))] = 0xFFFD
    return codes.view(texts.dtype).reshape(texts.shape)


def read_arrays(path: Path, *, limits: Limits | None = None) -> dict[str, np.ndarray]:
    """Name → array of a whole `.npz` or `.npy` (its array is called "vector"), read with every check."""
    stored = StoredArrays(path, limits=limits or Limits())
    return {name: stored.whole(header) for name, header in stored.headers.items()}


def array_of(content: bytes, *, name: str) -> np.ndarray:
    """The array of the bytes of an `.npy`, such as a cell may hold; an `InputError` where they are damaged."""
    stored = StoredArrays(Path(f"{name}.npy"), limits=Limits(), opener=lambda: io.BytesIO(content))
    return stored.whole(stored.headers[stored.column])
