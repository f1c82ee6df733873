"""Parquet files, and Arrow batches in general, row by row."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from qlatent.errors import InputError
from qlatent.ingest.columns import columns_of, sample_of
from qlatent.ingest.decoding import Opener
from qlatent.ingest.git_lfs import POINTER_BYTES, check_not_pointer
from qlatent.ingest.mapping import Column
from qlatent.ingest.record import Record
from qlatent.ingest.tables import AbstractTable, unique_names
from qlatent.types import Refusal

_BATCH = 128
NO_LABEL = -1


class ParquetTable(AbstractTable):
    """A Parquet file; class numbers of a Hugging Face export come out as their names."""

    def __init__(self, opener: Opener, *, name: str) -> None:
        self.opener = opener
        self.name = name
        self.notes = Counter()

    @cached_property
    def _file(self) -> parquet.ParquetFile:
        try:
            stream = self.opener()
            path = getattr(stream, "name", None)
            if isinstance(path, str):  # a file on disk: Arrow's own reading is faster, and closes itself
                stream.close()
                return parquet.ParquetFile(path)
            return parquet.ParquetFile(stream)
        except (pa.ArrowException, OSError) as err:
            with self.opener() as start:
                check_not_pointer(start.read(POINTER_BYTES), name=self.name)
            raise self._damaged(err) from err

    def _damaged(self, err: Exception) -> InputError:
        return InputError(
            f"{self.name} is not a Parquet file that can be read ({str(err).splitlines()[0][:150]}).",
            remedy="Export it again and check that it was copied completely.",
        )

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The column names, made different from each other."""
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
        return class_names((self._file.schema_arrow.metadata or {}).get(b"huggingface"))

    def records(self) -> Iterator[Record | Refusal]:
        try:
            batches = self._file.iter_batches(batch_size=_BATCH)
            yield from arrow_records(batches, self.names, class_names=self._class_names)
        except (pa.ArrowException, OSError) as err:
            raise self._damaged(err) from err


def class_names(description: bytes | None) -> dict[str, list[str]]:
    """Column → names of its classes, as Hugging Face writes them into the schema; {} without them."""
    try:
        features = json.loads(description or b"{}")["info"]["features"]
        return {
            column: list(feature["names"])
            for column, feature in features.items()
            if isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        }
    except (ValueError, KeyError, TypeError, AttributeError):  # a note of another program in the same place
        return {}


def arrow_records(
    batches: Iterator[pa.RecordBatch], names: Sequence[str], *, class_names: dict[str, list[str]]
) -> Iterator[Record]:
    """The rows of Arrow batches, numbered from 1; vectors come as numpy arrays, much faster than lists."""
    number = 0
    for batch in batches:
        cells = [_cells(batch.column(place)) for place in range(batch.num_columns)]
        for row in range(batch.num_rows):
            number += 1
            values = {name: column[row] for name, column in zip(names, cells, strict=True)}
            for column, classes in class_names.items():
                if isinstance(values.get(column), int):
                    values[column] = _class_of(values[column], classes)
            yield Record(number, values)


def _class_of(number: int, classes: Sequence[str]) -> str | int | None:
    """The name of a class; None for -1, with which Hugging Face says that an item has no label."""
    if number == NO_LABEL:
        return None
    return classes[number] if 0 <= number < len(classes) else number


def _cells(column: pa.Array | pa.ChunkedArray) -> Sequence[Any]:
    """The values of a column as Python objects; lists of numbers of one length as the rows of one array."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    kind = array.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    is_numbers = is_list and (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type))
    if is_numbers and len(array) and array.null_count == 0:
        flat = array.flatten()
        width, rest = divmod(len(flat), len(array))
        if flat.null_count == 0 and rest == 0 and width and _all_wide(array, width):
            return list(np.asarray(flat).reshape(len(array), width))
    cells: list[Any] = array.to_pylist()
    return cells


def _all_wide(array: pa.Array, width: int) -> bool:
    if pa.types.is_fixed_size_list(array.type):
        return True
    return bool(np.all(np.diff(np.asarray(array.offsets)) == width))
