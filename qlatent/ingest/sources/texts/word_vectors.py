"""Parse word vectors in text form: GloVe (word and numbers per line), word2vec (with a line "n d"), plain numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

_LOOKED_AT = 50
_LEAST = 4  # minimum numbers per line; fewer may be a text with a date or price
_LONGEST_COUNT = 12  # digits
_SAME = 0.9  # fraction of lines that must have equally many numbers


@dataclass(frozen=True, slots=True)
class Layout:
    """The number of numbers at the end of each line, and whether there is a line "n d" first."""

    width: int
    has_header: bool

    def values(self, line: str) -> dict[str, Any]:
        """The word of a line (or None) and its vector, also if its width differs from most lines."""
        parts = line.split()
        word = " ".join(parts[: -self.width]) if len(parts) >= self.width else parts[0]
        numbers = parts[-self.width :] if len(parts) >= self.width else parts[1:]
        return {"word": word or None, "vector": " ".join(numbers)}


def layout_of(lines: Iterable[str]) -> Layout | None:
    """The layout of lines of vectors, or None for texts."""
    first = [line.split() for line in islice((line for line in lines if line.strip()), _LOOKED_AT)]
    has_header = len(first) > 1 and len(first[0]) == 2 and all(map(_is_count, first[0]))
    rows = first[1:] if has_header else first
    if not rows:
        return None
    if has_header:
        width = int(first[0][1])
    else:
        words = any(not _is_number(row[0]) for row in rows)
        width = max(set(counts := [len(row) - words for row in rows]), key=counts.count)
    if width < (2 if has_header else _LEAST):
        return None
    fitting = sum(len(row) >= width and all(map(_is_number, row[-width:])) for row in rows)
    fractions = any("." in part for row in rows for part in row[-width:])
    return Layout(width, has_header) if fitting >= _SAME * len(rows) and fractions else None


def _is_count(part: str) -> bool:
    return part.isdecimal() and len(part) < _LONGEST_COUNT


def _is_number(part: str) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True
