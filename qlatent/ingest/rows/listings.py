"""Rows that together are one listing: those that continue it, and its versions over time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from qlatent.ingest.cells import picture_lists
from qlatent.ingest.cells.values import is_missing
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.record import Record
from qlatent.types import Item, Refusal

VARIANTS = "variants"
"""Metadata key of what rows that continue a listing say besides pictures, such as the price of another size."""
_MOST_VARIANTS = 1000
_MOST_WAITING = 1000  # refused rows within a listing
_CONTINUED = "rows that continue a listing joined with its first row"


def joined(
    records: Iterable[Record | Refusal], mapping: Mapping, notes: Counter[str]
) -> Iterator[Record | Refusal]:
    """The rows, each listing as one: rows below it with its id and without title, text and date belong to it.

    Shopify writes one row for each further picture and variant. Pictures are added to those of the first row; other
    cells become an entry of its `variants`.
    """
    held: list[Record] = []  # the listing being read, at most one
    waiting: list[Record | Refusal] = []
    for record in records:
        if isinstance(record, Refusal) and held and len(waiting) < _MOST_WAITING:
            waiting.append(record)
        elif isinstance(record, Refusal):
            yield from [*held, *waiting, record]
            held, waiting = [], []
        elif held and _continues(record, held[0], mapping):
            held = [_added(held[0], record, mapping)]
            notes[_CONTINUED] += 1
        else:
            yield from [*held, *waiting]
            held, waiting = [record], []
    yield from [*held, *waiting]


def _continues(record: Record, held: Record, mapping: Mapping) -> bool:
    assert mapping.id is not None  # it has versions
    key = record.values.get(mapping.id)
    if key != held.values.get(mapping.id) or is_missing(key) or not mapping.text:
        return False
    own = (*mapping.text, *([mapping.date] if mapping.date else []))
    said = any(not is_missing(held.values.get(column)) for column in mapping.text)
    return said and all(is_missing(record.values.get(column)) for column in own)


def _added(held: Record, record: Record, mapping: Mapping) -> Record:
    """The first row of a listing with the pictures and variants of a row that continues it."""
    values, pictures = dict(held.values), [name for name in (mapping.image, *mapping.images) if name]
    for column in pictures:
        more = [each for each in picture_lists.parts(record.values.get(column)) if not is_missing(each)]
        if more:
            values[column] = [*_given(values.get(column)), *more]
    variant = {
        column: cell
        for column, cell in record.values.items()
        if column not in (*pictures, mapping.id) and not is_missing(cell) and not isinstance(cell, bytes)
    }
    known = values.get(VARIANTS)
    if variant and (known is None or isinstance(known, list)) and len(known or ()) < _MOST_VARIANTS:
        values[VARIANTS] = [*(known or ()), variant]
    return Record(held.row, values)


def _given(cell: Any) -> list[Any]:
    return [each for each in picture_lists.parts(cell) if not is_missing(each)]


class Versions:
    """Tells the versions of a listing from exact repeats and from ids that were used by accident."""

    def __init__(self, mapping: Mapping) -> None:
        self._keys = version_keys(mapping)
        self._contents: set[int] = (
            set()
        )  # hashes of an id with what makes a version, and with all that a row says
        self._wholes: set[int] = set()

    def is_repeat(self, name: str, item: Item) -> bool:
        """Whether a row with this id has said exactly the same."""
        return self._hashes(name, item)[1] in self._wholes

    def is_version(self, name: str, item: Item) -> bool:
        """Whether no row with this id had the same date, price, text and pictures."""
        return self._hashes(name, item)[0] not in self._contents

    def add(self, name: str, item: Item) -> None:
        """Remember what a row with this id says."""
        content, whole = self._hashes(name, item)
        self._contents.add(content)
        self._wholes.add(whole)

    def _hashes(self, name: str, item: Item) -> tuple[int, int]:
        said = [item.metadata.get(key) for key in self._keys]
        content = hash((name, item.text, item.image, item.pictures, repr(said)))
        return content, hash((content, repr(item.metadata), item.label, item.split))


def version_keys(mapping: Mapping) -> tuple[str, ...]:
    """The metadata keys whose values make another version of a listing, besides text and pictures."""
    return ("price", "price_as_written", *([mapping.date] if mapping.date else []))
