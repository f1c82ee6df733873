"""Read headerless text files that accompany others: one vector per line, or one word per line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath
from typing import TextIO

import numpy as np

from qlatent.errors import InputError
from qlatent.ingest.column import Column
from qlatent.ingest.decoding import Opener, find_encoding, open_text
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record
from qlatent.ingest.sources.tables.csv_table import CsvTable
from qlatent.ingest.sources.tables.table import AbstractTable
from qlatent.types import Refusal

_SAMPLE_ROWS = 20
_MARKS = re.compile(r"[\t,; ]+")
_SINGULAR = {"labels": "label", "classes": "class", "ids": "id", "captions": "caption", "sentences": "sentence",
             "titles": "title", "names": "name", "texts": "text", "words": "text"}  # fmt: skip


def is_number_lines(opener: Opener, *, limits: Limits) -> bool:
    """Whether the first lines hold equally many numbers, at least two and not all integers: headerless vectors."""
    with _text(opener, limits) as lines:
        first = [_numbers(line) for line in islice((line for line in lines if line.strip()), _SAMPLE_ROWS)]
    widths = {len(row) if row is not None else 0 for row in first}
    if len(widths) != 1 or min(widths) < 2:
        return False
    return any(not float(number).is_integer() for row in first if row is not None for number in row)


def _text(opener: Opener, limits: Limits) -> TextIO:
    return open_text(opener, encoding=find_encoding(opener), newline=None, limits=limits)


def _numbers(line: str) -> np.ndarray | None:
    try:
        return np.array([float(cell) for cell in _MARKS.split(line.strip())])
    except ValueError:
        return None


class NumberLines(AbstractTable):
    """One vector per line, separated by tabs, commas or spaces, as for TensorBoard's projector."""

    def __init__(self, opener: Opener, *, name: str, limits: Limits) -> None:
        self.opener = opener
        self.limits = limits
        self.name = name
        self.notes = Counter()
        self.notes[f"{name} has no header: each line is a vector"] += 1

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        first = next((row for row in self.records() if isinstance(row, Record)), None)
        if first is None:
            raise InputError(f"{self.name} is empty.", remedy="Choose a file with one vector a line.")
        return (Column("vector", "vector", f"{len(first.values['vector'])} numbers"),)

    def records(self) -> Iterator[Record | Refusal]:
        with _text(self.opener, self.limits) as lines:
            for number, line in enumerate((line for line in lines if line.strip()), start=1):
                vector = _numbers(line)
                if vector is None:
                    yield Refusal(number, f"is not a line of numbers: {line.strip()[:60]!r}")
                else:
                    yield Record(number, {"vector": vector})


class WordLines(AbstractTable):
    """One value per line, including blank lines: line 7 belongs to vector 7. The file name is the column name."""

    def __init__(self, opener: Opener, *, name: str, limits: Limits) -> None:
        self.opener = opener
        self.limits = limits
        self.name = name
        self.notes = Counter()
        stem = PurePosixPath(name).stem.lower()
        self.column = _SINGULAR.get(stem, stem if stem in _SINGULAR.values() else "text")

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        cells = (str(row.values[self.column]) for row in self.records())
        return (Column(self.column, "text", next((cell for cell in cells if cell), "")[:120]),)

    def records(self) -> Iterator[Record]:
        blank = 0
        with _text(self.opener, self.limits) as lines:
            for number, line in enumerate(lines, start=1):
                if not line.strip():
                    blank += 1
                    continue
                yield from (Record(number - early, {self.column: ""}) for early in range(blank, 0, -1))
                blank = 0
                yield Record(number, {self.column: line.strip()})


class HeaderlessTable(AbstractTable):
    """A table whose first line is a row; columns are named by position."""

    def __init__(self, table: CsvTable) -> None:
        self.table = table
        self.notes = table.notes
        self.notes[
            f"{table.name} has as many lines as there are vectors, so its first line is no header"
        ] += 1
        self._names = {name: f"column {place}" for place, name in enumerate(table.header, start=1)}

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(
            replace(each, name=self._names[each.name], sample=each.sample or each.name)
            for each in self.table.columns
        )

    def records(self) -> Iterator[Record | Refusal]:
        first = self.table.first_row()
        yield Record(1, dict(zip(self._names.values(), first, strict=True)))
        for row in self.table.records():
            if isinstance(row, Refusal):
                yield Refusal(row.row + 1, row.reason, row.id)
            else:
                yield Record(row.row + 1, {self._names[name]: cell for name, cell in row.values.items()})
