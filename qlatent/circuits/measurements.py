"""Group the observables of a circuit by the basis changes that measure them together. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from qlatent.circuits.circuit import Circuit, Operation, PauliWord
from qlatent.circuits.gates import UNITARY

_ROOT = np.sqrt(2)
# gates that rotate a letter to Z: H for X, and H·S† for Y
_TO_Z = {
    "X": ((1 / _ROOT, 1 / _ROOT), (1 / _ROOT, -1 / _ROOT)),
    "Y": ((1 / _ROOT, -1j / _ROOT), (1 / _ROOT, 1j / _ROOT)),
}


@dataclass(frozen=True)
class Measurement:
    """A circuit that ends in basis changes, so that its observables are words of Z; `numbers` are their indices."""

    circuit: Circuit
    numbers: tuple[int, ...]


@lru_cache(maxsize=64)
def measurements(circuit: Circuit) -> tuple[Measurement, ...]:
    """The measurements that together give all observables; one if no wire is measured in two bases."""
    groups: list[tuple[dict[int, str], list[int]]] = []
    for number, word in enumerate(circuit.observables):
        wanted = {wire: letter for letter, wire in word}
        for bases, numbers in groups:
            if all(bases.get(wire, letter) == letter for wire, letter in wanted.items()):
                bases |= wanted
                numbers.append(number)
                break
        else:
            groups.append((wanted, [number]))
    return tuple(Measurement(_turned(circuit, bases, numbers), tuple(numbers)) for bases, numbers in groups)


def _turned(circuit: Circuit, bases: dict[int, str], numbers: list[int]) -> Circuit:
    turns = [
        Operation(UNITARY, (wire,), matrix=_TO_Z[letter])
        for wire, letter in sorted(bases.items())
        if letter != "Z"
    ]
    words: list[PauliWord] = [
        tuple(("Z", wire) for _, wire in circuit.observables[number]) for number in numbers
    ]
    return replace(circuit, operations=(*circuit.operations, *turns), observables=tuple(words))
