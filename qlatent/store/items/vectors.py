"""Store embeddings in one table per encoder key, modality and width, with content hash and vector."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from qlatent.errors import StoreError
from qlatent.store.items import names
from qlatent.store.items.lookup import Matches, Places
from qlatent.store.items.schemas import vector_batch, vector_schema
from qlatent.store.items.tables import Tables

# Small files are merged after this many commits, and whenever that number has doubled: reading stays
# one sweep, and no vector is rewritten more than about twice.
_COMMITS_TO_TIDY = 64
_COPIED_ROWS = 65_536  # repeated rows copied at a time

Hashes: TypeAlias = Sequence[str | None] | pa.Array | pa.ChunkedArray
"""Hashes as texts, or as a column of a table, which is faster."""
Shape = tuple[int, int]
Filled = TypeVar("Filled", bound=np.ndarray)


class VectorTable(NamedTuple):
    """The table of the vectors of one encoder, modality and width."""

    name: str
    key: str
    modality: str
    dim: int


class Vectors:
    """All embeddings of a workspace."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        # hashes of a table at the version last read, to avoid a sweep per commit while encoding
        self._seen: dict[str, tuple[int, set[str]]] = {}
        self._lock = threading.Lock()

    def all(self) -> list[VectorTable]:
        """All vector tables."""
        return [self._described(name) for name in self._tables.names("vectors.")]

    def views(self) -> list[VectorTable]:
        """The tables of augmented views, which hold `names.view` instead of a content hash."""
        mark = f".{names.VIEWS}-"
        return [self._described(name) for name in self._tables.names("vectors.") if mark in name]

    def of(self, encoder_key: str, modality: str) -> list[VectorTable]:
        """The tables of one key and modality: one, or for imported vectors one per width."""
        prefix = names.vectors_prefix(encoder_key, modality)
        return [self._described(name) for name in self._tables.names(prefix)]

    def add(self, encoder_key: str, modality: str, hashes: Sequence[str], vectors: np.ndarray) -> None:
        """Store vectors (n, d) under their hashes in one commit; existing vectors stay."""
        vectors = np.asarray(vectors, dtype=np.float32)
        _check(hashes, vectors)
        schema = vector_schema(encoder_key, modality, vectors.shape[1])
        name = f"{names.vectors_prefix(encoder_key, modality)}{vectors.shape[1]}"
        self._tables.ensure(name, schema)
        with self._lock:
            version, present = self._present(name)
            new = {key: place for place, key in enumerate(hashes) if key not in present}
            if new:
                batch = vector_batch(schema, list(new), vectors[list(new.values())])
                made = self._tables.add(name, pa.Table.from_batches([batch]))
                # a version that is not the next one reveals a write by another process
                present.update(new)  # in place: a copy for each commit would grow with the square of the rows
                self._seen[name] = (made if made == version + 1 else -1, present)
                if made >= _COMMITS_TO_TIDY and made & (made - 1) == 0:
                    self._tables.tidy(name)

    def add_stream(self, encoder_key: str, modality: str, reader: pa.RecordBatchReader) -> None:
        """Append a stream of (hash, vector) in one commit, without existing hashes."""
        name = f"{names.vectors_prefix(encoder_key, modality)}{reader.schema.field('vector').type.list_size}"
        self._tables.ensure(name, reader.schema)
        present = self._tables.column(name, "hash")
        self._tables.add(name, without(reader, present))

    def missing(self, encoder_key: str, modality: str, hashes: Hashes) -> list[str]:
        """The distinct hashes without a vector, in order of appearance."""
        wanted = pc.unique(_strings(hashes).drop_null())
        for table in self.of(encoder_key, modality):
            present = self._tables.column(table.name, "hash")
            wanted = wanted.filter(pc.invert(pc.is_in(wanted, value_set=present)))
        missing: list[str] = wanted.to_pylist()
        return missing

    def read(self, encoder_key: str, modality: str, hashes: Hashes) -> np.ndarray:
        """The vectors (n, d) float32 of the hashes, NaN where there is none; d = 0 if nothing is stored."""
        return self.fill(encoder_key, modality, hashes, blank=lambda shape: np.empty(shape, dtype=np.float32))

    def fill(
        self, encoder_key: str, modality: str, hashes: Hashes, *, blank: Callable[[Shape], Filled]
    ) -> Filled:
        """As `read`, into the array that `blank` makes for the shape (n, d), such as a mapped file."""
        wanted = _strings(hashes).dictionary_encode()
        tables = self.of(encoder_key, modality)
        found = [(table, match) for table in tables if (match := self._matches(table, wanted.dictionary))]
        if len(found) > 1:
            raise StoreError(
                f"The {modality} vectors have different widths: {sorted(table.dim for table, _ in found)}.",
                remedy="Choose items with vectors of one encoder.",
            )
        if not found:
            out = blank((len(wanted), tables[0].dim if tables else 0))
            out[:] = np.nan
            return out
        table, matches = found[0]
        out = blank((len(wanted), table.dim))
        _scatter(matches, wanted, out)
        return out

    def _matches(self, table: VectorTable, distinct: pa.Array) -> Matches | None:
        """The rows of a table with these hashes; None without any."""
        opened = self._tables.open(table.name)
        matches = None if opened is None else Matches(opened, distinct)
        return matches or None

    def _present(self, name: str) -> tuple[int, set[str]]:
        table = self._tables.open(name)
        version = -1 if table is None else int(table.version)
        seen = self._seen.get(name)
        if seen is not None and seen[0] == version:
            return seen
        return version, set(self._tables.column(name, "hash").to_pylist())

    def _described(self, name: str) -> VectorTable:
        schema = self._tables.open(name).schema  # type: ignore[union-attr]  # names() only lists what opens
        key, modality = schema.metadata[b"qlatent.encoder"], schema.metadata[b"qlatent.modality"]
        return VectorTable(name, key.decode(), modality.decode(), schema.field("vector").type.list_size)


def _scatter(matches: Matches, wanted: pa.DictionaryArray, out: np.ndarray) -> None:
    """Write the vectors of the wanted hashes to their rows of `out` (n, d); NaN where there is none."""
    size = len(wanted.dictionary)
    places = wanted.indices.fill_null(size).to_numpy(zero_copy_only=False)  # (n,), `size` for None
    first = np.full(size + 1, -1, dtype=np.int64)
    first[places[::-1]] = np.arange(len(places))[
        ::-1
    ]  # of equal places the last one written, which is the first row
    present = np.zeros(size + 1, dtype=bool)
    for batch in matches.batches(["vector"]):
        vectors = batch.rows["vector"].flatten().to_numpy().reshape(-1, out.shape[1])
        out[_run(first[batch.places])] = vectors
        present[batch.places] = True
    out[~present[places]] = np.nan
    repeated = np.flatnonzero((first[places] != np.arange(len(places))) & present[places])
    for start in range(0, len(repeated), _COPIED_ROWS):
        rows = repeated[start : start + _COPIED_ROWS]
        out[rows] = out[first[places[rows]]]


def _run(rows: Places) -> Places | slice:
    """Rows as a slice where they follow each other, as in a dataset stored in the order of its vectors: much faster."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1 and (np.diff(rows) == 1).all():
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _strings(hashes: Hashes) -> pa.Array:
    if isinstance(hashes, pa.ChunkedArray):
        return hashes.combine_chunks()
    return hashes if isinstance(hashes, pa.Array) else pa.array(hashes, pa.string())


def images_of(views: pa.Array) -> pa.Array:
    """The image hash of each of these view names."""
    return pc.list_element(pc.split_pattern(views, "."), 0)


def without(reader: pa.RecordBatchReader, present: pa.Array) -> pa.RecordBatchReader:
    """The stream without the rows whose hash is in `present`."""
    if len(present) == 0:
        return reader
    known = set(present.to_pylist())  # Arrow would hash `present` again for each batch
    kept = (
        batch.filter(pa.array([name not in known for name in batch["hash"].to_pylist()], pa.bool_()))
        for batch in reader
    )
    return pa.RecordBatchReader.from_batches(reader.schema, kept)


def _check(hashes: Sequence[str], vectors: np.ndarray) -> None:
    if vectors.ndim != 2 or len(hashes) != len(vectors) or vectors.shape[1] == 0:
        raise StoreError(
            f"Got {len(hashes)} hashes and vectors of shape {vectors.shape}; expected one row for each hash."
        )
    broken = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if broken.size:
        raise StoreError(
            f"{broken.size} of {len(vectors)} vectors hold NaN or infinity (the first is row {broken[0]}); "
            "nothing was stored.",
            remedy="Check the encoder and its input.",
        )
