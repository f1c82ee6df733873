"""What every source offers: its columns, its rows as items, and a name for its content."""

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
from qlatent.ingest.record import Record
from qlatent.ingest.rows.items import ItemMaker
from qlatent.types import Item, Refusal, content_hash


class AbstractSource(ABC):
    """Something that rows can be read from, again and again, without holding them in memory.

    `notes` counts what is worth knowing about the file, `row_notes` what happened to single rows (complete
    when `rows` has been read to its end): message → how often.
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
        """The columns with their types and a sample; read from the file once."""

    @abstractmethod
    def records(self) -> Iterator[Record | Refusal]:
        """The rows as they are in the file; a row that cannot be read at all comes as its refusal."""

    @abstractmethod
    def image_bytes(self, cell: Any) -> bytes:
        """The bytes behind a cell of an image column; a `RefusedRow` when it leads nowhere."""

    @abstractmethod
    def content_hash(self, mapping: Mapping) -> str:
        """Hexadecimal digits that change whenever the content does (images that the table names included)."""

    def guess(self) -> Mapping:
        """The mapping to begin with."""
        return guess_mapping(self.columns)

    def fingerprint(self, mapping: Mapping) -> str:
        """Hexadecimal digits of content and mapping together: equal ones give equal items."""
        text = json.dumps([self.content_hash(mapping), mapping.as_dict()], sort_keys=True)
        return content_hash(text)

    def rows(self, mapping: Mapping | None = None, *, decode: bool = True) -> Iterator[Item | Refusal]:
        """Items and refusals in the order of the source; without a mapping, the guessed one.

        With `decode=False` images are checked by header, size and end only: fast, enough for a preview.
        A mapping that names a missing column is an `InputError`, raised at once and not at the first row.
        """
        mapping = self.guess() if mapping is None else mapping
        check_mapping(mapping, self.columns, source=self.name)
        return self._items(ItemMaker(self, mapping, decode=decode))

    def _items(self, maker: ItemMaker) -> Iterator[Item | Refusal]:
        self.row_notes, self._maker = maker.notes, maker
        for record in self.limits.bounded(self.records(), self.name):
            made = record if isinstance(record, Refusal) else maker.make(record.row, record.values)
            yield replace(made, reason=short(made.reason)) if isinstance(made, Refusal) else made

    def remarks(self) -> tuple[str, ...]:
        """All notes as lines for people, repeated ones with their count."""
        notes = self.notes + self.row_notes
        counted = [f"{text} ({count:,}×)" if count > 1 else text for text, count in notes.items()]
        return (*counted, *(self._maker.remarks() if self._maker else ()))
