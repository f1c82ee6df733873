"""How far vectors lie apart: 1 - cosine, or the Euclidean distance of latents."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Distance = Literal["cosine", "euclidean"]
WIDEST = 0.5
USUAL = 0.05


class Vectors:
    """n vectors (n, d) of finite numbers, for cosine none of them zero."""

    block = 1 << 22

    def __init__(self, vectors: NDArray[np.float32], *, distance: Distance = "cosine") -> None:
        points = np.asarray(vectors, dtype=np.float32)
        if distance == "cosine":
            points = points / np.linalg.norm(points, axis=1, keepdims=True)
        self._points, self._distance = points, distance
        self._squares = np.einsum("nd,nd->n", points, points)

    def __len__(self) -> int:
        return len(self._points)

    def distances(self, start: int, stop: int, begin: int) -> NDArray[np.float32]:
        """Distances (stop - start, n - begin) of vectors."""
        products = self._points[start:stop] @ self._points[begin:].T
        if self._distance == "cosine":
            return np.maximum(1 - products, 0)
        squares = self._squares[start:stop, None] + self._squares[None, begin:] - 2 * products
        return np.sqrt(np.maximum(squares, 0))
