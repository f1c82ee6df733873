"""Read CSV and TSV files, with a reason for every refused row."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TextIO

from qlatent.errors import InputError
from qlatent.ingest.column import Column
from qlatent.ingest.columns.described import SAMPLE_ROWS, columns_of, sample_of
from qlatent.ingest.decoding import CP1252_NOTE, Opener, find_encoding, is_binary, open_text
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record
from qlatent.ingest.sources.tables.csv_rows import CsvRows, Dialect, Row, has_backslash_escapes
from qlatent.ingest.sources.tables.headers import made_header
from qlatent.ingest.sources.tables.row_shapes import RowShapes
from qlatent.ingest.sources.tables.table import AbstractTable, unique_names
from qlatent.types import Refusal

_START = 1 << 16  # characters read to detect line ends
_FIRST_LINES = 2000  # lines read to detect delimiter, escapes and the form of rows
_FIRST_CHARACTERS = 1 << 24  # maximum characters of these lines
_SHOWN_NAMES = 4


class CsvTable(AbstractTable):
    """A CSV or TSV file with any common encoding and delimiter.

    pandas and pyarrow silently pad short rows or lose row numbers, so this reader compares every row's length with the
    header's. `headers` detects tables without a header, `csv_rows` handles stray quotes.
    """

    def __init__(self, opener: Opener, *, name: str, tabs: bool, limits: Limits | None = None) -> None:
        self.opener = opener
        self.limits = limits or Limits()
        self.name = name
        self.tabs = tabs
        self.notes = Counter()

    @cached_property
    def encoding(self) -> str:
        encoding = find_encoding(self.opener)
        if encoding == "cp1252":
            self.notes[CP1252_NOTE] += 1
        return encoding

    @cached_property
    def _line_end(self) -> str:
        """The line end: a line feed, or a carriage return if the file has no line feeds."""
        with open_text(self.opener, encoding=self.encoding) as stream:
            start = stream.read(_START)
        return "\r" if "\r" in start and "\n" not in start else "\n"

    @cached_property
    def _first_lines(self) -> list[str]:
        """The first non-blank lines; `InputError` if one exceeds the maximum number of columns."""
        found: list[str] = []
        size = 0
        with self._lines() as lines:
            for line in filter(str.strip, lines):
                if not found:
                    self._check_width(line)
                found.append(line)
                size += len(line)
                if len(found) == _FIRST_LINES or size > _FIRST_CHARACTERS:
                    break
        return found

    def _check_width(self, line: str) -> None:
        mark = "\t" if self.tabs else _delimiter(line)
        self.limits.check_columns(self.name, _unquoted(line).count(mark) + 1)

    def _lines(self) -> TextIO:
        return open_text(self.opener, encoding=self.encoding, newline=self._line_end, limits=self.limits)

    @cached_property
    def delimiter(self) -> str:
        """The most likely delimiter, from the first line without quoted cells; a tab for .tsv."""
        return "\t" if self.tabs else _delimiter(next(iter(self._first_lines), ""))

    @cached_property
    def _made_header(self) -> tuple[str, ...] | None:
        rows = [line.rstrip("\r\n").split(self.delimiter) for line in self._first_lines[:SAMPLE_ROWS]]
        made = made_header(rows, tabs=self.delimiter == "\t" and self.tabs)
        if made is not None:
            several = f"{'two' if len(made) == 2 else len(made)} columns were"
            are = "column was" if len(made) == 1 else several
            self.notes[f"no header: the {are} read as {_listed(made)}"] += 1
        return made

    @cached_property
    def _dialect(self) -> Dialect:
        backslashes = has_backslash_escapes("".join(self._first_lines))
        literal = self._made_header is not None and self.tabs
        return Dialect(
            self.delimiter, backslashes=backslashes, literal=literal, longest=self.limits.max_cell_bytes
        )

    def first_row(self) -> tuple[str, ...]:
        """The cells of the first non-empty row, header or not."""
        with self._lines() as lines:
            return next(iter(CsvRows(lines, self._dialect)), Row()).cells

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The column names, stripped and made unique."""
        if not self._first_lines:
            raise InputError(f"{self.name} is empty.", remedy="Choose a file with a header line and rows.")
        if is_binary(self._first_lines[0]):
            raise InputError(f"{self.name} is not a text file.", remedy="Save the table as CSV in UTF-8.")
        if self._made_header is not None:
            return self._made_header
        names = self.first_row()
        self.limits.check_columns(self.name, len(names))
        return unique_names(names, notes=self.notes)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        samples = sample_of(self.records(), self.header)
        if not samples and next(self.records(), None) is None:
            raise InputError(
                f"{self.name} has a header but no rows.",
                remedy="Choose a file with at least one row of data.",
            )
        return columns_of(samples or {name: [] for name in self.header})

    def records(self) -> Iterator[Record | Refusal]:
        header = self.header
        shapes = RowShapes(self._first_lines[1:], width=len(header), delimiter=self.delimiter)
        with self._lines() as lines:
            if self._made_header is None:
                next(iter(CsvRows(lines, self._dialect)), None)  # the header
            for number, row in enumerate(CsvRows(lines, self._dialect, shapes), start=1):
                if row.repaired:
                    self._repaired(number)
                yield self._record(number, row, header)

    def _repaired(self, number: int) -> None:
        """Counts a row with unbalanced quotes once, however often the file is read."""
        if number > self._last_repaired:
            self._last_repaired = number
            self._first_repaired = self._first_repaired or number
            self.notes[
                f"rows whose quotes do not pair read by their line alone, from row {self._first_repaired} on"
            ] += 1

    _first_repaired = _last_repaired = 0

    def _record(self, number: int, row: Row, header: Sequence[str]) -> Record | Refusal:
        if row.reason:
            return Refusal(number, row.reason)
        if len(row.cells) != len(header):
            return Refusal(number, f"has {_fields(len(row.cells))}, but the header has {len(header)}")
        return Record(number, dict(zip(header, row.cells, strict=True)))


def _unquoted(line: str) -> str:
    return re.sub(r'"[^"]*"', "", line)


def _delimiter(line: str) -> str:
    bare = _unquoted(line)
    return max(",;\t|", key=bare.count)


def _listed(names: Sequence[str]) -> str:
    return " and ".join(names) if len(names) < _SHOWN_NAMES else f"{names[0]}, {names[1]} … {names[-1]}"


def _fields(count: int) -> str:
    return "1 field" if count == 1 else f"{count} fields"
