"""The vectors of a dataset's items as arrays, row by row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.store.workspace import Workspace
from qlatent.types import MODALITIES, Arrays

GIVEN = "given"  # the encoder key of vectors that came with the items


def hash_column(key: str, modality: str) -> str:
    """The item column with the hashes under which encoder `key` keeps the vectors of `modality`."""
    return f"given_{modality}" if key == GIVEN else f"{modality}_hash"


def read(
    workspace: Workspace, dataset: str, key: str, *, modalities: tuple[str, ...], version: int | None = None
) -> Arrays:
    """Modality → (rows, d) float32 in row order, a row of NaN where an item lacks the vector."""
    columns = {modality: hash_column(key, modality) for modality in modalities}
    table = workspace.items.table(dataset, columns=list(columns.values()), version=version)
    return {
        modality: workspace.items.embeddings(key, modality, table.column(column).to_pylist())
        for modality, column in columns.items()
    }


def complete(arrays: Arrays) -> NDArray[np.int64]:
    """The rows that have a vector of every modality."""
    return np.flatnonzero(np.all([whole(array) for array in arrays.values()], axis=0))


def whole(array: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which rows of (n, d) are vectors with a direction: finite and not zero everywhere."""
    return np.logical_and(np.isfinite(array).all(axis=1), array.any(axis=1))


def widths(workspace: Workspace, dataset: str, key: str) -> dict[str, int]:
    """Modality → width of the vectors that an encoder made of a dataset; none at all is an `InputError`."""
    have = [each for each in workspace.items.encoders(dataset) if each["key"] == key and each["encoded"]]
    found = {each["modality"]: int(each["dim"]) for each in have}
    if not found:
        raise InputError(f"{dataset!r} has no vectors of encoder {key!r}.", remedy=encode_first(dataset))
    return {name: found[name] for name in MODALITIES if name in found}


def choose(workspace: Workspace, dataset: str, *, preferred: str = "") -> str:
    """The encoder key to use where none was named: the preferred one if it is there, else the only one."""
    workspace.catalogue.dataset(dataset)
    keys = list(dict.fromkeys(each["key"] for each in workspace.items.encoders(dataset) if each["encoded"]))
    if preferred in keys:
        return preferred
    if len(keys) == 1:
        return keys[0]
    if not keys:
        raise InputError(f"The items of {dataset!r} have no vectors yet.", remedy=encode_first(dataset))
    raise InputError(
        f"{dataset!r} was encoded by {len(keys)} encoders: {', '.join(keys)}.", remedy="Say which one."
    )


def encode_first(dataset: str) -> str:
    """The remedy where vectors are missing."""
    return f"Encode first: `qlatent encode {dataset} --encoder builtin`, or the page Data."
