"""Find embeddings in nested cells of API responses: {"embedding": […]}, {"data": [{"embedding": […], "index": 0}]}."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from qlatent.ingest.column import Column
from qlatent.ingest.columns.column_types import column_of

_DEEPEST = 8
_MOST_KEYS = 64  # maximum keys inspected per object
Path = tuple[str | int, ...]


def lifted(column: Column, cells: Sequence[Any]) -> list[Column]:
    """Embeddings at a common path in most of the column's nested cells, as separate columns."""
    if column.type != "other":
        return []
    given = [cell for cell in cells if isinstance(cell, dict | list) and cell]
    places = Counter(path for cell in given for path in _lists(cell, (column.name,)))
    found = []
    for path, often in places.items():
        if often * 2 < len(given):
            continue
        name = ".".join(str(part) for part in path if not isinstance(part, int))
        inner = column_of(name, [at(cell, path[1:]) for cell in given])
        if inner.type == "vector":
            found.append(Column(name, "vector", inner.sample, inner.content, path=path))
    return found


def _lists(cell: Any, path: Path) -> Iterator[Path]:
    """Paths of lists of numbers, including those inside lists of one element, the response for one text."""
    if len(path) > _DEEPEST:
        return
    if isinstance(cell, dict):
        for key in list(cell)[:_MOST_KEYS]:
            yield from _lists(cell[key], (*path, key))
    elif isinstance(cell, list) and len(cell) == 1 and isinstance(cell[0], dict | list):
        yield from _lists(cell[0], (*path, 0))
    elif isinstance(cell, list) and len(cell) > 1 and isinstance(cell[0], int | float):
        yield path


def at(cell: Any, path: Path) -> Any:
    """The value at a path of a nested cell, or None if the path does not exist."""
    for part in path:
        if isinstance(cell, dict):
            cell = cell.get(part)
        elif isinstance(cell, list) and isinstance(part, int) and part < len(cell):
            cell = cell[part]
        else:
            return None
    return cell


def without(cell: Any, path: Path) -> Any:
    """The nested cell without the value at a path."""
    if not path:
        return None
    first, rest = path[0], path[1:]
    if isinstance(cell, dict) and first in cell:
        inner = without(cell[first], rest)
        return {key: inner if key == first else value for key, value in cell.items() if key != first or rest}
    if isinstance(cell, list) and isinstance(first, int) and first < len(cell):
        return [without(each, rest) if place == first else each for place, each in enumerate(cell)]
    return cell
