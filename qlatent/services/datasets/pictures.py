"""The pictures of an item: its image, which is encoded, and the further ones of a listing."""

from __future__ import annotations

from qlatent.store.workspace import Workspace


def pictures(workspace: Workspace, dataset: str, row: int) -> list[str]:
    """The hashes of the pictures of an item in order, its image first; [] without pictures.

    `workspace.items.image` and `.thumbnails` give their bytes. An unknown row raises `StoreError`.
    """
    (found,) = workspace.items.rows(dataset, [row], columns=["image_hash", "pictures"])
    return [each for each in (found["image_hash"], *(found["pictures"] or ())) if each is not None]
