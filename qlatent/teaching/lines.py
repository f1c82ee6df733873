"""Text as numbered lines, TOML in it, and on which line a key stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qlatent.teaching.lesson import LessonError

_PLACE = re.compile(r"\(at line (\d+), column \d+\)")
_TABLE = re.compile(r"^\s*\[+(?P<path>[^\]]+)\]+")


@dataclass(frozen=True)
class Lines:
    """Consecutive lines of a file of a lesson; `first` is the number of the first one."""

    file: str
    first: int
    lines: Sequence[str]

    def error(self, message: str, line: int, remedy: str = "") -> LessonError:
        """The error at a line of the file."""
        return LessonError(message, file=self.file, line=line, remedy=remedy)


def values(block: Lines) -> dict[str, Any]:
    """The lines read as TOML; `LessonError` names the line that is not."""
    try:
        return tomllib.loads("\n".join(block.lines))
    except tomllib.TOMLDecodeError as err:
        place = _PLACE.search(str(err))
        line = block.first + (int(place[1]) - 1 if place else max(0, len(block.lines) - 1))
        raise block.error(f"this is not TOML: {_PLACE.sub('', str(err)).strip()}.", line) from err


def line_of(key: str, block: Lines) -> int:
    """The line of a key in a block, else the one before its first line."""
    for number, line in enumerate(block.lines):
        if re.match(rf"\s*(\[\s*)?{re.escape(key)}\b", line):
            return block.first + number
    return block.first - 1


def line_in_table(block: Lines, *path: str) -> int:
    """The line of a key below the headings of TOML tables, such as ("runs", "acqua", "head").

    Of what is not written, the line of the nearest table around it; the first line where there is none.
    """
    best, line, table = 0, block.first, ()  # type: int, int, tuple[str, ...]
    for number, text in enumerate(block.lines):
        heading = _TABLE.match(text)
        if heading:
            table = tuple(each.strip().strip("\"'") for each in heading["path"].split("."))
        key = re.match(r"\s*[\"']?(?P<key>[^=\"'\s]+)[\"']?\s*=", text)
        here = (*table, key["key"]) if key and not heading else table
        matched = sum(1 for _ in _common(here, path))
        if matched == len(here) and matched > best:
            best, line = matched, block.first + number
    return line


def _common(one: Sequence[str], two: Sequence[str]) -> Sequence[str]:
    """How the two begin alike."""
    same = [first == second for first, second in zip(one, two, strict=False)]
    return one[: same.index(False)] if False in same else one[: len(same)]
