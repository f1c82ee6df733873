"""Make the items of a chunk of rows all at once, where they have vectors only; a million rows in some seconds.

A chunk with a row that may be refused, or of which a part may be left out, is read row by row instead (`items`), so
that every refusal and remark is the same either way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qlatent.ingest.cells.values import as_id
from qlatent.ingest.record import Chunk, RefusedRow
from qlatent.ingest.rows.items import ItemMaker
from qlatent.types import VectorItems


def in_bulk(maker: ItemMaker) -> bool:
    """Whether the mapping takes nothing but vectors, each from one column."""
    columns = [reader.column for reader in maker.readers.values()]
    plain = all(not column.parts and not column.path for column in columns)
    return bool(columns) and plain and not (maker.mapping.image or maker.mapping.text)


def vector_items(maker: ItemMaker, chunk: Chunk) -> VectorItems | None:
    """The items of a chunk; None, with nothing counted or reserved, if its rows must be read one by one."""
    vectors = {modality: reader.matrix(chunk.columns) for modality, reader in maker.readers.items()}
    given = {modality: matrix for modality, matrix in vectors.items() if matrix is not None}
    ids = _ids(maker, chunk)
    if len(given) < len(vectors) or ids is None or any(map(_is_nested, chunk.columns.values())):
        return None
    for row, name in enumerate(ids, start=chunk.first):
        maker.reserve(name, row)
    for modality, matrix in given.items():
        maker.readers[modality].accept(matrix[0])
    rows = _rows(maker, chunk)
    labels, splits = [maker.label(row) for row in rows], [maker.split(row) for row in rows]
    return VectorItems(ids, given, labels, splits, [maker.metadata(row) for row in rows], maker.source.name)


def _rows(maker: ItemMaker, chunk: Chunk) -> list[dict[str, Any]]:
    """The cells of each row that say more than its vectors and its id."""
    aside = {reader.column.name for reader in maker.readers.values()} | {maker.mapping.id}
    used = [name for name in chunk.columns if name not in aside]
    wanted = {name for name in used if name not in maker.not_metadata}
    parts = (maker.mapping.label, maker.mapping.split, maker.mapping.price)
    columns = {name: _cells(chunk.columns[name]) for name in used if name in wanted or name in parts}
    if not columns:
        return [{}] * len(chunk)
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _ids(maker: ItemMaker, chunk: Chunk) -> list[str] | None:
    """The ids of the rows; None if one is not plain, or is used already."""
    cells = _cells(chunk.columns[maker.mapping.id]) if maker.mapping.id else [None] * len(chunk)
    if any(isinstance(cell, float) for cell in cells):  # may be whole numbers, with a remark
        return None
    try:
        ids = [as_id(cell) or f"row-{row}" for row, cell in enumerate(cells, start=chunk.first)]
    except RefusedRow:
        return None
    distinct = set(ids)
    return ids if len(distinct) == len(ids) and maker.rows_by_id.keys().isdisjoint(distinct) else None


def _cells(column: Any) -> Any:
    """The cells of a column as Python values, which are faster to look at than those of numpy."""
    return column.tolist() if isinstance(column, np.ndarray) and column.ndim == 1 else column


def _is_nested(cells: Any) -> bool:
    """Whether a column may hold values within values, which may be nested too deeply."""
    return not isinstance(cells, np.ndarray) and any(isinstance(cell, list | dict) for cell in cells)
