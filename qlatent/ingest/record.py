"""One row as a file has it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Record:
    """One row: its number (from 1, header not counted) and its cells by column."""

    row: int
    values: dict[str, Any]
