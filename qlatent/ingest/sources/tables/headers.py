"""Detect tables without a header, such as vectors and word lists, from their first rows."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qlatent.ingest.column_names import plain

_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_COLLECTION = ("id", "text")
_KNOWN = frozenset((
    "id", "text", "title", "name", "word", "words", "label", "labels", "sentence", "caption", "query",
    "description", "content", "category", "class", "topic", "item", "review", "comment", "message", "image",
    "path", "file", "filename", "url", "price", "body", "headline", "question", "answer",
))  # fmt: skip
_LEAST_NUMBERS = 3


def made_header(rows: Sequence[Sequence[str]], *, tabs: bool) -> tuple[str, ...] | None:
    """Column names for a table without a header, or None if the first row is a header.

    Tables without a header are: tab-separated ones with integer ids and texts (MS MARCO); those whose first row
    consists of numbers, not all integers, optionally after a word (embeddings); tab-separated ones with one column
    whose first row is not a common column name (metadata of TensorBoard's projector).
    """
    if not rows:
        return None
    first = [cell.strip() for cell in rows[0]]
    if tabs and _is_collection(rows):
        return _COLLECTION
    if _is_vector(first):
        return tuple(f"dim_{place}" for place in range(len(first)))
    if len(first) > _LEAST_NUMBERS and not _NUMBER.fullmatch(first[0]) and _is_vector(first[1:]):
        return ("word", *(f"dim_{place}" for place in range(len(first) - 1)))
    if tabs and len(first) == 1 and len(rows) > 1 and plain(first[0]) not in _KNOWN:
        return ("text",)
    return None


def _is_collection(rows: Sequence[Sequence[str]]) -> bool:
    numbers = [cells[0].strip() for cells in rows if len(cells) == len(_COLLECTION)]
    begins = len(rows[0]) == len(_COLLECTION)
    return begins and len(set(numbers)) == len(numbers) and all(each.isdecimal() for each in numbers)


def _is_vector(cells: Sequence[str]) -> bool:
    """Whether the cells are numbers, not all integers; column names may be integers (0 … 767), but not fractions."""
    if len(cells) < _LEAST_NUMBERS or not all(map(_NUMBER.fullmatch, cells)):
        return False
    return any(float(cell) % 1 for cell in cells)
