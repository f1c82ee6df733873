"""Split a cell that names several pictures: a list, a JSON list, or names with separators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from qlatent.ingest.cells.json_text import NotJson, parse
from qlatent.ingest.image_check import SUFFIXES, is_picture

_SEPARATORS = ("\n", ";", "|", ",", " ")
_QUOTED = re.compile(r"'([^'\n]*)'|\"([^\"\n]*)\"")  # as Python writes a list of names
_ENDS = " \t\r\n;|,]\"'"
_LONGEST = 100_000


def parts(cell: Any) -> list[Any]:
    """The pictures of a cell in order, as cells of one picture each; the cell itself if it holds one picture.

    A text is split at line ends, or else at ";", "|", "," or spaces, if every part ends as picture files do.
    """
    if isinstance(cell, list | tuple):
        return [each for each in cell if each is not None]
    if not isinstance(cell, str) or not _may_be_list(cell):
        return [cell]
    text = cell.strip()
    return _listed(text) if text[:1] == "[" else _separated(text)


def is_list(cell: Any) -> bool:
    """Whether a cell holds a list of pictures: names in a text, or names, bytes or {"bytes", "path"} in a list."""
    if isinstance(cell, str):
        return _may_be_list(cell) and parts(cell) != [cell]
    return isinstance(cell, list) and bool(cell) and all(map(_is_one, cell))


def _is_one(cell: Any) -> bool:
    if isinstance(cell, str):
        return _names_picture(cell)
    return (
        is_picture(cell)
        if isinstance(cell, bytes)
        else isinstance(cell, dict) and {"bytes", "path"} <= set(cell)
    )


def _may_be_list(text: str) -> bool:
    return len(text) <= _LONGEST and ("://" in text or _names_picture(text.rstrip(_ENDS)))


def _names_picture(text: str) -> bool:
    name = text.strip()
    if "://" in name:
        name = name.partition("?")[0]
    return name.lower().endswith(SUFFIXES)


def _listed(text: str) -> list[Any]:
    try:
        found = parse(text)
    except NotJson:
        found = [one or other for one, other in _QUOTED.findall(text)]
    names = [name for name in found if name] if isinstance(found, list) else []
    return (
        names if names and all(isinstance(name, str) and _names_picture(name) for name in names) else [text]
    )


def _separated(text: str) -> list[Any]:
    for separator in _SEPARATORS:
        if separator in text and _all_pictures(names := _stripped(text.split(separator))):
            return names
    return [text]


def _all_pictures(names: Sequence[str]) -> bool:
    return bool(names) and all(map(_names_picture, names))


def _stripped(names: Sequence[str]) -> list[str]:
    return [stripped for name in names if (stripped := name.strip())]
