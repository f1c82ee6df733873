"""The pictures of items, and what is remembered of them only as long as they are kept."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from qlatent.store.workspace import Workspace

Key = TypeVar("Key")
Value = TypeVar("Value")


def pictures(workspace: Workspace, dataset: str, row: int) -> list[str]:
    """The hashes of the pictures of an item in order, its image first; [] without pictures.

    `workspace.items.image` and `.thumbnails` give their bytes. An unknown row raises `StoreError`.
    """
    (found,) = workspace.items.rows(dataset, [row], columns=["image_hash", "pictures"])
    return [each for each in (found["image_hash"], *(found["pictures"] or ())) if each is not None]


def lost(workspace: Workspace, dataset: str) -> set[str]:
    """The pictures of a dataset that were deleted with a severe decision which was undone since, as hashes."""
    table = workspace.items.table(dataset, columns=["image_hash", "pictures"])
    further = (key for each in table["pictures"].to_pylist() for key in each or ())
    return workspace.items.pictures.absent({*table["image_hash"].to_pylist(), *further} - {None})


def remembered(workspace: Workspace, read: Callable[[Key], Value], *, most: int) -> Callable[[Key], Value]:
    """`read` with its last results kept in memory, all of which go when a picture is withheld or comes back."""
    kept = lru_cache(maxsize=most)(read)
    seen = workspace.items.withheld.state()

    def of(key: Key) -> Value:
        nonlocal seen
        now = workspace.items.withheld.state()
        if now != seen:
            kept.cache_clear()
            seen = now
        return kept(key)

    return of
