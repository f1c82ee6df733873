"""Detect vectors with one column per dimension: dim_0 … dim_767, 0 … 767, f1 … f16, pca1, pca2."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qlatent.ingest.cells.values import is_missing
from qlatent.ingest.column import Column, Content
from qlatent.ingest.column_names import modality_of, says_embedding, words

_NUMBERED = re.compile(r"(.{0,200}?)[\s_.\[(-]{0,9}(\d{1,9})[\])_]?")
_DIMENSIONS = frozenset(
    ["dim", "dims", "dimension", "d", "pca", "pc", "umap", "tsne", "component", "comp", "pixel", "px", "axis"]
)  # names of dimensions, for which two columns are enough
_LETTERS = frozenset(["f", "x", "v", "z", "e", "c", "w"])
_LEAST, _LEAST_OTHER = 4, 16  # minimum columns for a letter or bare number, and for any other name
_CHECKED = 50


def joined(columns: Sequence[Column], samples: Mapping[str, Sequence[Any]]) -> list[Column]:
    """The columns, with each series of numbered columns that forms a vector merged into one.

    A series has a common name, consecutive numbers from 0 or 1, and numeric cells. Names of dimensions (dim, pca,
    embedding …) are sufficient; letters, bare numbers and other names also need non-integer cells.
    """
    found = {series[0].name: series for series in _series(columns) if _is_vector(series, samples)}
    members = {column.name for series in found.values() for column in series}
    result = []
    for column in columns:
        if column.name in found:
            result.append(_as_one(found[column.name]))
        elif column.name not in members:
            result.append(column)
    return result


def _series(columns: Sequence[Column]) -> list[list[Column]]:
    groups: dict[str, dict[int, Column]] = defaultdict(dict)
    for column in columns:
        numbered = _NUMBERED.fullmatch(column.name.strip())
        if numbered and column.type in ("number", "empty"):
            groups[numbered[1]].setdefault(int(numbered[2]), column)
    whole = []
    for group in groups.values():
        places = sorted(group)
        if places[0] in (0, 1) and places == list(range(places[0], places[0] + len(places))):
            whole.append([group[place] for place in places])
    return whole


def _is_vector(series: Sequence[Column], samples: Mapping[str, Sequence[Any]]) -> bool:
    prefix = _NUMBERED.fullmatch(series[0].name.strip())[1]  # type: ignore[index]
    named = bool(_DIMENSIONS & set(words(prefix))) or (
        says_embedding(prefix) and words(prefix) not in (("x",), ("z",))
    )
    if named:
        return len(series) > 1
    short = (
        not words(prefix)
        or (len(words(prefix)) == 1 and modality_of(prefix) is not None)
        or (len(words(prefix)) == 1 and words(prefix)[0] in _LETTERS)
    )
    return len(series) >= (_LEAST if short else _LEAST_OTHER) and _has_fractions(series, samples)


def _has_fractions(series: Sequence[Column], samples: Mapping[str, Sequence[Any]]) -> bool:
    cells = [cell for column in series for cell in samples[column.name][:_CHECKED]]
    numbers = np.array([float(cell) for cell in cells if not is_missing(cell)])
    return bool(numbers.size) and bool(np.mean(numbers % 1 != 0) > 0.5)


def _as_one(series: Sequence[Column]) -> Column:
    first, last = series[0], series[-1]
    filled = max((column.content.cells for column in series if column.content), default=0)
    return Column(
        f"{first.name} … {last.name}",
        "vector",
        f"{len(series)} numbers, one column each",
        Content(cells=filled, width=len(series)),
        parts=tuple(column.name for column in series),
    )
