"""Detect the type of a column from its first cells and, if they are ambiguous, from its name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from qlatent.ingest.cells import number_lists, picture_lists
from qlatent.ingest.cells.dates import as_date, order_of
from qlatent.ingest.cells.html_text import is_html
from qlatent.ingest.cells.values import as_text, is_missing
from qlatent.ingest.column import Column, Content
from qlatent.ingest.column_names import denies_embedding, says_embedding
from qlatent.ingest.image_check import SUFFIXES, is_picture

WEB_ADDRESS = re.compile(r"^(https?|ftp|s3|gs|data|file|hdfs|ipfs):", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_NUMBERS = int | float | np.number
_SAMPLE_LENGTH = 120
_MOST_LISTS = 40  # lists parsed to distinguish embeddings from labels, boxes and tokens
_LEAST_WIDTH = 8  # minimum width of an embedding whose name does not indicate one
_SAME_WIDTH = 0.9  # minimum fraction of lists of equal width
_MONEY = re.compile(
    r"([$€£¥₹]|\b(usd|eur|gbp|chf|inr|jpy)\b)\s*\d|\d\s*([$€£¥₹]|(usd|eur|gbp|chf|inr|jpy)\b)", re.IGNORECASE
)
_PATH = re.compile(r"[^<>»›]{1,80}?\s[>»›]\s[^<>\n]{1,200}")  # Home > Kitchen > Pans
_TRUE, _FALSE = ("1", "true", "yes", "y", "t"), ("0", "false", "no", "n", "f")


def column_of(name: str, cells: Sequence[Any]) -> Column:
    """The column with the most common type of its cells, its first cell as sample, and statistics.

    Occasional cells of another type do not change the type; they are reported when their row is read.
    """
    given = [cell for cell in cells if not is_missing(cell) and not _is_empty_list(cell)]
    if not given:
        return Column(name, "other" if any(_is_empty_list(cell) for cell in cells) else "empty")
    kinds = [_kind(cell) for cell in given]
    kind = _common_kind(name, Counter(kinds))
    width, number_type = 0, ""
    if kind == "bytes":
        kind, number_type = _kind_of_bytes(name, [cell for cell in given if isinstance(cell, bytes)])
    if kind == "list":
        lists = [cell for cell, each in zip(given, kinds, strict=True) if each == "list"]
        kind, width = _kind_of_lists(name, lists)
    if kind == "text" and says_embedding(name) and _are_packed(given):
        kind = "vector"
    like = {"vector": "list", "numbers": "list", "text": kinds[0]}.get(kind, kind)
    shown = next((cell for cell, each in zip(given, kinds, strict=True) if each == like), given[0])
    return Column(name, kind, _sample(shown, kind), _content(given, kind, width, number_type))


def _is_empty_list(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip() in ("[]", "{}")
    return isinstance(cell, list | np.ndarray | dict) and len(cell) == 0


def _common_kind(name: str, kinds: Counter[str]) -> str:
    total = kinds.total()
    if kinds["list"] and (says_embedding(name) or kinds["list"] * 2 >= total):
        return "list"
    if kinds["bytes"] * 2 >= total:
        return "bytes"
    pictures = kinds["image"] + kinds["url"]
    if pictures * 2 >= total:
        return (
            "image"
            if kinds["image"] >= kinds["url"] or (kinds["image"] and kinds["url"] < 0.9 * total)
            else "url"
        )
    if set(kinds) == {"number"}:
        return "number"
    return "text" if not kinds["other"] and not kinds["bytes"] else "other"


def _kind(cell: Any) -> str:
    if isinstance(cell, str):
        return _kind_of_text(cell.strip())
    if isinstance(cell, bytes):
        return "image" if is_picture(cell) else "bytes"
    if isinstance(cell, dict):
        return "image" if {"bytes", "path"} <= set(cell) else "other"
    if isinstance(cell, bool | np.bool_):
        return "text"
    if isinstance(cell, _NUMBERS):
        return "number"
    if picture_lists.is_list(cell):
        return "image"
    return "list" if _is_list(cell) else "other"


def _is_list(cell: Any) -> bool:
    if isinstance(cell, np.ndarray):
        return cell.ndim == 1 and cell.dtype.kind in "fiu"
    if not isinstance(cell, list):
        return False
    inner = cell[0] if len(cell) == 1 and isinstance(cell[0], list) else cell
    return (
        bool(inner)
        and any(isinstance(each, _NUMBERS) for each in inner)
        and all(each is None or (isinstance(each, _NUMBERS) and not isinstance(each, bool)) for each in inner)
    )


def _kind_of_text(cell: str) -> str:
    if WEB_ADDRESS.match(cell):
        return "url"
    if (len(cell) < 500 and cell.lower().endswith(SUFFIXES)) or picture_lists.is_list(cell):
        return "image"
    if _NUMBER.fullmatch(cell):
        return "number"
    return "list" if number_lists.is_number_list(cell) else "text"


def _kind_of_bytes(name: str, cells: Sequence[bytes]) -> tuple[str, str]:
    """Type of bytes that are not images: numbers if their dtype can be inferred, else text, else bytes."""
    number_type = number_lists.number_type(cells)
    if number_type and not denies_embedding(name):
        return "vector", number_type
    if all(_is_utf8(cell) for cell in cells):
        return "text", ""
    return "bytes", ""


def _are_packed(cells: Sequence[Any]) -> bool:
    """Whether most texts are base64-encoded numbers."""
    looked = cells[:_MOST_LISTS]
    return sum(isinstance(cell, str) and number_lists.is_packed_text(cell) for cell in looked) * 2 > len(
        looked
    )


def _is_utf8(cell: bytes) -> bool:
    try:
        return not any(character < "\t" for character in cell.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _kind_of_lists(name: str, cells: Sequence[Any]) -> tuple[str, int]:
    """Whether lists of numbers are an embedding: by name, or by equal width, many entries and non-integer values."""
    bare = all(isinstance(cell, str) and not number_lists.has_brackets(cell) for cell in cells)
    lists = [found for found in map(_parsed, cells[:_MOST_LISTS]) if found is not None]
    if not lists:  # all were abbreviated with "..."
        return ("vector" if not denies_embedding(name) else "text"), 0
    width, often = Counter(map(len, lists)).most_common(1)[0]
    same = often >= _SAME_WIDTH * len(lists)
    if denies_embedding(name) or not _is_embedding(name, lists, width=width, same=same):
        return ("text" if bare else "numbers"), width if same else 0
    return "vector", width


def _is_embedding(name: str, lists: Sequence[np.ndarray], *, width: int, same: bool) -> bool:
    if says_embedding(name):
        return width > 1
    fractions = sum(bool(np.any(each[np.isfinite(each)] % 1)) for each in lists)
    return same and width >= _LEAST_WIDTH and fractions * 2 > len(lists)


def _parsed(cell: Any) -> np.ndarray | None:
    try:
        numbers = number_lists.numbers_in(cell, name="") if isinstance(cell, str) else cell
        return np.asarray(numbers, dtype=np.float64).ravel()
    except (number_lists.RefusedRow, ValueError, TypeError, OverflowError):
        return None


def _content(given: Sequence[Any], kind: str, width: int, number_type: str) -> Content:
    if kind in ("vector", "numbers", "bytes", "image", "other"):
        return Content(cells=len(given), width=width, number_type=number_type)
    texts = [as_text(cell) or "" for cell in given]
    low = Counter(text.lower() for text in texts)
    order = order_of(given)
    is_flag = set(low) <= {*_TRUE, *_FALSE} and len(low) <= 2
    return Content(
        cells=len(texts),
        distinct=len(set(texts)) / len(texts),
        words=sum(len(text.split()) for text in texts) / len(texts),
        html=sum(map(is_html, texts)) / len(texts),
        money=sum(bool(_MONEY.search(text)) for text in texts) / len(texts),
        letters=sum(text[:1].isalpha() and not any(map(str.isdigit, text)) for text in texts) / len(texts),
        dates=sum(as_date(cell, order=order or "dmy") is not None for cell in given) / len(texts),
        date_order=order,
        paths=sum(bool(_PATH.match(text)) for text in texts) / len(texts),
        ones=sum(low[word] for word in _TRUE) / len(texts) if is_flag else None,
        width=width,
    )


def _sample(cell: Any, kind: str) -> str:
    if kind in ("vector", "numbers") and isinstance(cell, list | np.ndarray):
        return f"{len(cell)} numbers"
    if isinstance(cell, bytes) and kind != "text":
        return f"{len(cell):,} bytes"
    if isinstance(cell, dict) and kind == "image":
        content = cell.get("bytes")
        size = f"{len(content):,} bytes" if isinstance(content, bytes) else ""
        return str(cell.get("path") or size)[:_SAMPLE_LENGTH]
    text = as_text(cell) or ""
    return text if len(text) <= _SAMPLE_LENGTH else text[: _SAMPLE_LENGTH - 1] + "…"
