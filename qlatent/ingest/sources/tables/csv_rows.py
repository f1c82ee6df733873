"""The rows of a CSV file, also where its quotes do not pair: a stray quote never melts rows together.

Python's csv module splits, strictly. Where it fails, or where a quoted cell has swallowed lines that are rows by
themselves, the line is read alone: with backslash escapes (Spark, MySQL), or with quotes that stand for themselves.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from qlatent.ingest.sources.tables.row_shapes import RowShapes

_MOST_LINES = 10_000  # of one quoted cell; what is not closed by then is a stray quote
_MOST_QUOTES, _MOST_FIELDS = 40, 16  # up to which a line with quotes inside quotes is tried to be told apart
_ESCAPED = re.compile(r'\\(["\\])')
_ESCAPES_IN_QUOTES = re.compile(r'(?:^|[,;\t|])"(?:[^"\\\n]|\\.)*\\"[^\r\n",;\t|]', re.MULTILINE)
_RETURN = "\ue00d"  # stands for a carriage return inside a line while the csv module looks at it


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file separates and quotes its cells."""

    delimiter: str
    backslashes: bool = False  # \\" is a quote inside quotes
    literal: bool = False  # quotes stand for themselves
    longest: int = 10_000_000  # characters of a cell; a 4,096-d vector written as text has about 90,000


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of a row, or the reason why it cannot be split; `repaired`: its quotes do not pair."""

    cells: tuple[str, ...] = ()
    reason: str = ""
    repaired: bool = False


def has_backslash_escapes(text: str) -> bool:
    """Whether quotes inside quoted cells are written with a backslash before them."""
    return bool(_ESCAPES_IN_QUOTES.search(text))


class CsvRows:
    """The rows of lines that keep their ends; `shapes` knows how many cells a row has and what they look like."""

    def __init__(self, lines: Iterator[str], dialect: Dialect, shapes: RowShapes | None = None) -> None:
        csv.field_size_limit(dialect.longest)  # the module's own limit is for the whole process
        self.dialect = dialect
        self.shapes = shapes
        self._lines = _Lines(lines, longest=dialect.longest)
        self._width = shapes.width if shapes else 0
        self._readers = {
            escapes: csv.reader(self._lines.escaped(escapes), delimiter=dialect.delimiter, strict=True)
            for escapes in (False, True)
        }

    def __iter__(self) -> Iterator[Row]:
        """Every row that is not blank."""
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
        """The next row as the csv module reads it; None when its quotes do not pair."""
        self._lines.start()
        try:
            cells = next(self._readers[backslashes])
        except (StopIteration, csv.Error):
            self._lines.restore()
            return None
        return tuple(cell.replace(_RETURN, "\r") for cell in cells)

    def _fits(self, cells: tuple[str, ...]) -> bool:
        """As many cells as the header, and no lines among them that are rows by themselves."""
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
        """One line read by itself, if that gives as many cells as the header has."""
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
        """Quoted cells with bare quotes in them, told apart by the number of cells there must be."""
        if line.count('"') > _MOST_QUOTES or not 0 < self._width <= _MOST_FIELDS:
            return None
        mark = re.escape(self.dialect.delimiter)
        cell = rf'("(?:.*?)"|[^"{mark}][^{mark}]*|)'
        found = re.fullmatch(mark.join([cell] * self._width), line.rstrip("\r\n"))
        return tuple(_unquoted(each) for each in found.groups()) if found else None


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if len(cell) > 1 and cell[0] == cell[-1] == '"' else cell


class _Lines:
    """Lines that can be put back: what a stray quote has swallowed is read again."""

    def __init__(self, lines: Iterator[str], *, longest: int) -> None:
        self._source = lines
        self._longest = longest
        self._waiting: deque[str] = deque()
        self.taken: list[str] = []
        self._size = 0

    def peek(self) -> str | None:
        """The next line, which stays; None at the end."""
        if not self._waiting:
            line = next(self._source, None)
            if line is None:
                return None
            self._waiting.append(line)
        return self._waiting[0]

    def start(self) -> None:
        """From here on lines are remembered."""
        self.taken, self._size = [], 0

    def restore(self) -> None:
        """Puts the remembered lines back."""
        self._waiting.extendleft(reversed(self.taken))
        self.taken, self._size = [], 0

    def take(self) -> str:
        """The next line, remembered alone."""
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
        """The lines as the csv module reads them: backslash escapes as doubled quotes."""
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
