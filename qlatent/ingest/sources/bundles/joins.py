"""Join vectors in one file with items in another, by id if they share ids, else row by row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Any

from qlatent.errors import InputError
from qlatent.ingest.cells.values import as_text
from qlatent.ingest.column import Column
from qlatent.ingest.column_names import plain
from qlatent.ingest.record import Record
from qlatent.ingest.sources.tables.shards import Part
from qlatent.ingest.sources.tables.table import AbstractTable
from qlatent.types import Refusal

_SCALARS = ("text", "number")
_IDS = (
    "id", "ids", "item_id", "listing_id", "product_id", "sku", "asin", "uid", "uuid", "guid", "image_id", "qid", "key",
    "index", "name", "word", "token",
)  # fmt: skip
_NOT_IDS = ("label", "labels", "split", "text", "price")


class SideBySide(AbstractTable):
    """Files with matching rows as one table; `InputError` if their numbers of rows differ."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = parts
        self.notes = Counter()
        for part in parts:
            self.notes.update(part.rows.notes)
        counts = [count_of(part) for part in parts]
        if len(set(counts)) > 1:
            found = "; ".join(f"{part.name} {count:,}" for part, count in zip(parts, counts, strict=True))
            raise InputError(
                f"These files must belong together row by row, but their numbers of rows differ: {found}.",
                remedy="Use files of equal length, or one .npz each with ids.",
            )
        self._names = _distinct(parts)

    @property
    def columns(self) -> tuple[Column, ...]:
        return tuple(
            replace(column, name=names[column.name])
            for part, names in zip(self.parts, self._names, strict=True)
            for column in part.rows.columns
        )

    def records(self) -> Iterator[Record | Refusal]:
        streams = [part.rows.records() for part in self.parts]
        for number, rows in enumerate(zip_longest(*streams), start=1):
            refused = next((row for row in rows if isinstance(row, Refusal)), None)
            if refused is not None:
                yield Refusal(number, refused.reason, refused.id)
                continue
            values: dict[str, Any] = {}
            records = (row for row in rows if isinstance(row, Record))
            for row, names in zip(records, self._names, strict=True):
                values |= {names.get(name, name): cell for name, cell in row.values.items()}
            yield Record(number, values)


def count_of(part: Part) -> int:
    """Number of rows of a file, including unreadable ones."""
    return sum(1 for _ in part.rows.records())


def _distinct(parts: Sequence[Part]) -> list[dict[str, str]]:
    """For each file, a map from its column names to names that no earlier file uses."""
    taken: set[str] = set()
    found = []
    for part in parts:
        names = {}
        for column in part.rows.columns:
            names[column.name] = f"{column.name} ({part.name})" if column.name in taken else column.name
        taken |= set(names.values())
        found.append(names)
    return found


@dataclass(frozen=True, slots=True)
class Match:
    """The match of two files, by the values of two columns or row by row (both ""), with counts."""

    items: int
    vectors: int
    item_id: str = ""
    vector_id: str = ""
    with_vector: int = 0  # items with a vector
    used: int = 0  # vectors with an item

    @property
    def by_id(self) -> bool:
        """Whether vectors are matched by id."""
        return bool(self.item_id)


def match(items: Part, vectors: Part) -> Match:
    """The match by the pair of id columns with most common values, unique among vectors; without one, row by row."""
    theirs, ours = _ids(vectors, like=items), _ids(items, like=vectors)
    n_items, n_vectors = count_of(items), count_of(vectors)
    found = [Match(n_items, n_vectors)]
    for vector_id, keys in theirs.items():
        known = set(keys)
        if len(known) < len(keys):  # two vectors with one id are ambiguous
            continue
        for item_id, wanted in ours.items():
            hits = sum(1 for key in wanted if key in known)
            found.append(Match(n_items, n_vectors, item_id, vector_id, hits, len(known & set(wanted))))
    best = max(found, key=lambda each: each.used)
    return best if best.used else found[0]


def _ids(part: Part, *, like: Part) -> dict[str, list[str]]:
    """The values of columns that may be ids, by their names or because the other file has an equal column."""
    other = {plain(column.name) for column in like.rows.columns}
    names = [
        column.name
        for column in part.rows.columns
        if column.type in _SCALARS
        and plain(column.name) not in _NOT_IDS
        and (plain(column.name) in _IDS or plain(column.name) in other)
    ]
    found: dict[str, list[str]] = {name: [] for name in names}
    for record in part.rows.records() if names else ():
        if isinstance(record, Record):
            for name in names:
                key = as_text(record.values.get(name))
                if key is not None:
                    found[name].append(key)
    return found


class Joined(AbstractTable):
    """The rows of `items` with their vectors; unmatched items and vectors are kept and counted.

    By id, vectors are held in memory, and vectors without an item become separate rows at the end. Row by row, raises
    `InputError` unless both have equally many rows.
    """

    def __init__(self, items: Part, vectors: Part) -> None:
        self.items, self.vectors = items, vectors
        self.notes = Counter(items.rows.notes) + Counter(vectors.rows.notes)
        self.match = match(items, vectors)
        if not self.match.by_id and self.match.items != self.match.vectors:
            raise self._unequal()
        self._names = _distinct([items, vectors])[1]
        self._dropped = {self.match.vector_id} if self.match.by_id else set()
        for line in self._counted():
            self.notes[line] += 1

    def _unequal(self) -> InputError:
        return InputError(
            f"{self.items.name} has {self.match.items:,} rows and {self.vectors.name} has {self.match.vectors:,} "
            "vectors. They share no ids, so nobody can say which vector belongs to which row.",
            remedy="Use as many rows as vectors, in the same order, or add a column `id` with equal ids to both.",
        )

    def _counted(self) -> Iterator[str]:
        found, items, vectors = self.match, self.items.name, self.vectors.name
        if not found.by_id:
            yield f"{items} and {vectors} joined row by row: {found.items:,} rows and {found.vectors:,} vectors"
            return
        yield (
            f"{items} and {vectors} joined by id ({found.item_id} = {found.vector_id}): "
            f"{found.with_vector:,} of {found.items:,} rows have a vector"
        )
        if found.used < found.vectors:
            yield (
                f"{found.vectors - found.used:,} of {found.vectors:,} vectors have no row in {items}; "
                "they are kept as items of their own"
            )

    @property
    def columns(self) -> tuple[Column, ...]:
        vectors = [
            replace(column, name=self._names[column.name])
            for column in self.vectors.rows.columns
            if column.name not in self._dropped
        ]
        return (*self.items.rows.columns, *vectors)

    def _renamed(self, record: Record) -> dict[str, Any]:
        return {
            self._names.get(name, name): cell
            for name, cell in record.values.items()
            if name not in self._dropped
        }

    def records(self) -> Iterator[Record | Refusal]:
        return self._by_id() if self.match.by_id else self._by_row()

    def _by_row(self) -> Iterator[Record | Refusal]:
        pairs = zip(self.items.rows.records(), self.vectors.rows.records(), strict=True)
        for item, vector in pairs:
            if isinstance(item, Refusal):
                yield item
            elif isinstance(vector, Refusal):
                yield Refusal(item.row, f"its vector in {self.vectors.name}: {vector.reason}")
            else:
                yield Record(item.row, {**item.values, **self._renamed(vector)})

    def _by_id(self) -> Iterator[Record | Refusal]:
        found: dict[str, dict[str, Any]] = {}
        refused: list[Refusal] = []
        for record in self.vectors.rows.records():
            if isinstance(record, Refusal):
                refused.append(
                    Refusal(record.row, f"row {record.row} of {self.vectors.name}: {record.reason}")
                )
                continue
            key = as_text(record.values.get(self.match.vector_id))
            if key is None:
                refused.append(Refusal(record.row, f"row {record.row} of {self.vectors.name} has no id"))
            else:
                found[key] = self._renamed(record)
        used: set[str] = set()
        row = 0
        for record in self.items.rows.records():
            row = record.row
            if isinstance(record, Refusal):
                yield record
                continue
            key = as_text(record.values.get(self.match.item_id)) or ""
            used.add(key)
            yield Record(row, {**record.values, **found.get(key, {})})
        alone = [(key, values) for key, values in found.items() if key not in used]
        for number, (key, values) in enumerate(alone, start=row + 1):
            yield Record(number, {self.match.item_id: key, **values})
        yield from refused
