"""Read precomputed embeddings from `.npz` and `.npy` row by row, without unpickling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np

from qlatent.errors import InputError
from qlatent.ingest.column import Column
from qlatent.ingest.column_names import first_named, says_embedding
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.decoding import Opener
from qlatent.ingest.files.files import stream_hash
from qlatent.ingest.files.stored_arrays import Header, StoredArrays
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Chunk, Record, RefusedRow
from qlatent.ingest.sources.source import AbstractSource
from qlatent.types import Refusal

_MODALITIES = ("image", "text", "vector")


@dataclass(frozen=True, slots=True)
class Among:
    """Context of an array file among others: its opener, and the column name of an `.npy`.

    Among others a file may hold only ids or labels (n,), as the vectors may be in another file.
    """

    opener: Opener
    column: str


class ArraysSource(AbstractSource):
    """Arrays with matching rows: vectors (n, d) named image, text or otherwise, and metadata (n,)."""

    kind = "vectors"

    def __init__(self, path: Path, *, limits: Limits, among: Among | None = None) -> None:
        self.path = path
        self.name = path.name
        self.limits = limits
        self.among = among
        self._stream: Opener = among.opener if among else lambda: path.open("rb")
        self.notes = Counter()
        self.row_notes = Counter()
        self._stored = StoredArrays(
            path, limits=limits, opener=self._stream, column=among.column if among else "vector"
        )
        self._headers = self._checked(list(self._stored.headers.values()))

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
        kept: list[Header] = []
        is_vectors = attrgetter("is_vectors")
        for header in headers:
            fits = header.shape[:1] == (rows,) and (header.is_facts or header.is_vectors)
            if not fits or header.dtype.kind not in "fiubUSM" or not header.row_bytes:
                self.notes[f"array {header.in_words()} left out: not one value or vector a row"] += 1
            elif header.row_bytes > self.limits.max_cell_bytes:
                self.notes[f"array {header.in_words()} left out: its rows are larger than a cell may be"] += 1
            else:
                kept.append(header)
            if header.is_vectors and header.dtype.kind in "iu":
                self.notes[
                    f"array {header.name!r} holds whole numbers ({header.dtype}); read as float32"
                ] += 1
        if not kept:
            found = "; ".join(header.in_words() for header in headers)
            raise InputError(
                f"{self.name} holds nothing that can be read: it holds {found}.",
                remedy="Save arrays of numbers or of text with one value or vector a row.",
            )
        if any(map(is_vectors, headers)) and not any(map(is_vectors, kept)):
            raise InputError(
                f"{self.name}: its vectors have more than {self.limits.max_cell_bytes:,} bytes each.",
                remedy="Save shorter vectors, or raise QLATENT_MAX_CELL_BYTES.",
            )
        return kept

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return tuple(self._column(header) for header in self._headers)

    def _column(self, header: Header) -> Column:
        if header.is_vectors:
            return Column(header.name, "vector", f"{header.shape[1]} numbers ({header.dtype})")
        if header.shape[1:] not in ((), (1,)):
            return Column(header.name, "numbers", f"{header.shape[1]} whole numbers")
        first = next(_plain(chunk[0]) for chunk in self._stored.chunks(header))
        return Column(header.name, "number" if header.dtype.kind in "fiu" else "text", str(first)[:120])

    def records(self) -> Iterator[Record | Refusal]:
        columns = [chain.from_iterable(self._stored.chunks(header)) for header in self._headers]
        names = [header.name for header in self._headers]
        for number, row in enumerate(zip(*columns, strict=True), start=1):
            yield Record(number, dict(zip(names, map(_plain, row), strict=True)))

    def chunks(self) -> Iterator[Chunk | Record | Refusal]:
        first = 1
        for parts in self._stored.side_by_side(self._headers):
            flat = [part[:, 0] if part.shape[1:] == (1,) else part for part in parts]
            yield Chunk(first, {header.name: part for header, part in zip(self._headers, flat, strict=True)})
            first += len(parts[0])

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
    """The scalar of a row of an array (n, 1); vectors unchanged."""
    return cell[0] if isinstance(cell, np.ndarray) and cell.shape == (1,) else cell
