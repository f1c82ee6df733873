"""Parse rows of a CSV file robustly: a stray quote does not merge rows.

Python's csv module parses in strict mode. If it fails, or if a quoted cell contains lines that are rows themselves, the
line is parsed alone: with backslash escapes (Spark, MySQL), or with literal quotes.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from qlatent.ingest.sources.tables.row_shapes import RowShapes

_MOST_LINES = 10_000  # maximum lines of a quoted cell; a quote not closed by then is stray
_MOST_QUOTES, _MOST_FIELDS = 40, 16  # limits for splitting a line with quotes inside quotes
_ESCAPED = re.compile(r'\\(["\\])')
_ESCAPES_IN_QUOTES = re.compile(r'(?:^|[,;\t|])"(?:[^"\\\n]|\\.)*\\"[^\r\n",;\t|]', re.MULTILINE)
_RETURN = "\ue00d"  # placeholder for a carriage return inside a line, for the csv module


@dataclass(frozen=True, slots=True)
class Dialect:
    """The delimiter and quoting of a file."""

    delimiter: str
    backslashes: bool = False  # \\" is a quote inside quotes
    literal: bool = False  # quotes are ordinary characters
    longest: int = 10_000_000  # maximum characters per cell; a 4,096-d vector as text has about 90,000


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, or the reason why it cannot be split; `repaired`: its quotes are unbalanced."""

    cells: tuple[str, ...] = ()
    reason: str = ""
    repaired: bool = False


def has_backslash_escapes(text: str) -> bool:
    """Whether quotes inside quoted cells are escaped by backslashes."""
    return bool(_ESCAPES_IN_QUOTES.search(text))


class CsvRows:
    """Iterates over the rows of lines with line ends; `shapes` describes the number and form of a row's cells."""

    def __init__(self, lines: Iterator[str], dialect: Dialect, shapes: RowShapes | None = None) -> None:
        csv.field_size_limit(dialect.longest)  # the limit is global to the process
        self.dialect = dialect
        self.shapes = shapes
        self._lines = _Lines(lines, longest=dialect.longest)
        self._width = shapes.width if shapes else 0
        self._readers = {
            escapes: csv.reader(self._lines.escaped(escapes), delimiter=dialect.delimiter, strict=True)
            for escapes in (False, True)
        }

    def __iter__(self) -> Iterator[Row]:
        """Yields every non-blank row."""
        while (line := self._lines.peek()) is not None:
            if not line.strip():
                self._lines.take()
                continue
            row = (
                self._literal_row()
                if self.dialect.literal or ('"' not in line and "\\" not in line)
                else self._row()
            )
            if row.reason or any(cell.strip() for cell in row.cells):
                yield row

    def _literal_row(self) -> Row:
        return Row(self._split(self._lines.take()))

    def _split(self, line: str) -> tuple[str, ...]:
        return tuple(line.rstrip("\r\n").split(self.dialect.delimiter))

    def _row(self) -> Row:
        escapes = self.dialect.backslashes
        read: tuple[str, ...] | None = None
        for backslashes in (escapes, not escapes):
            found = self._read(backslashes)
            if found is not None and self._fits(found):
                return Row(found, repaired=backslashes != escapes)
            read = read or found
            self._lines.restore()
        alone = self._alone(self._lines.take())
        if alone is not None:
            return Row(alone, repaired=True)
        if read is not None:
            self._lines.restore()
            return Row(self._read(escapes) or self._read(not escapes) or read)
        return Row(reason="is not valid CSV (its quotes do not pair)")

    def _read(self, backslashes: bool) -> tuple[str, ...] | None:
        """The next row as parsed by the csv module, or None if its quotes are unbalanced."""
        self._lines.start()
        try:
            cells = next(self._readers[backslashes])
        except (StopIteration, csv.Error):
            self._lines.restore()
            return None
        return tuple(cell.replace(_RETURN, "\r") for cell in cells)

    def _fits(self, cells: tuple[str, ...]) -> bool:
        """Whether there are as many cells as in the header, and no cell contains lines that are rows themselves."""
        if not self._width:
            return True
        taken = self._lines.taken
        return len(cells) == self._width and not (
            len(taken) > 1
            and self.shapes is not None
            and self.shapes.are_rows(
                [self._split(line) for line in taken if line.strip()], self.dialect.delimiter
            )
        )

    def _alone(self, line: str) -> tuple[str, ...] | None:
        """The cells of a single line, or None unless there are as many as in the header."""
        cells = self._split(line)
        if len(cells) == self._width or not self._width:
            quoted = sum(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)
            inner = self._quotes_inside(line) if quoted > 1 and quoted * 2 > len(cells) else None
            return inner or cells
        if self.dialect.backslashes:
            mark = re.escape(self.dialect.delimiter)
            escaped = re.split(rf"(?<!\\){mark}", line.rstrip("\r\n"))
            if len(escaped) == self._width:
                return tuple(
                    cell.replace(f"\\{self.dialect.delimiter}", self.dialect.delimiter) for cell in escaped
                )
        return self._quotes_inside(line)

    def _quotes_inside(self, line: str) -> tuple[str, ...] | None:
        """The cells of a line with unescaped quotes in quoted cells, split by the known number of cells."""
        if line.count('"') > _MOST_QUOTES or not 0 < self._width <= _MOST_FIELDS:
            return None
        mark = re.escape(self.dialect.delimiter)
        cell = rf'("(?:.*?)"|[^"{mark}][^{mark}]*|)'
        found = re.fullmatch(mark.join([cell] * self._width), line.rstrip("\r\n"))
        return tuple(_unquoted(each) for each in found.groups()) if found else None


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


class _Lines:
    """Lines with backtracking, to re-read lines that a stray quote consumed."""

    def __init__(self, lines: Iterator[str], *, longest: int) -> None:
        self._source = lines
        self._longest = longest
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []
        self._size = 0

    def peek(self) -> str | None:
        """The next line without consuming it; None at the end."""
        if not self._waiting:
            line = next(self._source, None)
            if line is None:
                return None
            self._waiting.append(line)
        return self._waiting[0]

    def start(self) -> None:
        """Starts recording lines."""
        self.taken, self._size = [], 0

    def restore(self) -> None:
        """Puts the recorded lines back."""
        self._waiting.extendleft(reversed(self.taken))
        self.taken, self._size = [], 0

    def take(self) -> str:
        """Consumes the next line and records only it."""
        self.start()
        return self._next()

    def _next(self) -> str:
        line = self.peek()
        if line is None or len(self.taken) >= _MOST_LINES or self._size > self._longest:
            raise StopIteration
        self._waiting.popleft()
        self.taken.append(line)
        self._size += len(line)
        return line

    def escaped(self, backslashes: bool) -> Iterator[str]:
        """The lines for the csv module, with backslash escapes converted to doubled quotes."""
        return _Fed(self, backslashes)


class _Fed(Iterator[str]):
    def __init__(self, lines: _Lines, backslashes: bool) -> None:
        self._lines, self._backslashes = lines, backslashes

    def __next__(self) -> str:
        line = self._lines._next()
        body = line.rstrip("\r\n")
        if "\r" in body:
            line = body.replace("\r", _RETURN) + line[len(body) :]
        return (
            _ESCAPED.sub(lambda mark: '""' if mark[1] == '"' else "\\", line) if self._backslashes else line
        )
