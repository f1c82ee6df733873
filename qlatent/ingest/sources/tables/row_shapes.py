"""Learn the form of a table's cells from its first lines, to distinguish rows from lines of text."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_LEAST_LINES = 3
_MOST_CLASSES = 20
_LEAST_OF_CLASSES = 12  # minimum cells for few distinct words to be classes
_MOST_SHARE = 0.6
_WIDE = 5  # minimum cells that a line of text rarely has by chance


class RowShapes:
    """Number and form of a row's cells: numbers, codes such as A-17, or one of a few words."""

    def __init__(self, lines: Iterable[str], *, width: int, delimiter: str) -> None:
        self.width = width
        rows = [cells for line in lines if len(cells := _cells(line, delimiter)) == width]
        self._forms: dict[int, Callable[[str], bool]] = {}
        if len(rows) >= _LEAST_LINES:
            for place in range(width):
                form = _form([row[place].strip() for row in rows])
                if form is not None:
                    self._forms[place] = form

    def are_rows(self, lines: Sequence[Sequence[str]], delimiter: str) -> bool:
        """Whether the lines in a quoted cell are rows, which means that the quote is stray.

        Each line must have as many cells as the header, and cells of known form must match it. Without known forms,
        tabs (which texts lack) or many cells decide; always False for a table with one column.
        """
        if self.width < 2 or any(len(cells) != self.width for cells in lines):
            return False
        if not self._forms:
            return delimiter == "\t" or self.width >= _WIDE
        return all(
            form(cells[place].strip().strip('"'))
            for cells in lines[1:]
            for place, form in self._forms.items()
        )


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return []


def _form(cells: Sequence[str]) -> Callable[[str], bool] | None:
    """The form of most cells of a column; a few may differ, as lines of text may be among them."""
    filled = [cell for cell in cells if cell]
    if len(filled) < _LEAST_LINES:
        return None
    if _most(sum(bool(_NUMBER.fullmatch(cell)) for cell in filled), filled):
        return lambda cell: not cell or bool(_NUMBER.fullmatch(cell))
    code, often = Counter(map(_code, filled)).most_common(1)[0]
    if "9" in code and _most(often, filled):
        return lambda cell: _code(cell) == code
    counts = Counter(filled)
    classes = {word for word, count in counts.items() if count > 1 and len(word.split()) <= 2}
    repeated = sum(counts[word] for word in classes)
    if len(filled) >= _LEAST_OF_CLASSES and len(classes) <= _MOST_CLASSES and _most(repeated, filled):
        return lambda cell: not cell or cell in classes
    return None


def _most(count: int, cells: Sequence[str]) -> bool:
    return count >= _MOST_SHARE * len(cells)


def _code(cell: str) -> str:
    """The form of a code: digits as 9, letters as a, so that "A-17" and "B-203" are equal."""
    return re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", cell)) if len(cell) <= 40 else ""
