"""Where items lie on the map of a dataset's vectors, from 0 to 1 on either axis, and how densely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qlatent.services.vectors import planes
from qlatent.store.workspace import Workspace

MARGIN = 0.01  # of the map's size, so that no item lies on its edge
SIDE = 96  # cells of the density on either axis
FAINTEST = 0.4  # shade of a cell with a single item


@dataclass(frozen=True, eq=False)
class Places:
    """The places of n items, and how many lie in each cell."""

    rows: NDArray[np.int64]  # (n,) ascending
    places: NDArray[np.float32]  # (n, 2) from 0 to 1, from left to right and from bottom to top
    density: NDArray[np.uint8]  # (SIDE, SIDE), the top row first: by the logarithm of the count, 255 the most

    def of(self, row: int) -> tuple[float, float] | None:
        """The place of an item; None if it is not on the map."""
        number = int(np.searchsorted(self.rows, row))
        if number == len(self.rows) or self.rows[number] != row or not np.isfinite(self.places[number]).all():
            return None
        across, up = np.clip(self.places[number], 0, 1).tolist()
        return across, up


def places(workspace: Workspace, dataset: str, encoder: str) -> Places:
    """The places of a dataset's items by an encoder; of 100,000 with vectors of 512 numbers it takes seconds."""
    view = view_of(workspace, dataset, encoder)
    drawn = planes.vector_map(workspace, dataset, encoder, view=view)
    found = drawn.places[view]
    low, high = np.nanmin(found, axis=0), np.nanmax(found, axis=0)
    margin = MARGIN * (high - low) + 1e-9
    scaled = ((found - (low - margin)) / (high - low + 2 * margin)).astype(np.float32)
    return Places(drawn.rows, scaled, _density(scaled))


def view_of(workspace: Workspace, dataset: str, encoder: str) -> str:
    """The view of the map in which each item is one point: the modality of which most items have a vector."""
    have = [each for each in workspace.items.encoders(dataset) if each["key"] == encoder]
    return str(max(have, key=lambda each: int(each["encoded"]))["modality"])


def _density(scaled: NDArray[np.float32]) -> NDArray[np.uint8]:
    cells = (scaled[np.isfinite(scaled).all(axis=1)] * SIDE).clip(0, SIDE - 1).astype(int)
    counts = np.bincount(cells[:, 1] * SIDE + cells[:, 0], minlength=SIDE * SIDE).reshape(SIDE, SIDE)
    shades = np.where(
        counts, FAINTEST + (1 - FAINTEST) * np.log1p(counts) / max(np.log1p(counts.max()), 1e-9), 0
    )
    return np.asarray(255 * shades[::-1], dtype=np.uint8)
