"""Vectors of a dataset in row order as mapped files: a cache beside the tables, which may be deleted at any time."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qlatent.errors import StoreError
from qlatent.store.claims import Claims
from qlatent.store.disk import disk_full, explained, free_bytes
from qlatent.store.items import names
from qlatent.store.items.tables import Tables
from qlatent.store.items.vectors import Vectors

SMALLEST = 16_000_000
"""Bytes below which vectors are read into memory, which takes less than a second."""
_FOLDER = ".rows"
_WAIT_SECONDS = 600.0

_log = logging.getLogger(__name__)


class MappedVectors:
    """Arrays of vectors in row order, one file per dataset, encoder and modality.

    A file is named by what it was made of: the hashes of the rows and the versions of the vector tables. With another
    state another file is made, and the earlier one is deleted.
    """

    def __init__(self, tables: Tables, vectors: Vectors, *, smallest: int = SMALLEST) -> None:
        self._tables = tables
        self._vectors = vectors
        self._smallest = smallest
        self._path = tables.path / _FOLDER
        self._claims = Claims(self._path)

    def read(self, dataset: str, key: str, modality: str, hashes: pa.ChunkedArray) -> NDArray[np.float32]:
        """The vectors (n, d) of the rows' hashes, not writable, NaN where there is none; mapped if they are large.

        Without room on the disk, or in a workspace that cannot be written, they are read into memory.
        """
        tables = self._vectors.of(key, modality)
        if len(hashes) * max((table.dim for table in tables), default=0) * 4 < max(1, self._smallest):
            return _fixed(self._vectors.read(key, modality, hashes))
        stem = f"{dataset}.{names.vectors_prefix(key, modality)}".rstrip(".")
        path = self._path / f"{stem}-{self._state(hashes, [table.name for table in tables])}.npy"
        if not path.exists():
            try:
                with self._claims.hold(stem, wait=_WAIT_SECONDS) as folder:
                    if not path.exists():
                        self._write(folder / path.name, key, modality, hashes)
                        (folder / path.name).replace(path)
                        self._delete(f"{stem}-*.npy", but=path)
            except StoreError as err:
                _log.info("the vectors of %s are read into memory: %s", dataset, err)
                return _fixed(self._vectors.read(key, modality, hashes))
        return _opened(path)

    def drop(self, dataset: str) -> None:
        """Delete the files of a dataset."""
        self._delete(f"{dataset}.*.npy")

    def _write(self, path: Path, key: str, modality: str, hashes: pa.ChunkedArray) -> None:
        def blank(shape: tuple[int, int]) -> np.memmap:
            size = shape[0] * shape[1] * 4
            # writing to a mapped file on a full disk would kill the process
            if (free := free_bytes(self._path)) < 2 * size:
                raise disk_full("a copy of the vectors in row order", self._path, needed=2 * size, free=free)
            made = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
            _reserve(path)
            return made

        with explained("a copy of the vectors in row order", self._path):
            self._vectors.fill(key, modality, hashes, blank=blank).flush()

    def _state(self, hashes: pa.ChunkedArray, tables: list[str]) -> str:
        digest = hashlib.blake2b(digest_size=8)
        for name in tables:
            digest.update(repr((name, self._tables.state(name))).encode())
        for chunk in hashes.chunks:
            # not its buffers, whose layout depends on the batches in which the rows were read
            lines = pa.ListArray.from_arrays(pa.array([0, len(chunk)], pa.int32()), chunk.fill_null(""))
            digest.update(pc.binary_join(lines, "\n")[0].as_buffer())
            digest.update(b"\n" * bool(len(chunk)))
        return digest.hexdigest()

    def _delete(self, pattern: str, *, but: Path | None = None) -> None:
        for path in self._path.glob(pattern):
            if path != but:
                try:
                    path.unlink(missing_ok=True)
                except PermissionError:  # on Windows, mapped files cannot be deleted
                    _log.info("%s is in use and stays for now", path)


def _reserve(path: Path) -> None:
    """Take the space of a sparse file, where the system can."""
    if hasattr(os, "posix_fallocate"):
        with path.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)


def _opened(path: Path) -> NDArray[np.float32]:
    mapped: NDArray[np.float32] = np.load(path, mmap_mode="r")
    return mapped


def _fixed(array: NDArray[np.float32]) -> NDArray[np.float32]:
    array.flags.writeable = False
    return array
