"""Named circuits. Weights are numbered in order of use. Torch-free."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import count
from typing import Literal

from qlatent.circuits.circuit import QUBIT_LIMIT, Circuit, Operation, PauliWord, input_, weight

LayerOrder = Literal["entangle_first", "rotate_first"]


@lru_cache
def dressed(
    qubits: int, depth: int, *, order: LayerOrder = "entangle_first", qubit_limit: int = QUBIT_LIMIT
) -> Circuit:
    """The circuit between the linear layers of a dressed network; ⟨Z⟩ of each wire, `depth`·`qubits` weights.

    H on all → RY(input) → [CNOT (0,1)(2,3)…, CNOT (1,2)(3,4)…, RY(weight)]×depth, as in Mari et al. 2020
    (arXiv 1912.08278, code XanaduAI/quantum-transfer-learning) and, so far as it is published, CLIP-ACQUA.
    `rotate_first` puts the weights of each layer before its CNOTs.
    """
    numbers = count()
    operations = [Operation("H", (wire,)) for wire in range(qubits)]
    operations += _input_rotations("RY", qubits)
    for _ in range(depth):
        entangle, rotate = list(_brickwork(qubits)), list(_weight_rotations("RY", qubits, numbers))
        operations += entangle + rotate if order == "entangle_first" else rotate + entangle
    return Circuit(qubits, tuple(operations), each_z(qubits), f"dressed-{qubits}x{depth}", qubit_limit)


@lru_cache
def qssl_ring(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """The "ring" representation network of QSSL; ⟨Z⟩ of each wire, 2·`layers`·`qubits` weights.

    RX(input), then per layer RY(weight) on each wire and CRX(weight) from wire i to (i+1) mod n, i ascending:
    `sim_circ_14_half` of Jaderberg et al. 2021 (arXiv 2103.14653, code bjader/QSSL).
    """
    numbers = count()
    operations = list(_input_rotations("RX", qubits))
    for _ in range(layers):
        operations += _weight_rotations("RY", qubits, numbers)
        if qubits > 1:
            ring = [(wire, (wire + 1) % qubits) for wire in range(qubits)]
            operations += [Operation("CRX", pair, (weight(next(numbers)),)) for pair in ring]
    return Circuit(qubits, tuple(operations), each_z(qubits), f"qssl-ring-{qubits}x{layers}", qubit_limit)


@lru_cache
def product(qubits: int, depth: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """The dressed circuit without entanglers, the separable control: `depth`·`qubits` weights."""
    numbers = count()
    operations = [Operation("H", (wire,)) for wire in range(qubits)]
    operations += _input_rotations("RY", qubits)
    for _ in range(depth):
        operations += _weight_rotations("RY", qubits, numbers)
    return Circuit(qubits, tuple(operations), each_z(qubits), f"product-{qubits}x{depth}", qubit_limit)


def each_z(qubits: int) -> tuple[PauliWord, ...]:
    """⟨Z⟩ of every wire, wire 0 first."""
    return tuple((("Z", wire),) for wire in range(qubits))


def _input_rotations(gate: str, qubits: int) -> Iterator[Operation]:
    return (Operation(gate, (wire,), (input_(wire),)) for wire in range(qubits))


def _weight_rotations(gate: str, qubits: int, numbers: count[int]) -> Iterator[Operation]:
    return (Operation(gate, (wire,), (weight(next(numbers)),)) for wire in range(qubits))


def _brickwork(qubits: int) -> Iterator[Operation]:
    for first in (0, 1):
        for wire in range(first, qubits - 1, 2):
            yield Operation("CNOT", (wire, wire + 1))
