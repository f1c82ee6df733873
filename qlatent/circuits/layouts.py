"""Build the named circuit layouts. Weights are numbered in order of use. Torch-free."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import combinations, count
from typing import Literal

from qlatent.circuits.circuit import QUBIT_LIMIT, Circuit, Operation, PauliWord, input_, weight
from qlatent.circuits.gates import GATES

LayerOrder = Literal["entangle_first", "rotate_first"]


@lru_cache
def dressed(
    qubits: int, depth: int, *, order: LayerOrder = "entangle_first", qubit_limit: int = QUBIT_LIMIT
) -> Circuit:
    """The circuit between the linear layers of a dressed network; ⟨Z⟩ of each wire, `depth`·`qubits` weights.

    H on all → RY(input) → [CNOT (0,1)(2,3)…, CNOT (1,2)(3,4)…, RY(weight)]×depth, as in Mari et al. 2020
    (arXiv 1912.08278, code XanaduAI/quantum-transfer-learning) and in the published parts of CLIP-ACQUA.
    `rotate_first` puts the RY rotations of each layer before its CNOTs.
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
    """The dressed circuit without entanglers, as a separable control: `depth`·`qubits` weights."""
    numbers = count()
    operations = [Operation("H", (wire,)) for wire in range(qubits)]
    operations += _input_rotations("RY", qubits)
    for _ in range(depth):
        operations += _weight_rotations("RY", qubits, numbers)
    return Circuit(qubits, tuple(operations), each_z(qubits), f"product-{qubits}x{depth}", qubit_limit)


@lru_cache
def qssl_all_to_all(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """The "all-to-all" representation network of QSSL; ⟨Z⟩ of each wire, (`layers` + 1)·`qubits` weights.

    RX(input), RY(weight) once, then per layer CNOT(i, j) for all i < j and RY(weight): `abbas` of Jaderberg
    et al. 2021 (arXiv 2103.14653, code bjader/QSSL).
    """
    numbers = count()
    operations = [*_input_rotations("RX", qubits), *_weight_rotations("RY", qubits, numbers)]
    for _ in range(layers):
        operations += [Operation("CNOT", pair) for pair in combinations(range(qubits), 2)]
        operations += _weight_rotations("RY", qubits, numbers)
    return Circuit(
        qubits, tuple(operations), each_z(qubits), f"qssl-all-to-all-{qubits}x{layers}", qubit_limit
    )


@lru_cache
def qssl_product(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """QSSL's ring without entanglers, RX on the target replacing each CRX: 2·`layers`·`qubits` weights."""
    numbers = count()
    operations = list(_input_rotations("RX", qubits))
    for _ in range(layers):
        operations += [*_weight_rotations("RY", qubits, numbers), *_weight_rotations("RX", qubits, numbers)]
    return Circuit(qubits, tuple(operations), each_z(qubits), f"qssl-product-{qubits}x{layers}", qubit_limit)


@lru_cache
def sim_13(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """Circuit 13 of Sim et al.: RX(input), then RY, CRZ ring, RY, reverse CRZ ring; 4·`layers`·`qubits` weights.

    Source of circuits 13, 14, 15 and 19: Sim, Johnson, Aspuru-Guzik 2019 (arXiv 1905.10876), Fig. 2.
    """
    return _two_rings("sim-13", "CRZ", qubits, layers, qubit_limit)


@lru_cache
def sim_14(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """Circuit 14 of Sim et al.: circuit 13 with CRX; 4·`layers`·`qubits` weights. QSSL's ring is half of it."""
    return _two_rings("sim-14", "CRX", qubits, layers, qubit_limit)


@lru_cache
def sim_15(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """Circuit 15 of Sim et al.: circuit 13 with CNOT; 2·`layers`·`qubits` weights."""
    return _two_rings("sim-15", "CNOT", qubits, layers, qubit_limit)


@lru_cache
def sim_19(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """Circuit 19 of Sim et al.: RX, RZ, CRX ring; 3·`layers`·`qubits` weights."""
    numbers = count()
    operations = list(_input_rotations("RX", qubits))
    for _ in range(layers):
        operations += _weight_rotations("RX", qubits, numbers)
        operations += _weight_rotations("RZ", qubits, numbers)
        operations += _entanglers("CRX", _ring_down(qubits), numbers)
    return Circuit(qubits, tuple(operations), each_z(qubits), f"sim-19-{qubits}x{layers}", qubit_limit)


@lru_cache
def basic_entangler(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """PennyLane's `BasicEntanglerLayers` after RX(input): RX(weight), CNOT ring; `layers`·`qubits` weights."""
    numbers = count()
    operations = list(_input_rotations("RX", qubits))
    for _ in range(layers):
        operations += _weight_rotations("RX", qubits, numbers)
        operations += _entanglers("CNOT", _ring(qubits), numbers)
    return Circuit(
        qubits, tuple(operations), each_z(qubits), f"basic-entangler-{qubits}x{layers}", qubit_limit
    )


@lru_cache
def strongly_entangling(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """PennyLane's `StronglyEntanglingLayers` after RX(input); 3·`layers`·`qubits` weights.

    Rot(weights), then CNOT from wire i to i + r with r growing by one from layer to layer. Schuld et al. 2018
    (arXiv 1804.00633).
    """
    operations = [*_input_rotations("RX", qubits), *_strong_layers(qubits, layers)]
    name = f"strongly-entangling-{qubits}x{layers}"
    return Circuit(qubits, tuple(operations), each_z(qubits), name, qubit_limit)


@lru_cache
def reuploading(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """Data re-uploading: RX(input), Rot(weights), CNOT ring in every layer; 3·`layers`·`qubits` weights.

    Pérez-Salinas et al. 2020 (arXiv 1907.02085).
    """
    numbers = count()
    operations: list[Operation] = []
    for _ in range(layers):
        operations += [*_input_rotations("RX", qubits), *_general_rotations(qubits, numbers)]
        operations += _entanglers("CNOT", _ring(qubits), numbers)
    return Circuit(qubits, tuple(operations), each_z(qubits), f"reuploading-{qubits}x{layers}", qubit_limit)


@lru_cache
def amplitude(qubits: int, layers: int, *, qubit_limit: int = QUBIT_LIMIT) -> Circuit:
    """Amplitude encoding of the input, then strongly entangling layers; 3·`layers`·`qubits` weights.

    Takes 2^`qubits` numbers: 9 qubits encode a vector of width 512; width 768 needs 10, padded with zeros.
    """
    operations = tuple(_strong_layers(qubits, layers))
    name = f"amplitude-{qubits}x{layers}"
    return Circuit(qubits, operations, each_z(qubits), name, qubit_limit, encoding="amplitudes")


LAYOUTS: dict[str, Callable[[int, int], Circuit]] = {
    "dressed": dressed,
    "qssl_ring": qssl_ring,
    "qssl_all_to_all": qssl_all_to_all,
    "qssl_product": qssl_product,
    "sim_13": sim_13,
    "sim_14": sim_14,
    "sim_15": sim_15,
    "sim_19": sim_19,
    "basic_entangler": basic_entangler,
    "strongly_entangling": strongly_entangling,
    "reuploading": reuploading,
    "product": product,
    "amplitude": amplitude,
}
"""All layouts by name: (qubits, layers) → circuit."""


def each_z(qubits: int) -> tuple[PauliWord, ...]:
    """⟨Z⟩ of every wire, wire 0 first."""
    return tuple((("Z", wire),) for wire in range(qubits))


def _two_rings(name: str, gate: str, qubits: int, layers: int, qubit_limit: int) -> Circuit:
    numbers = count()
    operations = list(_input_rotations("RX", qubits))
    for _ in range(layers):
        for ring in (_ring_down(qubits), _ring_back(qubits)):
            operations += _weight_rotations("RY", qubits, numbers)
            operations += _entanglers(gate, ring, numbers)
    return Circuit(qubits, tuple(operations), each_z(qubits), f"{name}-{qubits}x{layers}", qubit_limit)


def _strong_layers(qubits: int, layers: int) -> Iterator[Operation]:
    numbers = count()
    for layer in range(layers):
        yield from _general_rotations(qubits, numbers)
        if qubits > 1:
            shift = layer % (qubits - 1) + 1
            yield from (Operation("CNOT", (wire, (wire + shift) % qubits)) for wire in range(qubits))


def _general_rotations(qubits: int, numbers: count[int]) -> Iterator[Operation]:
    for wire in range(qubits):
        yield Operation("Rot", (wire,), tuple(weight(next(numbers)) for _ in range(3)))


def _entanglers(gate: str, pairs: Sequence[tuple[int, int]], numbers: count[int]) -> Iterator[Operation]:
    """The two-qubit gate on each pair, with a weight if it takes an angle."""
    for pair in pairs:
        yield Operation(gate, pair, (weight(next(numbers)),) if GATES[gate].parameters else ())


def _ring_down(qubits: int) -> list[tuple[int, int]]:
    """Pairs from wire i to i + 1, starting with the last wire."""
    return [(wire, (wire + 1) % qubits) for wire in reversed(range(qubits)) if qubits > 1]


def _ring_back(qubits: int) -> list[tuple[int, int]]:
    """Pairs from wire i to i − 1: the last wire, then the others in order."""
    return [(wire, (wire - 1) % qubits) for wire in (qubits - 1, *range(qubits - 1)) if qubits > 1]


def _ring(qubits: int) -> list[tuple[int, int]]:
    """Pairs from wire i to i + 1; one pair for two wires, none for one."""
    return [(wire, (wire + 1) % qubits) for wire in range(qubits if qubits > 2 else qubits - 1)]


def _input_rotations(gate: str, qubits: int) -> Iterator[Operation]:
    return (Operation(gate, (wire,), (input_(wire),)) for wire in range(qubits))


def _weight_rotations(gate: str, qubits: int, numbers: count[int]) -> Iterator[Operation]:
    return (Operation(gate, (wire,), (weight(next(numbers)),)) for wire in range(qubits))


def _brickwork(qubits: int) -> Iterator[Operation]:
    for first in (0, 1):
        for wire in range(first, qubits - 1, 2):
            yield Operation("CNOT", (wire, wire + 1))
