"""A row as read from a file, the interface of sources of rows, and the refusal of a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from qlatent.ingest.column import Column
from qlatent.types import Refusal


@dataclass(frozen=True, slots=True)
class Record:
    """A row: its number, from 1 without the header, and its cells by column."""

    row: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Consecutive rows as columns of equal length; `first` is the number of the first row, from 1."""

    first: int
    columns: dict[str, Any]  # sequences of cells; vectors and numbers may be arrays (n, …)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def records(self) -> Iterator[Record]:
        """The rows one by one."""
        for row, cells in enumerate(zip(*self.columns.values(), strict=True), start=self.first):
            yield Record(row, dict(zip(self.columns, cells, strict=True)))


class RefusedRow(Exception):  # noqa: N818  (an outcome of reading, not an error)
    """The reason why a row is not kept, in plain words; becomes a `Refusal` with the row's number."""


class Rows(Protocol):
    """Rows of named cells that can be read repeatedly: a table, or a source that is read as one."""

    notes: Counter[str]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of the file."""

    def records(self) -> Iterator[Record | Refusal]:
        """The rows, numbered from 1."""
