"""The versions of a listing over time: the rows of a dataset with one listing id."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from qlatent.errors import StoreError
from qlatent.services.datasets import roles
from qlatent.store.workspace import Workspace

_READ = ["row", "id", "text", "label", "image_hash", "pictures", "metadata"]
_NOTES = ("image_note", "text_note", "vector_note")


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version of a listing; `changed` names what differs from the one before it."""

    row: int
    id: str
    date: str | None  # as in the column with the role date
    price: float | str | None
    currency: str | None
    changed: tuple[str, ...] = ()


def versions(workspace: Workspace, dataset: str, item_id: str) -> list[VersionRow]:
    """The versions of the listing of an item, oldest first; the item alone if there are no others.

    Versions are the items `<id>` and `<id>#<number>`, and those with an equal value in a metadata column with the role
    `listing_id`. They are ordered by date where all have one, else as they were imported. An unknown id raises
    `StoreError`.
    """
    known = roles.roles(workspace, dataset)
    numbers = _rows_of(workspace, dataset, item_id, roles.having(known, "listing_id"))
    rows = workspace.items.rows(dataset, numbers, columns=_READ)
    for row in rows:
        row["metadata"] = json.loads(row["metadata"])
    columns = {role: roles.having(known, role) or role for role in ("date", "price", "currency")}
    rows = _ordered(rows, columns["date"])
    changes = [(), *(_changed(before, after) for before, after in pairwise(rows))]
    return [
        VersionRow(
            row["row"], row["id"], changed=changed,
            **{role: row["metadata"].get(column) for role, column in columns.items()},
        )
        for row, changed in zip(rows, changes, strict=True)
    ]  # fmt: skip


def _rows_of(workspace: Workspace, dataset: str, item_id: str, column: str | None) -> list[int]:
    ids = workspace.items.table(dataset, columns=["id"])["id"]
    place = pc.index(ids, item_id).as_py()
    if place < 0:
        raise StoreError(
            f"There is no item {item_id!r} in {dataset!r}.", remedy="Choose one from the table of items."
        )
    stem, mark, number = item_id.rpartition("#")
    if not (mark and number.isdecimal() and pc.index(ids, stem).as_py() >= 0):
        stem = item_id
    numbered = pc.starts_with(ids, f"{stem}#")
    found = pc.or_(pc.equal(ids, stem), pc.and_(numbered, _ends_in_number(ids, stem)))
    if column not in (None, "id"):
        found = pc.or_(found, _sharing(workspace, dataset, place, column))
    rows: list[int] = pc.indices_nonzero(found).to_pylist()
    return rows


def _ends_in_number(ids: pa.ChunkedArray, stem: str) -> pa.ChunkedArray:
    return pc.utf8_is_decimal(pc.utf8_slice_codeunits(ids, len(stem) + 1))


def _sharing(workspace: Workspace, dataset: str, place: int, column: str | None) -> pa.Array:
    """Mask of the items with the value that one item has in a metadata column; that item alone without a value."""
    cells = workspace.items.table(dataset, columns=["metadata"])["metadata"]
    value = json.loads(cells[place].as_py()).get(column)
    found = np.zeros(len(cells), dtype=np.bool_)
    likely = pc.match_substring(cells, json.dumps(value, ensure_ascii=False))
    for row in pc.indices_nonzero(likely).to_pylist() if value is not None else ():
        found[row] = json.loads(cells[row].as_py()).get(column) == value
    return pa.array(found)


def _ordered(rows: list[dict[str, Any]], date: str) -> list[dict[str, Any]]:
    written = pd.Series([row["metadata"].get(date) for row in rows], dtype=object)
    times = pd.to_datetime(written, format="ISO8601", errors="coerce", utc=True)
    if times.isna().any():
        return sorted(rows, key=lambda row: row["row"])
    return [
        rows[place]
        for place in sorted(range(len(rows)), key=lambda place: (times[place], rows[place]["row"]))
    ]


def _changed(before: dict[str, Any], after: dict[str, Any]) -> tuple[str, ...]:
    own = {"text": ("text",), "label": ("label",), "pictures": ("image_hash", "pictures")}
    found = [name for name, keys in own.items() if any(before[key] != after[key] for key in keys)]
    one, other = before["metadata"], after["metadata"]
    keys = [
        key for key in dict.fromkeys((*one, *other)) if key not in _NOTES and one.get(key) != other.get(key)
    ]
    return (*found, *keys)
