"""What searches read again and again: vectors, their widths and the ids of items, kept until the store changes."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from qlatent.services.vectors import stored
from qlatent.store.items.search_indexes import SearchIndexes
from qlatent.store.workspace import Workspace

_KEPT = 8  # arrays; large ones are memory maps


class InputSpace(NamedTuple):
    """The vectors that are searched: those of one modality of a dataset by one encoder."""

    dataset: str
    encoder: str  # key
    modality: str


def of(workspace: Workspace, space: InputSpace) -> NDArray[np.float32]:
    """The vectors (rows, d) of a space as they are now, NaN where an item has none, not writable."""
    return _vectors(workspace, space, *now(workspace, space.dataset, space))


def widths(workspace: Workspace, dataset: str, key: str) -> dict[str, int]:
    """The widths of a dataset's vectors by modality, as `stored.widths`."""
    return _widths(workspace, dataset, key, *now(workspace, dataset))


def ids(workspace: Workspace, dataset: str) -> pa.ChunkedArray:
    """The ids of a dataset's items, by row."""
    return _ids(workspace, dataset, workspace.items.version(dataset))


def now(workspace: Workspace, dataset: str, space: InputSpace | None = None) -> tuple[int, str]:
    """What changes with the rows of a dataset, and what with the vectors of a space or with any vectors."""
    indexes = SearchIndexes(workspace.items.path)
    state = indexes.state() if space is None else indexes.state(space.encoder, space.modality)
    return workspace.items.version(dataset), state


@lru_cache(maxsize=_KEPT)
def _vectors(workspace: Workspace, space: InputSpace, version: int, state: str) -> NDArray[np.float32]:
    return stored.mapped(workspace, *space, version=version)


@lru_cache(maxsize=_KEPT)
def _widths(workspace: Workspace, dataset: str, key: str, version: int, state: str) -> dict[str, int]:
    return stored.widths(workspace, dataset, key)


@lru_cache(maxsize=2)
def _ids(workspace: Workspace, dataset: str, version: int) -> Any:
    return workspace.items.table(dataset, columns=["id"], version=version)["id"]
