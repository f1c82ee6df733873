"""Description of a column of a source, from a sample of its cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Order = Literal["", "dmy", "mdy"]
"""What comes first in dates such as 11/12/2025; "" where the column does not tell."""


@dataclass(frozen=True, slots=True)
class Content:
    """Statistics of the first cells of a column; fractions refer to cells that are not missing."""

    cells: int = 0
    distinct: float = 1.0  # distinct values / cells
    words: float = 0.0  # mean number of words per cell
    html: float = 0.0  # fraction of cells with tags of HTML that format them
    money: float = 0.0  # fraction of cells with a number and a currency
    letters: float = 0.0  # fraction of cells that start with a letter and contain no digit
    dates: float = 0.0  # fraction of cells that are dates
    date_order: Order = ""  # what comes first in dates such as 11/12/2025
    paths: float = 0.0  # fraction of cells that are paths such as "Home > Kitchen > Pans"
    ones: float | None = None  # fraction of true, yes, 1 in a column of two such values; else None
    width: int = 0  # most common length of lists of numbers
    number_type: str = ""  # type of numbers stored as bytes: "<f4", "<f8", "<f2" or "npy"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a source.

    Its type is text, number, image, url, vector (embedding), numbers (other lists), bytes, other or empty.
    """

    name: str
    type: str
    sample: str = ""
    content: Content | None = None
    parts: tuple[str, ...] = ()  # columns that each hold one dimension of this vector
    path: tuple[str | int, ...] = ()  # path of the vector in nested cells, starting with the column
