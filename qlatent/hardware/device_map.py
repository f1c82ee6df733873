"""Where the qubits of a device are drawn: distances on the page like those along its couplings. Torch-free."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_STEPS = 200


def coordinates(pairs: Iterable[tuple[int, int]], *, qubits: int) -> Array:
    """Positions (qubits, 2) whose distances are close to the numbers of couplings between qubits, wider than tall.

    Classical scaling of these distances, improved by stress majorisation (Gansner et al. 2004, "Graph drawing by stress
    majorization"). Qubits without couplings stand in a row below.
    """
    distances = _distances(pairs, qubits)
    largest = distances[np.isfinite(distances)].max(initial=1.0)
    joined = np.where(np.isfinite(distances), distances, largest + 2)
    places = _scaled(joined)
    weights = np.where(joined > 0, 1 / np.maximum(joined, 1) ** 2, 0.0)
    system = np.linalg.pinv(np.diag(weights.sum(axis=1)) - weights)
    for _ in range(_STEPS):
        apart = np.linalg.norm(places[:, None] - places[None], axis=2)
        ratio = np.divide(weights * joined, apart, out=np.zeros_like(joined), where=apart > 1e-9)
        places = system @ ((np.diag(ratio.sum(axis=1)) - ratio) @ places)
    return _upright(places)


def _distances(pairs: Iterable[tuple[int, int]], qubits: int) -> Array:
    """Couplings between every two qubits (qubits, qubits), infinite where no way leads."""
    found = np.full((qubits, qubits), np.inf)
    np.fill_diagonal(found, 0)
    for a, b in pairs:
        found[a, b] = found[b, a] = 1
    for middle in range(qubits):  # Floyd and Warshall
        np.minimum(found, found[:, middle : middle + 1] + found[middle], out=found)
    return found


def _scaled(distances: Array) -> Array:
    centre = np.eye(len(distances)) - 1 / len(distances)
    values, vectors = np.linalg.eigh(-0.5 * centre @ distances**2 @ centre)
    if len(values) < 2:
        return np.zeros((len(values), 2))
    turned: Array = vectors[:, [-1, -2]] * np.sqrt(np.clip(values[[-1, -2]], 1e-9, None))
    return turned


def _upright(places: Array) -> Array:
    """Wider than tall, the first qubit in the upper left."""
    centred = places - places.mean(axis=0)
    _, _, axes = np.linalg.svd(centred)  # (2, 2)
    turned = centred @ axes.T
    if len(turned) and turned[0, 0] > 0:
        turned[:, 0] *= -1
    if len(turned) and turned[0, 1] < 0:
        turned[:, 1] *= -1
    found: Array = turned
    return found
