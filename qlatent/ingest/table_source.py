"""A table as a source: alone, beside a folder of images, or inside a zip with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from qlatent.ingest.decoding import Opener
from qlatent.ingest.files import AbstractFiles, stream_hash
from qlatent.ingest.image_cells import cell_bytes, file_of
from qlatent.ingest.limits import Limits
from qlatent.ingest.mapping import Column, Mapping
from qlatent.ingest.record import Record
from qlatent.ingest.source import AbstractSource
from qlatent.ingest.tables import AbstractTable
from qlatent.types import Refusal, content_hash


@dataclass(frozen=True, slots=True)
class Place:
    """Where a table comes from: its opener, the files around it and its name among them ("": outside)."""

    kind: str
    name: str
    opener: Opener
    files: AbstractFiles | None = None
    inside: str = ""
    whole: bool = False  # the files are part of what was given: a zip or a folder, not just lying beside


class TableSource(AbstractSource):
    """Rows of a table; image cells are paths among the files of its place, or bytes."""

    def __init__(self, table: AbstractTable, place: Place, *, limits: Limits) -> None:
        self.table = table
        self.place = place
        self.kind = place.kind
        self.name = place.name
        self.limits = limits
        self.notes = table.notes
        self.row_notes = Counter()
        if place.whole and place.files is not None:
            self.notes.update(place.files.notes)

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.table.columns

    def records(self) -> Iterator[Record | Refusal]:
        yield from self.table.records()
        if self.place.whole and self.place.files is not None:
            for refusal in self.place.files.refusals:
                yield Refusal(
                    refusal.row,
                    f"not a row but file {refusal.row} of {self.name}: {refusal.reason}",
                    refusal.id,
                )

    def image_bytes(self, cell: Any) -> bytes:
        return cell_bytes(cell, self.place.files, beside=self.place.inside, limits=self.limits)

    def content_hash(self, mapping: Mapping) -> str:
        files = self.place.files
        if self.place.whole and files is not None:
            return files.fingerprint()
        with self.place.opener() as stream:
            table = stream_hash(stream)
        if files is None or mapping.image is None:
            return table
        named = {file_of(cell, files, beside="") for cell in self._cells(mapping.image)} - {None}
        return content_hash(table + files.fingerprint(sorted(name for name in named if name)))

    def _cells(self, column: str) -> Iterator[Any]:
        for record in self.table.records():
            if isinstance(record, Record):
                yield record.values.get(column)
