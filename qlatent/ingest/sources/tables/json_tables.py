"""Read tables from JSON lines and JSON documents, with a reason for every refused row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from typing import Any

from qlatent.errors import InputError
from qlatent.ingest.cells.json_text import NotJson, parse
from qlatent.ingest.cells.values import is_missing
from qlatent.ingest.column import Column
from qlatent.ingest.columns.described import SAMPLE_ROWS, columns_of
from qlatent.ingest.decoding import CP1252_NOTE, Opener, find_encoding, open_text, whole
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record
from qlatent.ingest.sources.tables.json_shapes import rows_of
from qlatent.ingest.sources.tables.table import AbstractTable
from qlatent.types import Refusal


class JsonLinesTable(AbstractTable):
    """A file with one JSON object per line; the columns are all keys of all rows."""

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
        """The refusal of a line with more values than the column limit, before parsing, or None."""
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
    """A column for every key of any row, typed by its first non-missing cells."""
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
        raise InputError(f"{name} {trouble}.", remedy="Choose a file with one JSON object per row.")
    return columns_of(samples)


class JsonTable(AbstractTable):
    """A JSON document in one of the layouts of `json_shapes`, read as a whole."""

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
            raise InputError(f"{self.name} is not {err}.", remedy="Correct it or export it again.") from err
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
    """Whether a .json file contains JSON lines: its first line is an object, and further lines follow."""
    with open_text(opener, encoding=find_encoding(opener), newline=None, limits=limits) as lines:
        try:
            first = next((line for line in lines if line.strip()), "")
            more = any(line.strip() for line in islice(lines, 1000))
        except InputError:  # too long for a row: a document, which has its own limit
            return False
    return more and isinstance(_parsed(1, first), Record)
