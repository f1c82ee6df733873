"""What is known of a column of a source before its rows are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Content:
    """What the first cells of a column are like; shares are of the cells that are not missing."""

    cells: int = 0
    distinct: float = 1.0  # different values / cells
    words: float = 0.0  # mean number of words of a cell
    html: float = 0.0  # share of cells with HTML tags
    money: float = 0.0  # share of cells with a number and a currency
    letters: float = 0.0  # share of cells that begin with a letter and have no digit
    ones: float | None = None  # share of true, yes, 1 in a column of two such values; None in any other
    width: int = 0  # the commonest length of its lists of numbers
    number_type: str = ""  # of a column of bytes that are numbers: "<f4", "<f8", "<f2" or "npy"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a source.

    Its type is text, number, image, url, vector (an embedding), numbers (lists that are none), bytes, other or empty.
    """

    name: str
    type: str
    sample: str = ""
    content: Content | None = None
    parts: tuple[str, ...] = ()  # columns that are one dimension each of this vector
    path: tuple[str | int, ...] = ()  # where the vector stands in nested cells; its first part is a column
