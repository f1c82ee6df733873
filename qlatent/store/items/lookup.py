"""Find rows of a table by hash, in two passes over one version of it.

The first pass reads the hashes alone and looks them up all at once: a lookup for each batch would hash the wanted
values again every time, and reading would grow with the square of the rows. The second pass reads the other columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qlatent.store.items.tables import gathered

_BATCH_ROWS = 8192
# fewer rows than this share of a table are taken by their row ids; otherwise the table is swept
_SWEEP_FRACTION = 0.05

Places = NDArray[np.int64]


class Batch(NamedTuple):
    """Rows of a table and their places (n,) among the wanted hashes."""

    places: Places
    rows: pa.RecordBatch


def _found(stored: pa.Table, wanted: pa.Array) -> tuple[NDArray[np.uint64], Places]:
    """The row ids of the stored hashes that are wanted, and their places among these."""
    ids = stored["_rowid"].to_numpy()
    if stored["hash"].equals(pa.chunked_array([wanted])):  # all of a table, in its order
        return ids, np.arange(len(ids))
    places = pc.index_in(stored["hash"], value_set=wanted)
    return ids[pc.is_valid(places).to_numpy()], places.drop_null().to_numpy().astype(np.int64)


class Matches:
    """The rows of a table that have one of the wanted hashes."""

    def __init__(self, table: Any, wanted: pa.Array) -> None:
        """`table` is an open LanceDB table with a column "hash"; `wanted` are distinct hashes."""
        table.checkout(table.version)  # both passes read this version, whatever others commit meanwhile
        self._table = table
        stored = gathered(table.search().select(["hash"]).with_row_id(True))
        ids, found = _found(stored, wanted)
        order = np.argsort(ids, kind="stable")
        self._ids, self._places = ids[order], found[order]
        self._share = len(ids) / max(1, len(stored))

    def __len__(self) -> int:
        return len(self._ids)

    def batches(self, columns: Sequence[str]) -> Iterator[Batch]:
        """The rows with these columns, in batches, each row once."""
        parts = self._taken(columns) if self._share < _SWEEP_FRACTION else self._swept(columns)
        for part in parts:
            ids = part["_rowid"].to_numpy()
            at = np.searchsorted(self._ids, ids)
            known = self._ids[np.minimum(at, len(self._ids) - 1)] == ids
            rows = part if known.all() else part.filter(pa.array(known))
            yield Batch(self._places[at[known]], rows.select(list(columns)))

    def _swept(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        query = self._table.search().select(list(columns)).with_row_id(True)
        return iter(query.to_batches(_BATCH_ROWS))

    def _taken(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        for start in range(0, len(self._ids), _BATCH_ROWS):
            ids = self._ids[start : start + _BATCH_ROWS].tolist()
            query = self._table.take_row_ids(ids).select(list(columns)).with_row_id()
            yield from query.to_arrow().to_batches()
