"""The line of neighbouring qubits on a device that is expected to make the fewest errors. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping

from qlatent.errors import InputError

Pair = tuple[int, int]


def best_line(pairs: Mapping[Pair, float], qubits: Mapping[int, float], *, length: int) -> tuple[int, ...]:
    """The simple path over `length` qubits with the smallest sum of costs of its pairs and of its qubits.

    `pairs` and `qubits` map to costs ≥ 0, such as −log(1 − error); a pair counts in both directions. Of a path and its
    reverse the one that starts at the smaller number. Raises `InputError` if the device has no such line.
    """
    near: dict[int, list[tuple[float, int]]] = {qubit: [] for qubit in qubits}
    for (a, b), cost in pairs.items():
        if a in qubits and b in qubits:
            near[a].append((cost + qubits[b], b))
            near[b].append((cost + qubits[a], a))
    for ways in near.values():
        ways.sort()
    search = _Search(near, length)
    for start in sorted(qubits, key=lambda qubit: (qubits[qubit], qubit)):
        search.extend([start], qubits[start])
    if not search.best:
        raise InputError(
            f"The device has no line of {length} working neighbouring qubits.",
            remedy="Choose a larger device, or a circuit with fewer qubits.",
        )
    return min(search.best, search.best[::-1])


class _Search:
    """Depth first, cheapest neighbour first, and given up where the rest cannot become cheaper than the best so far."""

    def __init__(self, near: Mapping[int, list[tuple[float, int]]], length: int) -> None:
        self.near, self.length = near, length
        self.step = min((ways[0][0] for ways in near.values() if ways), default=0.0)
        self.best, self.cost = (), float("inf")  # type: tuple[int, ...], float

    def extend(self, path: list[int], cost: float) -> None:
        left = self.length - len(path)
        if cost + left * self.step >= self.cost:
            return
        if not left:
            self.best, self.cost = tuple(path), cost
            return
        for step, qubit in self.near[path[-1]]:
            if qubit not in path:
                path.append(qubit)
                self.extend(path, cost + step)
                path.pop()
