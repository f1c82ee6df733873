"""Tables that name images without extension: 1163 for images/1163.jpg."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from qlatent.ingest.cells.values import as_text
from qlatent.ingest.column import Column
from qlatent.ingest.files.file_names import name_key
from qlatent.ingest.record import Record, Rows
from qlatent.ingest.sources.tables.table import AbstractTable
from qlatent.types import Refusal

_SAMPLE_ROWS = 200
_ENOUGH = 0.5  # fraction of the sampled rows


class PictureNames(AbstractTable):
    """The rows of a table with an added column of the images that one of its columns names."""

    def __init__(self, rows: Rows, column: str, pictures: Sequence[str]) -> None:
        self.rows, self.column = rows, column
        self.notes = rows.notes
        self._known = _by_stem(pictures)
        names = {each.name for each in rows.columns}
        self._name = next(name for name in ("image", "picture", "image of the row") if name not in names)
        self.notes[f"column {column!r} names the pictures without their endings"] += 1

    @property
    def columns(self) -> tuple[Column, ...]:
        return (*self.rows.columns, Column(self._name, "image", next(iter(self._known.values()))))

    def records(self) -> Iterator[Record | Refusal]:
        for row in self.rows.records():
            if isinstance(row, Refusal):
                yield row
            else:
                picture = self._known.get(_key(row.values.get(self.column)))
                yield Record(row.row, {**row.values, self._name: picture})


def naming_column(rows: Rows, pictures: Sequence[str]) -> str | None:
    """The column that names images without extension in most of the first rows, or None.

    Most of its values must be distinct: labels from 0 to 9 are not names of 0.png to 9.png.
    """
    known = _by_stem(pictures)
    hits: dict[str, list[str]] = {}
    looked = 0
    for row in islice(rows.records(), _SAMPLE_ROWS):
        if isinstance(row, Record):
            looked += 1
            for name, cell in row.values.items():
                if (key := _key(cell)) in known:
                    hits.setdefault(name, []).append(key)
    enough = {name: keys for name, keys in hits.items() if len(set(keys)) > _ENOUGH * looked}
    return max(enough, key=lambda name: len(enough[name])) if enough else None


def _by_stem(pictures: Sequence[str]) -> dict[str, str]:
    """Image by its name without folders and extension, for unique names."""
    counts = Counter(name_key(PurePosixPath(name).stem) for name in pictures)
    return {key: name for name in pictures if counts[key := name_key(PurePosixPath(name).stem)] == 1}


def _key(cell: Any) -> str:
    return name_key(as_text(cell) or "") if isinstance(cell, str | int | float) else ""
