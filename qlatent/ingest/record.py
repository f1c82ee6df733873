"""One row as a file has it, what rows are read from, and why a row is refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from qlatent.ingest.column import Column
from qlatent.types import Refusal


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its number (from 1, header not counted) and its cells by column."""

    row: int
    values: dict[str, Any]


class RefusedRow(Exception):  # noqa: N818  (an outcome of reading, not an error)
    """Why one row is not kept, in plain words; becomes a `Refusal` with the row's number."""


class Rows(Protocol):
    """Named cells, row by row and as often as needed: a table, or a source that is read as one."""

    notes: Counter[str]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of the file."""

    def records(self) -> Iterator[Record | Refusal]:
        """The rows, numbered from 1."""
