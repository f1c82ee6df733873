"""Make the items of a chunk of rows all at once, where they have vectors only; a million rows in some seconds.

A chunk with a row that may be refused, or of which a part may be left out, is read row by row instead (`items`), so
that every refusal and remark is the same either way.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qlatent.ingest.cells.values import are_plain_ids, as_id
from qlatent.ingest.record import Chunk, RefusedRow
from qlatent.ingest.rows.items import ItemMaker
from qlatent.types import VectorItems


def in_bulk(maker: ItemMaker) -> bool:
    """Whether the mapping takes nothing but vectors, each from one column."""
    columns = [reader.column for reader in maker.readers.values()]
    plain = all(not column.parts and not column.path for column in columns)
    alone = not (maker.mapping.image or maker.mapping.text or maker.mapping.has_versions)
    return bool(columns) and plain and alone


def vector_items(maker: ItemMaker, chunk: Chunk) -> VectorItems | None:
    """The items of a chunk; None, with nothing counted or reserved, if its rows must be read one by one."""
    vectors = {modality: reader.matrix(chunk.columns) for modality, reader in maker.readers.items()}
    given = {modality: matrix for modality, matrix in vectors.items() if matrix is not None}
    ids = _ids(maker, chunk)
    if len(given) < len(vectors) or ids is None or any(map(_is_nested, chunk.columns.values())):
        return None
    maker.reserve_all(ids, chunk.first)
    for modality, matrix in given.items():
        maker.readers[modality].accept(matrix[0])
    labels, splits = _labels(maker, chunk), _splits(maker, chunk)
    metadata = [maker.metadata(row) for row in _rows(maker, chunk)]
    return VectorItems(ids, given, labels, splits, metadata, maker.source.name)


def _labels(maker: ItemMaker, chunk: Chunk) -> list[str | None]:
    """The label of each row."""
    column = maker.mapping.label
    cells = _cells(chunk.columns[column]) if column else [None] * len(chunk)
    if column and set(map(type, cells)) <= {str, type(None)}:
        return maker.labels(cells)
    return [maker.label({column: cell} if column else {}) for cell in cells]


def _splits(maker: ItemMaker, chunk: Chunk) -> list[str | None]:
    """The split of each row."""
    column = maker.mapping.split
    cells = _cells(chunk.columns[column]) if column else ()
    return [maker.split({column: cell}) for cell in cells] if column else [None] * len(chunk)


def _rows(maker: ItemMaker, chunk: Chunk) -> list[dict[str, Any]]:
    """The cells of each row that are kept as metadata."""
    aside = {reader.column.name for reader in maker.readers.values()} | {maker.mapping.id}
    used = [name for name in chunk.columns if name not in aside]
    wanted = [name for name in used if name not in maker.not_metadata or name == maker.mapping.price]
    columns = {name: _cells(chunk.columns[name]) for name in wanted}
    if not columns:
        return [{}] * len(chunk)
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _ids(maker: ItemMaker, chunk: Chunk) -> list[str] | None:
    """The ids of the rows; None if one is not plain, or is used already."""
    cells = _cells(chunk.columns[maker.mapping.id]) if maker.mapping.id else [None] * len(chunk)
    if are_plain_ids(cells):
        ids = list(cells)
    elif _has_any(cells, (float,)):  # may be whole numbers, with a remark
        return None
    else:
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
    return not isinstance(cells, np.ndarray) and _has_any(cells, (list, dict))


def _has_any(cells: Any, kinds: tuple[type, ...]) -> bool:
    """Whether a cell is of one of these types; each type is looked at once."""
    return any(issubclass(kind, kinds) for kind in set(map(type, cells)))
