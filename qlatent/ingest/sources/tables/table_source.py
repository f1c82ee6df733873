"""A table as a source: alone, with a folder of images, or in a zip with images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from qlatent.ingest.cells import picture_lists
from qlatent.ingest.column import Column
from qlatent.ingest.columns.described import SAMPLE_ROWS
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.decoding import Opener
from qlatent.ingest.files.files import AbstractFiles, stream_hash
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Chunk, Record, Rows
from qlatent.ingest.rows.image_cells import cell_bytes, file_of, name_in_address
from qlatent.ingest.sources.source import AbstractSource
from qlatent.ingest.sources.tables.shards import Shards, listed
from qlatent.ingest.sources.tables.table import AbstractTable
from qlatent.types import Refusal, content_hash


@dataclass(frozen=True, slots=True)
class Place:
    """The origin of a table: its opener, the surrounding files, and its name among them ("" if outside)."""

    kind: str
    name: str
    opener: Opener
    files: AbstractFiles | None = None
    inside: str = ""
    whole: bool = False  # the files are part of the input (a zip or a folder), not just in the table's folder


class TableSource(AbstractSource):
    """Rows of a table; image cells are bytes, or paths among the files of its place."""

    def __init__(self, table: Rows, place: Place, *, limits: Limits) -> None:
        self.table = table
        self.place = place
        self.kind = place.kind
        self.name = place.name
        self.limits = limits
        self.notes = table.notes
        self.row_notes = Counter()
        self._named: set[str] = set()  # images named by rows so far
        if place.whole and place.files is not None:
            self.notes.update(place.files.notes)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.table.columns

    def guess(self) -> Mapping:
        """The guessed mapping; a column that restarts in each file is not used as id and becomes metadata."""
        found = super().guess()
        if found.image is None and self.place.whole and self.place.files is not None:
            found = replace(found, image=self._addresses_of(self.place.files))
        if found.id is None and any(column.name == "ids" for column in self.columns):
            found = replace(found, id="ids")
        if found.id and isinstance(self.table, Shards) and self.table.repeats(found.id):
            self.notes[f"column {found.id!r} begins anew in each file, so it is no id of the items"] = 1
            return replace(found, id=None)
        return found

    def _addresses_of(self, files: AbstractFiles) -> str | None:
        """The column of web addresses whose last parts are the names of pictures that are here."""
        for column in (column.name for column in self.columns if column.type == "url"):
            cells = {cell for cell in islice(self._cells([column]), SAMPLE_ROWS) if isinstance(cell, str)}
            names = Counter(map(name_in_address, cells))
            distinct = all(
                count == 1 for name, count in names.items() if name
            )  # image.jpg may be any of many
            here = sum(file_of(cell, files, beside=self.place.inside) is not None for cell in cells)
            if distinct and here * 2 > len(cells) > 0:
                self.notes[f"pictures found by the names in the web addresses of {column!r}"] = 1
                return column
        return None

    def records(self) -> Iterator[Record | Refusal]:
        self._named.clear()
        yield from self.table.records()
        if self.place.whole and self.place.files is not None:
            self._note_unnamed(self.place.files)
            for refusal in self.place.files.refusals:
                yield Refusal(
                    refusal.row,
                    f"not a row but file {refusal.row} of {self.name}: {refusal.reason}",
                    refusal.id,
                )

    def chunks(self) -> Iterator[Chunk | Record | Refusal]:
        if isinstance(self.table, AbstractTable) and not self.place.whole:
            return self.table.chunks()
        return self.records()

    def _note_unnamed(self, files: AbstractFiles) -> None:
        unnamed = [name for name in files.images() if name not in self._named]
        if unnamed:
            self.row_notes[f"pictures that no row names left out ({len(unnamed):,}): {listed(unnamed)}"] += 1

    def image_bytes(self, cell: Any) -> bytes:
        if self.place.whole and self.place.files is not None:
            named = file_of(cell, self.place.files, beside=self.place.inside)
            self._named |= {named} if named else set()
        return cell_bytes(cell, self.place.files, beside=self.place.inside, limits=self.limits)

    def content_hash(self, mapping: Mapping) -> str:
        files = self.place.files
        if self.place.whole and files is not None:
            return files.fingerprint()
        with self.place.opener() as stream:
            table = stream_hash(stream)
        if files is None or mapping.image is None:
            return table
        columns = (mapping.image, *mapping.images)
        named = {file_of(cell, files, beside="") for cell in self._cells(columns)} - {None}
        return content_hash(table + files.fingerprint(sorted(name for name in named if name)))

    def _cells(self, columns: Sequence[str]) -> Iterator[Any]:
        """The cells of columns of pictures, one picture each."""
        for record in self.table.records():
            if isinstance(record, Record):
                for column in columns:
                    yield from picture_lists.parts(record.values.get(column))
