"""Describe the columns of a table from a sample of its rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from qlatent.ingest.cells.values import is_missing
from qlatent.ingest.column import Column
from qlatent.ingest.columns.column_types import column_of
from qlatent.ingest.columns.nested import lifted
from qlatent.ingest.columns.series import joined
from qlatent.ingest.record import Record
from qlatent.types import Refusal

SAMPLE_ROWS = 200
_MOST_ROWS = 10_000  # maximum rows searched for the first cell of a column


def columns_of(samples: Mapping[str, Sequence[Any]]) -> tuple[Column, ...]:
    """The columns with their types, including embeddings in nested cells and spread over several columns."""
    found = []
    for name, cells in samples.items():
        column = column_of(name, cells)
        found += [column, *lifted(column, cells)]
    return tuple(joined(found, samples))


def sample_of(records: Iterable[Record | Refusal], names: Sequence[str]) -> dict[str, list[Any]]:
    """The first cells of each column, from later rows if the first are empty; {} without rows."""
    samples: dict[str, list[Any]] = {name: [] for name in names}
    rows = (record.values for record in records if isinstance(record, Record))
    seen = False
    for values in islice(rows, SAMPLE_ROWS):
        seen = True
        for name in names:
            samples[name].append(values.get(name))
    empty = {name for name, cells in samples.items() if all(map(is_missing, cells))}
    for values in islice(rows, _MOST_ROWS if empty else 0):
        for name in list(empty):
            if not is_missing(values.get(name)):
                samples[name].append(values[name])
                empty.discard(name)
        if not empty:
            break
    return samples if seen else {}
