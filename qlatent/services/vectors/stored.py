"""Read the stored vectors of a dataset's items as arrays, row by row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.store.workspace import Workspace
from qlatent.types import MODALITIES, Arrays

GIVEN = "given"  # the encoder key of imported vectors


def hash_column(key: str, modality: str) -> str:
    """The item column with the hashes of the vectors of `modality` by encoder `key`."""
    return f"given_{modality}" if key == GIVEN else f"{modality}_hash"


def read(
    workspace: Workspace, dataset: str, key: str, *, modalities: tuple[str, ...], version: int | None = None
) -> Arrays:
    """Vectors by modality, (rows, d) float32 in row order, with NaN rows where an item has no vector."""
    columns = {modality: hash_column(key, modality) for modality in modalities}
    table = workspace.items.table(dataset, columns=list(columns.values()), version=version)
    return {
        modality: workspace.items.embeddings(key, modality, table.column(column))
        for modality, column in columns.items()
    }


def mapped(
    workspace: Workspace, dataset: str, key: str, modality: str, *, version: int | None = None
) -> NDArray[np.float32]:
    """The vectors (rows, d) float32 of one modality as in `read`, not writable; large ones are a memory-mapped file.

    The file is a cache: made by the first call, and again when the rows or their vectors have changed.
    """
    column = hash_column(key, modality)
    return workspace.items.mapped(dataset, key, modality, column=column, version=version)


def complete(arrays: Arrays) -> NDArray[np.int64]:
    """The rows with a vector in every modality."""
    return np.flatnonzero(np.all([whole(array) for array in arrays.values()], axis=0))


def whole(array: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Mask of the rows of (n, d) that are finite and not zero."""
    return np.logical_and(np.isfinite(array).all(axis=1), array.any(axis=1))


def widths(workspace: Workspace, dataset: str, key: str) -> dict[str, int]:
    """Widths of a dataset's vectors by an encoder, by modality; no vectors raise `InputError`."""
    have = [each for each in workspace.items.encoders(dataset) if each["encoded"]]
    found = {each["modality"]: int(each["dim"]) for each in have if each["key"] == key}
    if not found:
        others = ", ".join(dict.fromkeys(str(each["key"]) for each in have))
        raise InputError(
            f"{dataset!r} has no vectors of encoder {key!r}.",
            remedy=encode_first(dataset) + (f" There are vectors of {others}." if others else ""),
        )
    return {name: found[name] for name in MODALITIES if name in found}


def choose(workspace: Workspace, dataset: str, *, preferred: str = "") -> str:
    """The default encoder key of a dataset: the preferred one if present, else the only one."""
    workspace.catalogue.dataset(dataset)
    keys = list(dict.fromkeys(each["key"] for each in workspace.items.encoders(dataset) if each["encoded"]))
    if preferred in keys:
        return preferred
    if len(keys) == 1:
        return keys[0]
    if not keys:
        raise InputError(f"The items of {dataset!r} have no vectors yet.", remedy=encode_first(dataset))
    raise InputError(
        f"{dataset!r} was encoded by {len(keys)} encoders: {', '.join(keys)}.", remedy="Name one of them."
    )


def encode_first(dataset: str) -> str:
    """The remedy for missing vectors."""
    return f"Encode first: `qlatent encode {dataset} --encoder builtin`, or the page Data."
