"""Read several files with the same columns as one table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import PurePosixPath
from typing import Any

from qlatent.ingest.cells.values import as_text
from qlatent.ingest.column import Column
from qlatent.ingest.columns.column_types import column_of
from qlatent.ingest.files.files import AbstractFiles
from qlatent.ingest.files.splits import split_of
from qlatent.ingest.record import Record, RefusedRow, Rows
from qlatent.ingest.rows.image_cells import file_of
from qlatent.ingest.sources.tables.table import AbstractTable
from qlatent.types import Refusal

_SAMPLE_ROWS = 200
_SHARD_NUMBER = re.compile(r"(?:[-_.]|(?<!\d))\d++([-_]?of[-_]?\d++)?(?=$|[-_.])", re.IGNORECASE)
_NAMED = 5  # maximum number of files named in a note


@dataclass(frozen=True, slots=True)
class Part:
    """A file of several, with its name and rows."""

    name: str
    rows: Rows


def split_in(name: str) -> str | None:
    """The split in the name of a file or of its folders: "data/train-00001-of-00003.parquet" → train."""
    *folders, file = PurePosixPath(name.lower()).parts
    words = [word for word in re.split(r"[-_.]", PurePosixPath(file).stem) if word]
    return next((split for word in [*words, *reversed(folders)] if (split := split_of(word))), None)


def pattern(name: str) -> str:
    """The common name of the shards of a set: the name without number and split."""
    parts = [part for part in PurePosixPath(name.lower()).parts if not split_of(part)]
    stem = ".".join(parts[-1].split(".")[:-1]) if parts else ""
    stem = _SHARD_NUMBER.sub("", stem)
    stem = "-".join(word for word in re.split(r"[-_.]", stem) if word and not split_of(word))
    return "/".join([*parts[:-1], stem])


def listed(names: Sequence[str]) -> str:
    """Names for a note, truncated to the first few."""
    more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


class Shards(AbstractTable):
    """The rows of several files with continuous numbering, and the union of their columns.

    A column of only some files is missing in the others' rows, with a note. A split in the names of files or folders
    becomes a column unless there is one. Image paths relative to a file are converted to paths from the root.
    """

    def __init__(self, parts: Sequence[Part], *, files: AbstractFiles) -> None:
        self.parts = parts
        self.files = files
        self.notes = Counter()
        self.notes[
            f"{len(parts):,} files read one after the other: {listed([part.name for part in parts])}"
        ] += 1
        for part in parts:
            self.notes.update(part.rows.notes)

    @cached_property
    def _samples(self) -> list[list[dict[str, Any]]]:
        return [
            [row.values for row in islice(part.rows.records(), _SAMPLE_ROWS) if isinstance(row, Record)]
            for part in self.parts
        ]

    @cached_property
    def _own(self) -> tuple[Column, ...]:
        """The columns of the files, without the split."""
        named = [{column.name: column for column in part.rows.columns} for part in self.parts]
        found = []
        for name in dict.fromkeys(name for columns in named for name in columns):
            having = [part.name for part, columns in zip(self.parts, named, strict=True) if name in columns]
            if len(having) < len(self.parts):
                self.notes[
                    f"column {name!r} is only in {listed(having)}; the rows of other files lack it"
                ] += 1
            kinds = {columns[name].type for columns in named if name in columns} - {"empty"}
            if len(kinds) > 1:
                self.notes[f"column {name!r} is {' in one file and '.join(sorted(kinds))} in another"] += 1
                found.append(column_of(name, [row.get(name) for rows in self._samples for row in rows]))
            else:
                given = [columns[name] for columns in named if name in columns]
                found.append(next((column for column in given if column.type != "empty"), given[0]))
        return tuple(found)

    @cached_property
    def _splits(self) -> list[str | None]:
        if any(column.name.lower() == "split" for column in self._own):
            return [None] * len(self.parts)
        return [split_in(part.name) for part in self.parts]

    @property
    def columns(self) -> tuple[Column, ...]:
        split = next((split for split in self._splits if split), None)
        return (*self._own, Column("split", "text", split)) if split else self._own

    def records(self) -> Iterator[Record | Refusal]:
        pictures = [column.name for column in self._own if column.type == "image"]
        start = 0
        for part, split in zip(self.parts, self._splits, strict=True):
            row = 0
            for record in part.rows.records():
                row = record.row
                if isinstance(record, Refusal):
                    yield Refusal(start + row, f"row {row} of {part.name}: {record.reason}", record.id)
                    continue
                values = {**record.values, **({"split": split} if split else {})}
                for name in pictures:
                    if isinstance(values.get(name), str):
                        values[name] = self._from_top(values[name], part.name, split)
                yield Record(start + row, values)
            start += row

    def _from_top(self, cell: str, part: str, split: str | None) -> str:
        """The path from the root of an image next to its file, or in its split's folder: train.csv and train/a.png."""
        places = (part, str(PurePosixPath(part).parent / (split or "") / "any"))
        found = (file_of(cell, self.files, beside=place) for place in places)
        return next((name for name in found if name), cell)

    def repeats(self, column: str) -> bool:
        """Whether the values of a column repeat in another file, as row numbers do."""
        seen: set[str] = set()
        for rows in self._samples:
            values = {text for row in rows if (text := _text(row.get(column)))}
            if values and len(values & seen) > len(values) / 2:
                return True
            seen |= values
        return False


def _text(value: Any) -> str | None:
    try:
        return as_text(value)
    except RefusedRow:
        return None
