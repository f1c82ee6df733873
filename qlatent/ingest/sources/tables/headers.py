"""Whether a table has a header, told from its first rows: vectors and lists of words are saved without one."""

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
    """Names for the columns of a table that has no header; None when its first row is one.

    No header has: a table of tabs with ids that are whole numbers and texts (MS MARCO); one whose first row is numbers
    that are not all whole, maybe behind a word (embeddings); a table of tabs of one column whose first row is no
    usual name of a column (the metadata of TensorBoard's projector).
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
    """Numbers that are not all whole: the names of columns may be numbers (0 … 767), but not fractions."""
    if len(cells) < _LEAST_NUMBERS or not all(map(_NUMBER.fullmatch, cells)):
        return False
    return any(float(cell) % 1 for cell in cells)
