"""The columns of a dataset that are counted, compared and filtered, kept in few bytes for each item.

Reading them costs seconds for a million items, since metadata is JSON and its types follow from all values; what is
asked of a selection then costs a count over numbers. They are kept until the items change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from threading import Lock
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from qlatent.services.datasets import facts
from qlatent.services.datasets.browsing import COLUMNS
from qlatent.store.workspace import Workspace

OWN = ("label", "split")  # parts of an item that are counted beside its metadata
_AT_ONCE = 50_000  # documents that are decoded at once
_REMEMBERED = 10_000  # texts that are one object wherever they occur
_KEPT = 4  # datasets in memory: of a million items, 1 to 9 bytes for each item and column
_READING = Lock()


@dataclass(frozen=True, eq=False)
class Texts:
    """A column of n texts: its v different values, sorted, and which of them each item has."""

    values: pa.StringArray  # (v,), none of them ""
    codes: NDArray[np.integer]  # (n,) places in `values`, -1 where there is no value

    @cached_property
    def totals(self) -> NDArray[np.int64]:
        """How many items have each value (v,)."""
        return self.counted(np.ones(len(self.codes), dtype=np.bool_))

    @property
    def given(self) -> NDArray[np.bool_]:
        """Mask (n,) of the items that have a value."""
        return self.codes >= 0

    def counted(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many items of a mask (n,) have each value (v,)."""
        counts: NDArray[np.int64] = np.bincount(
            self.codes[mask].astype(np.int64) + 1, minlength=len(self.values) + 1
        )[1:]
        return counts

    def among(self, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Mask (n,) of the items whose value is one of a mask of values (v,)."""
        last = np.concatenate([wanted, np.zeros(1, dtype=np.bool_)])  # that of -1
        return last[self.codes]

    def series(self) -> pd.Series:
        """The values (n,) as an object column, None where there is none."""
        known = np.empty(len(self.values) + 1, dtype=object)  # the last, that of -1, is None
        known[:-1] = self.values.to_numpy(zero_copy_only=False)
        return pd.Series(known[self.codes], dtype=object)


Column = Texts | pd.Series
"""Texts, or a series of numbers, dates or truth values (see `facts.columns`)."""


def columns_of(workspace: Workspace, dataset: str) -> Mapping[str, Column]:
    """Label, split and the metadata columns of a dataset by name, of n items in row order; not to be changed.

    Metadata that has the name of a part of an item is called "name (metadata)".
    """
    with _READING:  # two pages that ask at once would need the memory twice
        return _read(workspace, dataset, workspace.items.state(dataset))


@lru_cache(maxsize=_KEPT)
def _read(workspace: Workspace, dataset: str, state: tuple[int, ...]) -> Mapping[str, Column]:
    own = workspace.items.table(dataset, columns=list(OWN))
    found: dict[str, Column] = {name: texts_of(own[name]) for name in OWN}
    cells = _cells(workspace.items.table(dataset, columns=["metadata"])["metadata"])
    for key in list(cells):
        name = f"{key} (metadata)" if key in COLUMNS else key
        found[name] = compact(facts.typed(cells.pop(key)))  # one at a time: a million values are objects
    pa.default_memory_pool().release_unused()
    return found


def compact(column: pd.Series) -> Column:
    """A typed column in few bytes."""
    if facts.kind(column) != "text":
        return column
    return texts_of(pa.chunked_array([pa.array(column, pa.string(), from_pandas=True)]))


def texts_of(values: pa.ChunkedArray) -> Texts:
    """A column of texts; "" counts as no value."""
    single = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], pa.string())
    given = pc.if_else(pc.equal(single, ""), None, single).dictionary_encode()
    order = pc.array_sort_indices(given.dictionary)
    places = np.empty(len(order) + 1, dtype=np.min_scalar_type(-max(1, len(order))))
    places[order.to_numpy()] = np.arange(len(order))
    places[-1] = -1
    return Texts(given.dictionary.take(order), places[pc.fill_null(given.indices, -1).to_numpy()])


def _cells(documents: pa.ChunkedArray) -> dict[str, list[Any]]:
    """The values (n,) of each key of the JSON objects, in order of appearance; equal texts are one object."""
    cells: dict[str, list[Any]] = {}
    texts: dict[str, str] = {}
    for row, values in enumerate(_decoded(documents)):
        for key, value in values.items():
            if key not in cells:
                cells[key] = [None] * len(documents)
            known = isinstance(value, str) and (len(texts) < _REMEMBERED or value in texts)
            cells[key][row] = texts.setdefault(value, value) if known else value
    return cells


def _decoded(documents: pa.ChunkedArray) -> Iterator[dict[str, Any]]:
    for first in range(0, len(documents), _AT_ONCE):
        part = documents.slice(first, _AT_ONCE).to_pylist()
        yield from json.loads("[" + ",".join(each or "{}" for each in part) + "]")
