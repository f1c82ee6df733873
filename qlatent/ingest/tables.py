"""Tables in text files: CSV and TSV, JSON lines and JSON, with a reason for every broken row."""

from __future__ import annotations

import csv
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any

from qlatent.errors import InputError
from qlatent.ingest.column_types import column_of
from qlatent.ingest.decoding import CP1252_NOTE, Opener, find_encoding, is_binary, open_text
from qlatent.ingest.mapping import Column
from qlatent.ingest.record import Record
from qlatent.types import Refusal

_SAMPLE_ROWS = 200
_COLLECTION = ("id", "text")
_FIELD_LIMIT = 10_000_000  # characters; a 4,096-d vector written as text has about 90,000
_MAX_JSON_BYTES = 1_000_000_000


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
    """A CSV or TSV file of any usual encoding and delimiter, through Python's csv module.

    pandas and pyarrow fill short rows silently or lose their numbers, so the csv module reads and this class
    compares every row's length with the header's. A .tsv of two columns, the first of them whole numbers that
    all differ from the first line on, is a collection without a header, as MS MARCO has them: ids and texts,
    in which quotes stand for themselves.
    """

    def __init__(self, opener: Opener, *, name: str, tabs: bool) -> None:
        self.opener = opener
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
    def delimiter(self) -> str:
        """The likeliest delimiter by the first line; a tab for .tsv."""
        if self.tabs:
            return "\t"
        with open_text(self.opener, encoding=self.encoding) as lines:
            first = next((line for line in lines if line.strip()), "")
        counts = {mark: first.count(mark) for mark in ",;\t|"}
        return max(counts, key=lambda mark: counts[mark])

    @cached_property
    def is_collection(self) -> bool:
        """Whether the first rows are numbers and texts without a header."""
        if not self.tabs:
            return False
        with open_text(self.opener, encoding=self.encoding) as lines:
            first = list(islice((line.split("\t") for line in lines if line.strip()), _SAMPLE_ROWS))
        numbers = [cells[0].strip() for cells in first if len(cells) == len(_COLLECTION)]
        begins = bool(first) and len(first[0]) == len(_COLLECTION)
        return begins and len(set(numbers)) == len(numbers) and all(each.isdecimal() for each in numbers)

    @cached_property
    def header(self) -> tuple[str, ...]:
        """The column names: stripped, and made different from each other."""
        if self.is_collection:
            self.notes["no header: the two columns were read as id and text"] += 1
            return _COLLECTION
        with open_text(self.opener, encoding=self.encoding) as lines:
            first = next(
                (cells for cells in self._reader(lines) if any(cell.strip() for cell in cells)), None
            )
        if first is None:
            raise InputError(f"{self.name} is empty.", remedy="Choose a file with a header line and rows.")
        if any(is_binary(cell) for cell in first):
            raise InputError(f"{self.name} is not a text file.", remedy="Save the table as CSV in UTF-8.")
        return unique_names(first, notes=self.notes)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        header = self.header
        rows = [
            record.values for record in islice(self.records(), _SAMPLE_ROWS) if isinstance(record, Record)
        ]
        if not rows and next(self.records(), None) is None:
            raise InputError(
                f"{self.name} has a header but no rows.",
                remedy="Choose a file with at least one row of data.",
            )
        return tuple(column_of(name, [row[name] for row in rows]) for name in header)

    def records(self) -> Iterator[Record | Refusal]:
        header = self.header
        with open_text(self.opener, encoding=self.encoding) as lines:
            rows = self._rows(lines)
            if not self.is_collection:
                next(rows, None)  # the header
            for number, cells in enumerate(rows, start=1):
                yield self._record(number, cells, header)

    def _record(self, number: int, cells: list[str] | str, header: Sequence[str]) -> Record | Refusal:
        if isinstance(cells, str):
            return Refusal(number, cells)
        if len(cells) != len(header):
            return Refusal(number, f"has {_fields(len(cells))}, but the header has {len(header)}")
        return Record(number, dict(zip(header, cells, strict=True)))

    def _rows(self, lines: Iterator[str]) -> Iterator[list[str] | str]:
        """Cells of every row that is not blank, or the reason why a row cannot be split into cells."""
        reader = self._reader(lines)
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as err:
                yield f"is not valid CSV ({err})"
                continue
            if any(cell.strip() for cell in cells):
                yield cells

    def _reader(self, lines: Iterator[str]) -> Iterator[list[str]]:
        csv.field_size_limit(_FIELD_LIMIT)  # the module's own limit is for the whole process
        if self.is_collection:
            return csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return csv.reader(lines, delimiter=self.delimiter)


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

    def __init__(self, opener: Opener, *, name: str) -> None:
        self.opener = opener
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
        return columns_of(self.records(), name=self.name)

    def records(self) -> Iterator[Record | Refusal]:
        with open_text(self.opener, encoding=self.encoding, newline=None) as lines:
            filled = (line for line in lines if line.strip())
            for number, line in enumerate(filled, start=1):
                yield _parsed(number, line)


def _parsed(number: int, line: str) -> Record | Refusal:
    try:
        values = json.loads(line)
    except json.JSONDecodeError as err:
        return Refusal(number, f"is not valid JSON ({err.msg} at character {err.pos + 1})")
    except (ValueError, RecursionError) as err:  # numbers of thousands of digits, nesting without end
        return Refusal(number, f"is not JSON that can be read ({str(err).split(';')[0]})")
    return _as_record(number, values)


def _as_record(number: int, values: Any) -> Record | Refusal:
    if not isinstance(values, dict):
        kinds = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
        return Refusal(number, f"is {kinds.get(type(values), 'a number')}, not an object with named values")
    return Record(number, values)


def columns_of(records: Iterator[Record | Refusal], *, name: str) -> tuple[Column, ...]:
    """Every key of every row, typed by the first cells of each that are not missing."""
    samples: dict[str, list[Any]] = {}
    seen = 0
    for seen, record in enumerate(records, start=1):  # noqa: B007  (0 rows is told from 0 good rows)
        for key, cell in record.values.items() if isinstance(record, Record) else ():
            cells = samples.setdefault(key, [])
            if len(cells) < _SAMPLE_ROWS:
                cells.append(cell)
    if not samples:
        trouble = "has no row that can be read" if seen else "is empty"
        raise InputError(f"{name} {trouble}.", remedy="Choose a file with one JSON object a row.")
    return tuple(column_of(key, cells) for key, cells in samples.items())


class JsonTable(AbstractTable):
    """A JSON document: a list of objects, or an object that holds one such list. Read as a whole."""

    def __init__(self, opener: Opener, *, name: str) -> None:
        self.opener = opener
        self.name = name
        self.notes = Counter()

    @cached_property
    def _rows(self) -> list[Any]:
        with open_text(self.opener, encoding=find_encoding(self.opener), newline=None) as stream:
            text = stream.read(_MAX_JSON_BYTES + 1)
        if len(text) > _MAX_JSON_BYTES:
            raise InputError(
                f"{self.name} is too large for one JSON document.", remedy="Save it as JSON lines."
            )
        if not text.strip():
            raise InputError(f"{self.name} is empty.", remedy="Choose a file with a list of objects.")
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as err:
            raise InputError(
                f"{self.name} is not valid JSON ({err}).", remedy="Correct or export it anew."
            ) from err
        lists = (
            [value for value in document.values() if isinstance(value, list)]
            if isinstance(document, dict)
            else []
        )
        rows = lists[0] if len(lists) == 1 else document
        if not isinstance(rows, list):
            raise InputError(
                f"{self.name} holds no list of rows.", remedy="Save a list of objects, one a row."
            )
        return rows

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return columns_of(self.records(), name=self.name)

    def records(self) -> Iterator[Record | Refusal]:
        yield from (_as_record(number, values) for number, values in enumerate(self._rows, start=1))


def is_json_lines(opener: Opener) -> bool:
    """True when a .json file is JSON lines in truth: its first line is an object, and more follow."""
    with open_text(opener, encoding=find_encoding(opener), newline=None) as lines:
        first = next((line for line in lines if line.strip()), "")
        more = any(line.strip() for line in islice(lines, 1000))
    return more and isinstance(_parsed(1, first), Record)
