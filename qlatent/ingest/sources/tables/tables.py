"""Tables in text files: CSV and TSV, JSON lines and JSON, with a reason for every broken row."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, TextIO

from qlatent.errors import InputError
from qlatent.ingest.cells.json_text import NotJson, parse
from qlatent.ingest.cells.values import is_missing
from qlatent.ingest.column import Column
from qlatent.ingest.columns.described import SAMPLE_ROWS, columns_of, sample_of
from qlatent.ingest.decoding import CP1252_NOTE, Opener, find_encoding, is_binary, open_text, whole
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record
from qlatent.ingest.sources.tables.csv_rows import CsvRows, Dialect, Row, has_backslash_escapes
from qlatent.ingest.sources.tables.headers import made_header
from qlatent.ingest.sources.tables.json_shapes import rows_of
from qlatent.ingest.sources.tables.row_shapes import RowShapes
from qlatent.types import Refusal

_START = 1 << 16  # characters in which the ends of lines show
_FIRST_LINES = 2000  # from which delimiter, escapes and the form of rows are told
_FIRST_CHARACTERS = 1 << 24  # of these lines together
_SHOWN_NAMES = 4


class AbstractTable(ABC):
    """Rows with named cells."""

    notes: Counter[str]

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The columns in the order of the file; an `InputError` when the file is empty or has no rows."""

    @abstractmethod
    def records(self) -> Iterator[Record | Refusal]:
        """The rows, numbered from 1 without the header."""


class CsvTable(AbstractTable):
    """A CSV or TSV file of any usual encoding and delimiter.

    pandas and pyarrow fill short rows silently or lose their numbers, so every row's length is compared with the
    header's here. Tables without a header are known by their first rows (`headers`), stray quotes by theirs
    (`csv_rows`).
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
        """What ends a row: a line feed, or a carriage return where the file has no line feed."""
        with open_text(self.opener, encoding=self.encoding) as stream:
            start = stream.read(_START)
        return "\r" if "\r" in start and "\n" not in start else "\n"

    @cached_property
    def _first_lines(self) -> list[str]:
        """The first lines that are not blank; an `InputError` where one has more columns than a table may have."""
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
        """The likeliest delimiter by the first line without its quoted cells; a tab for .tsv."""
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
        """The cells of the first filled row, the header or not."""
        with self._lines() as lines:
            return next(iter(CsvRows(lines, self._dialect)), Row()).cells

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The column names: stripped, and made different from each other."""
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
        """Notes a row with unpaired quotes once, however often the file is read."""
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


def unique_names(names: Sequence[str], *, notes: Counter[str]) -> tuple[str, ...]:
    """The names without outer spaces; an empty one is "column 3", a repeated one becomes "text (2)"."""
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


class JsonLinesTable(AbstractTable):
    """A file with one JSON object a line; the columns are all keys of all rows."""

    def __init__(self, opener: Opener, *, name: str, limits: Limits | None = None) -> None:
        self.opener = opener
        self.limits = limits or Limits()
        self.name = name
        self.notes = Counter()

    @cached_property
    def encoding(self) -> str:
        encoding = find_encoding(self.opener)
        if encoding == "cp1252":
            self.notes[CP1252_NOTE] += 1
        return encoding

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return json_columns(self.records(), name=self.name, limits=self.limits)

    def records(self) -> Iterator[Record | Refusal]:
        with open_text(self.opener, encoding=self.encoding, newline=None, limits=self.limits) as lines:
            filled = (line for line in lines if line.strip())
            for number, line in enumerate(filled, start=1):
                yield self._crowded(number, line) or _parsed(number, line)

    def _crowded(self, number: int, line: str) -> Refusal | None:
        """The refusal of a line that names more values than a table may have columns, before it is parsed."""
        named, limit = line.count('":'), self.limits.max_columns
        return Refusal(number, f"has {named:,} values; the limit is {limit:,}") if named > limit else None


def _parsed(number: int, line: str) -> Record | Refusal:
    try:
        values = parse(line)
    except NotJson as err:
        return Refusal(number, f"is not {err}")
    return _as_record(number, values)


def _as_record(number: int, values: Any) -> Record | Refusal:
    if not isinstance(values, dict):
        kinds = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
        return Refusal(number, f"is {kinds.get(type(values), 'a number')}, not an object with named values")
    return Record(number, values)


def json_columns(records: Iterator[Record | Refusal], *, name: str, limits: Limits) -> tuple[Column, ...]:
    """Every key of every row, typed by the first cells of each that are not missing."""
    samples: dict[str, list[Any]] = {}
    seen = 0
    for seen, record in enumerate(limits.bounded(records, name), start=1):  # noqa: B007  (0 rows is told from 0 good rows)
        limits.check_columns(name, len(samples))
        for key, cell in record.values.items() if isinstance(record, Record) else ():
            cells = samples.setdefault(key, [])
            if len(cells) < SAMPLE_ROWS and not is_missing(cell):
                cells.append(cell)
    if not samples:
        trouble = "has no row that can be read" if seen else "is empty"
        raise InputError(f"{name} {trouble}.", remedy="Choose a file with one JSON object a row.")
    return columns_of(samples)


class JsonTable(AbstractTable):
    """A JSON document in one of the shapes that programs write (`json_shapes`). Read as a whole."""

    def __init__(self, opener: Opener, *, name: str, limits: Limits | None = None) -> None:
        self.opener = opener
        self.limits = limits or Limits()
        self.name = name
        self.notes = Counter()

    @cached_property
    def _rows(self) -> list[Any]:
        encoding = find_encoding(self.opener)
        with self.opener() as stream:
            text = whole(stream, self.name, limits=self.limits).decode(encoding, "replace")
        if not text.strip():
            raise InputError(f"{self.name} is empty.", remedy="Choose a file with a list of objects.")
        try:
            document = parse(text)
        except NotJson as err:
            raise InputError(f"{self.name} is not {err}.", remedy="Correct or export it anew.") from err
        rows, note = rows_of(document, name=self.name)
        if note:
            self.notes[note] += 1
        return rows

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return json_columns(self.records(), name=self.name, limits=self.limits)

    def records(self) -> Iterator[Record | Refusal]:
        yield from (_as_record(number, values) for number, values in enumerate(self._rows, start=1))


def is_json_lines(opener: Opener, *, limits: Limits) -> bool:
    """True when a .json file is JSON lines in truth: its first line is an object, and more follow."""
    with open_text(opener, encoding=find_encoding(opener), newline=None, limits=limits) as lines:
        try:
            first = next((line for line in lines if line.strip()), "")
            more = any(line.strip() for line in islice(lines, 1000))
        except InputError:  # a line too long for a row: a document, which has a limit of its own
            return False
    return more and isinstance(_parsed(1, first), Record)
