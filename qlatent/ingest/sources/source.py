"""The interface of a source: columns, rows as items, and a hash of its content."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from qlatent.ingest.column import Column
from qlatent.ingest.columns.guessing import guess_mapping
from qlatent.ingest.columns.mapping import Mapping, check_mapping
from qlatent.ingest.limits import Limits, short
from qlatent.ingest.record import Chunk, Record
from qlatent.ingest.rows.items import ItemMaker
from qlatent.ingest.rows.listings import joined
from qlatent.ingest.rows.vector_items import in_bulk, vector_items
from qlatent.types import Item, Refusal, VectorItems, content_hash


class AbstractSource(ABC):
    """A source of rows that can be read repeatedly without holding them in memory.

    `notes` counts remarks about the file, `row_notes` remarks about rows (complete after `rows` was read to its end):
    message → count.
    """

    kind: str
    name: str
    limits: Limits
    notes: Counter[str]
    row_notes: Counter[str]
    _maker: ItemMaker | None = None

    @property
    @abstractmethod
    def columns(self) -> tuple[Column, ...]:
        """The columns with types and samples; read from the file once."""

    @abstractmethod
    def records(self) -> Iterator[Record | Refusal]:
        """The rows as in the file; an unreadable row is a refusal."""

    @abstractmethod
    def image_bytes(self, cell: Any) -> bytes:
        """The image bytes for a cell of an image column; `RefusedRow` if there are none."""

    @abstractmethod
    def content_hash(self, mapping: Mapping) -> str:
        """Hexadecimal hash of the content, including the images that a table names."""

    def guess(self) -> Mapping:
        """The guessed mapping."""
        return guess_mapping(self.columns)

    def fingerprint(self, mapping: Mapping) -> str:
        """Hexadecimal hash of content and mapping; equal hashes give equal items."""
        text = json.dumps([self.content_hash(mapping), mapping.content()], sort_keys=True)
        return content_hash(text)

    def rows(self, mapping: Mapping | None = None, *, decode: bool = True) -> Iterator[Item | Refusal]:
        """Items and refusals in the order of the source, by `mapping` or the guessed one.

        With `decode=False` images are checked by header, size and end only, which is fast enough for a preview.
        Raises `InputError` at once, not at the first row, if the mapping names a missing column.
        """
        return self._items(self._making(mapping, decode=decode))

    def bulk(
        self, mapping: Mapping | None = None, *, decode: bool = True
    ) -> Iterator[VectorItems | Item | Refusal]:
        """The same as `rows`, with `VectorItems` for many rows at once where these have nothing but vectors."""
        maker = self._making(mapping, decode=decode)
        return self._in_bulk(maker) if in_bulk(maker) else self._items(maker)

    def chunks(self) -> Iterator[Chunk | Record | Refusal]:
        """The same as `records`, in chunks of rows where the source is stored by columns."""
        return self.records()

    def _making(self, mapping: Mapping | None, *, decode: bool) -> ItemMaker:
        mapping = self.guess() if mapping is None else mapping
        check_mapping(mapping, self.columns, source=self.name)
        return ItemMaker(self, mapping, decode=decode)

    def _items(self, maker: ItemMaker) -> Iterator[Item | Refusal]:
        self.row_notes, self._maker = maker.notes, maker
        rows = self.records()
        if maker.mapping.has_versions:
            rows = joined(rows, maker.mapping, maker.notes)
        for record in self.limits.bounded(rows, self.name):
            yield from _made(maker, record)

    def _in_bulk(self, maker: ItemMaker) -> Iterator[VectorItems | Item | Refusal]:
        self.row_notes, self._maker = maker.notes, maker
        for part in self.limits.bounded(self.chunks(), self.name):
            found = vector_items(maker, part) if isinstance(part, Chunk) else None
            yield from _made(maker, part) if found is None else (found,)

    def remarks(self) -> tuple[str, ...]:
        """All remarks as lines of text, repeated ones with their count."""
        notes = self.notes + self.row_notes
        counted = [f"{text} ({count:,}×)" if count > 1 else text for text, count in notes.items()]
        return (*counted, *(self._maker.remarks() if self._maker else ()))


def _made(maker: ItemMaker, read: Chunk | Record | Refusal) -> Iterator[Item | Refusal]:
    """The item or refusal of each row."""
    for record in read.records() if isinstance(read, Chunk) else (read,):
        made = record if isinstance(record, Refusal) else maker.make(record.row, record.values)
        if made is not None:
            yield replace(made, reason=short(made.reason)) if isinstance(made, Refusal) else made
