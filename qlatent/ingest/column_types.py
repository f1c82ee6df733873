"""What kind of values a column holds, told from its first cells."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from qlatent.ingest.cells import as_text, is_missing
from qlatent.ingest.images import SUFFIXES
from qlatent.ingest.mapping import Column

WEB_ADDRESS = re.compile(r"^(https?|ftp|s3|gs|data|file|hdfs|ipfs):", re.IGNORECASE)
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_NUMBERS = int | float | np.number
_SAMPLE_LENGTH = 120


def column_of(name: str, cells: Sequence[Any]) -> Column:
    """The column with the type that all its given cells agree on, and its first cell as sample."""
    given = [cell for cell in cells if not is_missing(cell)]
    if not given:
        return Column(name, "empty")
    kinds = {_kind(cell) for cell in given}
    kind = kinds.pop() if len(kinds) == 1 else _common_kind(kinds)
    return Column(name, kind, _sample(given[0], kind))


def _common_kind(kinds: set[str]) -> str:
    if kinds <= {"text", "number", "url"}:
        return "text"
    return (
        "image"
        if kinds <= {"image", "url"}
        else "text"
        if kinds <= {"text", "number", "url", "image"}
        else "other"
    )


def _kind(cell: Any) -> str:
    if isinstance(cell, str):
        return _kind_of_text(cell.strip())
    if isinstance(cell, bytes):
        return "image"
    if isinstance(cell, dict):
        return "image" if {"bytes", "path"} <= set(cell) else "other"
    if isinstance(cell, bool | np.bool_):
        return "text"
    if isinstance(cell, _NUMBERS):
        return "number"
    is_vector = isinstance(cell, list | np.ndarray) and len(cell) and isinstance(cell[0], _NUMBERS)
    return "vector" if is_vector else "other"


def _kind_of_text(cell: str) -> str:
    if WEB_ADDRESS.match(cell):
        return "url"
    if len(cell) < 500 and cell.lower().endswith(SUFFIXES):
        return "image"
    if _NUMBER.fullmatch(cell):
        return "number"
    return "vector" if cell.startswith("[") and _is_number_list(cell) else "text"


def _is_number_list(cell: str) -> bool:
    try:
        numbers = json.loads(cell)
    except (ValueError, RecursionError):  # "[sic]" is a text like any other
        return False
    return isinstance(numbers, list) and len(numbers) > 1 and isinstance(numbers[0], int | float)


def _sample(cell: Any, kind: str) -> str:
    if kind == "vector" and not isinstance(cell, str):
        return f"{len(cell)} numbers"
    if isinstance(cell, bytes):
        return f"{len(cell):,} bytes"
    if isinstance(cell, dict) and kind == "image":
        return str(cell.get("path") or f"{len(cell.get('bytes') or b''):,} bytes")
    text = as_text(cell) or ""
    return text if len(text) <= _SAMPLE_LENGTH else text[: _SAMPLE_LENGTH - 1] + "…"
