"""The interface of a table: named columns, and rows or refusals with a reason."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence

from qlatent.ingest.column import Column
from qlatent.ingest.record import Chunk, Record
from qlatent.types import Refusal


class AbstractTable(ABC):
    """Rows with named cells."""

    notes: Counter[str]

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of the file; `InputError` if the file is empty or has no rows."""

    @abstractmethod
    def records(self) -> Iterator[Record | Refusal]:
        """The rows, numbered from 1 without the header."""

    def chunks(self) -> Iterator[Chunk | Record | Refusal]:
        """The same, in chunks of rows where the table is stored by columns."""
        return self.records()


def unique_names(names: Sequence[str], *, notes: Counter[str]) -> tuple[str, ...]:
    """The names, stripped; an empty one becomes "column 3", a repeated one "text (2)"."""
    seen: Counter[str] = Counter()
    unique = []
    for place, given in enumerate(names, start=1):
        name = given.strip().lstrip("\ufeff") or f"column {place}"
        seen[name] += 1
        if seen[name] > 1:
            notes[f"column name {name!r} appears again; that column is called '{name} ({seen[name]})'"] += 1
            name = f"{name} ({seen[name]})"
        unique.append(name)
    return tuple(unique)
