"""Count qubits, depth, gates and weights of a circuit without running it. Torch-free."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from qlatent.circuits.circuit import Circuit


@dataclass(frozen=True)
class Specs:
    """Sizes of a circuit; `gates` by name, most frequent first.

    `depth` is the number of layers if every gate starts as soon as its wires are free. `weights_used` counts the
    weights in the backward light cone of the observables; the others do not affect any expectation.
    """

    qubits: int
    depth: int
    gates: dict[str, int]
    two_qubit_gates: int
    inputs: int
    weights: int
    weights_used: int

    @property
    def operations(self) -> int:
        """Total number of gates."""
        return sum(self.gates.values())


def specs(circuit: Circuit) -> Specs:
    """The sizes of a circuit."""
    return Specs(
        qubits=circuit.qubits,
        depth=_depth(circuit),
        gates=dict(Counter(operation.gate for operation in circuit.operations).most_common()),
        two_qubit_gates=sum(len(operation.wires) == 2 for operation in circuit.operations),
        inputs=circuit.inputs,
        weights=circuit.weights,
        weights_used=len(weights_used(circuit)),
    )


def _depth(circuit: Circuit) -> int:
    free = [0] * circuit.qubits  # the first layer in which each wire is free
    for operation in circuit.operations:
        layer = max(free[wire] for wire in operation.wires)
        for wire in operation.wires:
            free[wire] = layer + 1
    return max(free)


def weights_used(circuit: Circuit) -> set[int]:
    """The weights in the backward light cone of the observables."""
    seen = {wire for word in circuit.observables for _, wire in word}
    weights: set[int] = set()
    for operation in reversed(circuit.operations):
        if seen.intersection(operation.wires):
            seen.update(operation.wires)
            weights |= {p.index for p in operation.parameters if p.kind == "weight"}
    return weights
