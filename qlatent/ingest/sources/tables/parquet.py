"""Read Parquet files and Arrow batches row by row."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from typing import Any, BinaryIO

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from qlatent.errors import InputError, QlatentError
from qlatent.ingest.cells.arrow_cells import Unheld, cells_of, matrix_of
from qlatent.ingest.cells.json_text import parse
from qlatent.ingest.column import Column
from qlatent.ingest.columns.described import columns_of, sample_of
from qlatent.ingest.decoding import Opener
from qlatent.ingest.git_lfs import POINTER_BYTES, check_not_pointer
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Chunk, Record
from qlatent.ingest.sources.tables.table import AbstractTable, unique_names
from qlatent.types import Refusal

_BATCH = 128
_CHUNK = 4096
NO_LABEL = -1


@contextmanager
def damage_said(name: str) -> Iterator[None]:
    """Context that converts Arrow's errors on damaged data to `InputError`."""
    try:
        yield
    except QlatentError:
        raise
    except Exception as err:  # errors of Arrow, OSError, and Python's errors for unrepresentable values
        reason = str(err).splitlines()[0][:150] if str(err).strip() else type(err).__name__
        raise InputError(
            f"{name} is not a Parquet file that can be read ({reason}).",
            remedy="Export it again and check that it was copied completely.",
        ) from err


class ParquetTable(AbstractTable):
    """A Parquet file; class numbers of a Hugging Face export are converted to names.

    Sizes, rows and columns are checked from the file's metadata before any data is read.
    """

    def __init__(self, opener: Opener, *, name: str, limits: Limits | None = None) -> None:
        self.opener = opener
        self.name = name
        self.limits = limits or Limits()
        self.notes = Counter()

    @cached_property
    def _file(self) -> parquet.ParquetFile:
        with damage_said(self.name):
            place, size = self._place()
            file = parquet.ParquetFile(place)
            self._check(file.metadata, size)
            # buffered ahead, a file would be in memory as a whole by its last row
            return parquet.ParquetFile(place, read_dictionary=_texts(file.schema), pre_buffer=False)

    def _place(self) -> tuple[BinaryIO | str, int]:
        """The source for Arrow and its size in bytes: a file name on disk (faster, closed by Arrow), else a stream."""
        stream = self.opener()
        with ExitStack() as stack:
            stack.callback(stream.close)
            check_not_pointer(stream.read(POINTER_BYTES), name=self.name)
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            name = getattr(stream, "name", None)
            if isinstance(name, str):
                return name, size
            stack.pop_all()
        return stream, size

    def _check(self, described: parquet.FileMetaData, size: int) -> None:
        self.limits.check_columns(self.name, described.num_columns)
        self.limits.check_rows(self.name, described.num_rows)
        # Not from the columns of a group: Arrow aborts the process if their metadata are damaged.
        unpacked = sum(described.row_group(each).total_byte_size for each in range(described.num_row_groups))
        # A row has at least a byte: a value that is written once for millions of rows grows as a zip bomb does.
        self.limits.check_growth(self.name, size, max(unpacked, described.num_rows))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names, made unique."""
        with damage_said(self.name):
            return unique_names(self._file.schema_arrow.names, notes=self.notes)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        if self._file.metadata.num_rows == 0:
            raise InputError(
                f"{self.name} has columns but no rows.", remedy="Choose a file with at least one row."
            )
        return columns_of(sample_of(self.records(), self.names))

    @cached_property
    def _class_names(self) -> dict[str, list[str]]:
        with damage_said(self.name):
            return class_names((self._file.schema_arrow.metadata or {}).get(b"huggingface"))

    def records(self) -> Iterator[Record | Refusal]:
        with damage_said(self.name):
            batches = self._file.iter_batches(batch_size=_BATCH)
        rows = ArrowRows(self.names, self._class_names, limits=self.limits, notes=self.notes)
        yield from rows.read(batches, name=self.name)

    def chunks(self) -> Iterator[Chunk | Record | Refusal]:
        with damage_said(self.name):
            batches = self._file.iter_batches(batch_size=_CHUNK)
        rows = ArrowRows(self.names, self._class_names, limits=self.limits, notes=self.notes)
        yield from rows.chunks(batches, name=self.name)


def _texts(schema: parquet.ParquetSchema) -> list[str]:
    """The columns of texts and bytes, read as dictionaries so that a value shared by rows is read once."""
    columns = [schema.column(place) for place in range(len(schema.names))]
    return [each.path for each in columns if each.physical_type == "BYTE_ARRAY" and each.path == each.name]


def class_names(description: bytes | None) -> dict[str, list[str]]:
    """The class names of each column, as stored in the schema by Hugging Face; {} without them."""
    try:
        features = parse((description or b"{}").decode())["info"]["features"]
        return {
            column: list(feature["names"])
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ):  # metadata of another program under the same key
        return {}


def _class_of(number: int, classes: Sequence[str]) -> str | int | None:
    """The name of a class; None for -1, Hugging Face's value for a missing label."""
    if number == NO_LABEL:
        return None
    return classes[number] if 0 <= number < len(classes) else number


class ArrowRows:
    """Rows of Arrow batches, numbered from 1; vectors are numpy arrays, which are much faster than lists."""

    def __init__(
        self, names: Sequence[str], classes: dict[str, list[str]], *, limits: Limits, notes: Counter[str]
    ) -> None:
        self.names = names
        self.classes = classes
        self.limits = limits
        self.notes = notes
        self._changed: Counter[str] = Counter()  # of this pass; `notes` persist over several

    def read(self, batches: Iterator[pa.RecordBatch], *, name: str) -> Iterator[Record]:
        """The rows; values over the limit are omitted with a note. `InputError` for damaged data."""
        number = 0
        while True:
            with damage_said(name):
                batch = next(batches, None)
                if batch is None:
                    return
                columns = [self._cells(batch.column(place)) for place in range(batch.num_columns)]
                rows = [[column[row] for column in columns] for row in range(batch.num_rows)]
            for cells in rows:
                number += 1
                yield self._row(number, cells)

    def chunks(self, batches: Iterator[pa.RecordBatch], *, name: str) -> Iterator[Chunk | Record]:
        """The rows in chunks, or one by one where a value must be changed."""
        first = 1
        while True:
            with damage_said(name):
                batch = next(batches, None)
                if batch is None:
                    return
                columns = [self._column(batch.column(place)) for place in range(batch.num_columns)]
            if batch.num_rows and (self.classes or any(map(_is_changed, columns))):
                for row, cells in enumerate(zip(*columns, strict=True), start=first):
                    yield self._row(row, list(cells))
            elif batch.num_rows:
                yield Chunk(first, dict(zip(self.names, columns, strict=True)))
            first += batch.num_rows

    def _column(self, column: pa.Array) -> Any:
        """The values of a column, lists of numbers of equal length as an array (n, d)."""
        matrix = matrix_of(column)
        small = matrix is None or matrix.nbytes // len(matrix) <= self._largest
        return matrix if matrix is not None and small else self._cells(column)

    def _cells(self, column: pa.Array | pa.ChunkedArray) -> Sequence[Any]:
        return cells_of(column, largest=self._largest)

    @property
    def _largest(self) -> int:
        return max(self.limits.max_cell_bytes, self.limits.max_image_bytes)

    def _row(self, number: int, cells: list[Any]) -> Record:
        values = dict(zip(self.names, cells, strict=True))
        for column, cell in values.items():
            if isinstance(cell, Unheld):
                note = f"column {column!r}: {cell.what}"
                self._changed[note] += 1
                self.notes[note] = self._changed[note]
                values[column] = cell.instead
        for column, classes in self.classes.items():
            if isinstance(values.get(column), int):
                values[column] = _class_of(values[column], classes)
        return Record(number, values)


def _is_changed(cells: Any) -> bool:
    return not isinstance(cells, np.ndarray) and Unheld in set(map(type, cells))
