"""Read tables of triples of texts (query, positive, negative) as items and as relevance judgements.

Such a table has a column `query` or `anchor`, a column `positive`, and optionally columns whose names start with
"negative". Cells of `positive` and of negatives may be lists (JSON lines, Parquet).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from qlatent.ingest.cells.values import as_text
from qlatent.ingest.column import Column
from qlatent.ingest.column_names import plain
from qlatent.ingest.record import Record
from qlatent.ingest.sources.tables.table import AbstractTable
from qlatent.types import Refusal

_QUERIES, _POSITIVES, _NEGATIVE = ("query", "anchor"), ("positive", "positives"), "negative"


@dataclass(frozen=True, slots=True)
class Triple:
    """A row: a query with its positive and negative texts."""

    row: int
    query: str
    positives: tuple[str, ...]
    negatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """The columns of query, positives and negatives."""

    query: str
    positive: str
    negatives: tuple[str, ...]


def parts_of(names: Iterable[str]) -> Parts | None:
    """The parts by column names, or None if the table has no triples."""
    known = {plain(name): name for name in names}
    query = next((known[name] for name in _QUERIES if name in known), None)
    positive = next((known[name] for name in _POSITIVES if name in known), None)
    if query is None or positive is None:
        return None
    return Parts(query, positive, tuple(known[name] for name in known if name.startswith(_NEGATIVE)))


def triples(table: AbstractTable, parts: Parts) -> Iterator[Triple | Refusal]:
    """The rows as triples; rows without a query or a positive are refused."""
    for record in table.records():
        if not isinstance(record, Record):
            yield record
            continue
        query = as_text(record.values.get(parts.query))
        positives = _texts(record, [parts.positive])
        if query is None or not positives:
            missing = parts.query if query is None else parts.positive
            yield Refusal(record.row, f"has no {missing}")
            continue
        yield Triple(record.row, query, positives, _texts(record, parts.negatives))


def _texts(record: Record, columns: Sequence[str]) -> tuple[str, ...]:
    cells = (record.values.get(name) for name in columns)
    every = (part for cell in cells for part in _listed(cell))
    return tuple(text for text in map(as_text, every) if text is not None)


def _listed(cell: Any) -> Sequence[Any]:
    return cell if isinstance(cell, list | tuple) else [cell]


class TriplesTable(AbstractTable):
    """Each distinct text of a table of triples as a row, in the order of the file."""

    def __init__(self, table: AbstractTable, parts: Parts) -> None:
        self.table, self.parts = table, parts
        self.notes: Counter[str] = table.notes
        self.notes["read as triples: each different text is an item"] += 1

    @property
    def columns(self) -> tuple[Column, ...]:
        sample = {column.name: column.sample for column in self.table.columns}[self.parts.query]
        return (Column("id", "text", "text-1"), Column("text", "text", sample))

    def records(self) -> Iterator[Record | Refusal]:
        seen: set[str] = set()
        for found in triples(self.table, self.parts):
            if isinstance(found, Refusal):
                yield found
                continue
            for text in (found.query, *found.positives, *found.negatives):
                if text not in seen:
                    seen.add(text)
                    yield Record(found.row, {"id": f"text-{len(seen)}", "text": text})
