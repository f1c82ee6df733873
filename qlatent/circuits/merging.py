"""The pairwise merge of the quantum-inspired projection as circuits, and the order of merges.

One merge is a circuit of two qubits. Merges are connected by **classical re-preparation**, not by a quantum channel:
the control is traced out, ⟨Z⟩ = z of the target is estimated over many runs, and the next circuit starts from the
pure real state √((1+z)/2)|0⟩ + √((1−z)/2)|1⟩, which has the same ⟨Z⟩ and loses the coherence. A mid-circuit
measurement would differ: it leaves |0⟩ or |1⟩, a mixture with ⟨X⟩ = 0. So m inputs take m − 1 successive circuits,
not one coherent circuit of m qubits. Source: Kankeu et al., arXiv 2501.04591.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qlatent.circuits.circuit import Circuit, Operation, Parameter, input_, weight
from qlatent.errors import CircuitError

Kind = Literal["merge", "merge_cnot"]
Numbers = NDArray[np.float64]

LARGEST = 12
"""Maximum number of inputs to merge by circuits; use the closed form for more."""

ALPHA, BETA, GAMMA, DELTA = range(4)  # U = exp(iα) RZ(β) RY(γ) RZ(δ)
CONTROL, TARGET, CONTROLLED = 0, 4, 8  # offsets of each gate's angles in a row of angles
ANGLES: dict[str, int] = {"merge": 12, "merge_cnot": 8}
"""Number of angles of a published merge: four for each general one-qubit gate."""


class Sizes(NamedTuple):
    """Numbers of angles of one merge: stored, affecting the output, and identifiable from data."""

    stored: int
    used: int
    identifiable: int


SIZES: dict[tuple[str, str], Sizes] = {
    ("merge", "published"): Sizes(12, 7, 5),
    ("merge", "reduced"): Sizes(5, 5, 5),
    ("merge_cnot", "published"): Sizes(8, 4, 3),
    ("merge_cnot", "reduced"): Sizes(3, 3, 3),
}
"""Sizes by kind and parametrisation; derived in `heads/projection/merging.py`."""


@dataclass(frozen=True, slots=True)
class Stage:
    """`count` parallel merges: input `control` + j into input `target` + j, for j < `count`."""

    control: int
    target: int
    count: int


@lru_cache
def stages(inputs: int, outputs: int) -> tuple[Stage, ...]:
    """The stages of merging in order, with `inputs` − `outputs` merges in total.

    Blocks of `outputs` inputs merge from the last to the first: each block into the one before it, down to block 0.
    If `inputs` is not a multiple of `outputs`, the incomplete last block first merges into the start of the last full
    block (the paper and its code leave this case undefined).
    """
    if not 1 <= outputs < inputs:
        raise CircuitError(
            f"{inputs} inputs cannot be merged into {outputs}.", remedy="Use fewer outputs than inputs."
        )
    full, ragged = divmod(inputs, outputs)
    last = (full - 1) * outputs
    tail = (Stage(full * outputs, last, ragged),) if ragged else ()
    return tail + tuple(Stage(t + outputs, t, outputs) for t in range(last - outputs, -1, -outputs))


def pairs(inputs: int, outputs: int = 1) -> list[tuple[int, int]]:
    """(control, target) of each merge in order; merge i uses row i of the angles."""
    return [(s.control + j, s.target + j) for s in stages(inputs, outputs) for j in range(s.count)]


@lru_cache
def merge_circuit(kind: Kind = "merge") -> Circuit:
    """The circuit of one merge: control on wire 0, target on wire 1, measuring ⟨Z⟩ of the target.

    Inputs are angles in the x–z plane of the Bloch sphere (radians, atan2(x, z)). Weights in order of use: δ, γ, β of
    the control, of the target and, for "merge", of the controlled gate, then its phase α. The other two phases α are
    global and omitted. "merge_cnot" has a CNOT in place of the controlled gate.
    """
    turns = [Operation("RY", (wire,), (input_(wire),)) for wire in (0, 1)]
    gates = [Operation("Rot", (wire,), _weights(3 * wire, 3)) for wire in (0, 1)]
    if kind == "merge_cnot":
        gates.append(Operation("CNOT", (0, 1)))
    else:
        controlled = zip(("CRZ", "CRY", "CRZ"), _weights(6, 3), strict=True)
        gates += [Operation(gate, (0, 1), (angle,)) for gate, angle in controlled]
        gates.append(Operation("Phase", (0,), _weights(9, 1)))
    return Circuit(2, (*turns, *gates), ((("Z", 1),),), kind.replace("_", "-"))


def _weights(first: int, count: int) -> tuple[Parameter, ...]:
    return tuple(weight(first + number) for number in range(count))


def circuit_weights(angles: Any, kind: Kind = "merge") -> Numbers:
    """The weights of `merge_circuit` for one row of published angles (12,), or (8,) for "merge_cnot", in radians."""
    row = np.asarray(angles, dtype=np.float64)
    if row.shape != (ANGLES[kind],):
        raise CircuitError(
            f"One merge takes {ANGLES[kind]} angles; got shape {row.shape}.",
            remedy="Pass α, β, γ, δ of the control, the target and, for 'merge', the controlled gate.",
        )
    gates = (CONTROL, TARGET) if kind == "merge_cnot" else (CONTROL, TARGET, CONTROLLED)
    found = [row[gate + angle] for gate in gates for angle in (DELTA, GAMMA, BETA)]
    return np.array(found if kind == "merge_cnot" else [*found, row[CONTROLLED + ALPHA]])


def merge_by_circuits(
    z: Any, x: Any, angles: Any, *, kind: Kind = "merge", outputs: int = 1, engine: str = "auto"
) -> Numbers:
    """⟨Z⟩ (batch, outputs) after all merges, run as two-qubit circuits with re-preparation in between.

    `z` and `x` (batch, inputs) are the Bloch coordinates of the input states, `angles` (inputs − outputs, 12 or 8)
    the published angles in radians, one row per merge in the order of `pairs`. At most 12 inputs.
    """
    found = np.array(np.asarray(z, dtype=np.float64)[:, :outputs])
    for each in each_merge(z, x, angles, kind=kind, outputs=outputs, engine=engine):
        if each.target < outputs:
            found[:, each.target] = each.z
    return found


class Merge(NamedTuple):
    """One merge: its inputs, the angles (batch, 2) that prepare them, the circuit's weights, and ⟨Z⟩ (batch,)."""

    control: int
    target: int
    prepared: Numbers
    weights: Numbers
    z: Numbers


def each_merge(
    z: Any, x: Any, angles: Any, *, kind: Kind = "merge", outputs: int = 1, engine: str = "auto"
) -> Iterator[Merge]:
    """The merges of `merge_by_circuits` one by one, in order."""
    from qlatent.circuits import simulate  # imports torch, which pages must not

    bloch = np.asarray(z, dtype=np.float64), np.asarray(x, dtype=np.float64)
    inputs, rows = bloch[0].shape[1], np.asarray(angles, dtype=np.float64)
    if inputs > LARGEST:
        raise CircuitError(
            f"{inputs} inputs: circuits merge at most {LARGEST}.", remedy="Use the closed form of the head."
        )
    order = pairs(inputs, outputs)
    if len(rows) != len(order):
        raise CircuitError(
            f"{inputs} inputs make {len(order)} merges; got {len(rows)} rows of angles.",
            remedy="Pass one row for each merge, in the order of `pairs`.",
        )
    turned = np.arctan2(bloch[1], bloch[0])  # (batch, inputs): preparation angles
    for (control, target), row in zip(order, rows, strict=True):
        measured = simulate.expectations(
            merge_circuit(kind), turned[:, [control, target]], circuit_weights(row, kind), engine=engine
        )
        kept = np.clip(measured.numpy()[:, 0], -1.0, 1.0)
        yield Merge(control, target, turned[:, [control, target]], circuit_weights(row, kind), kept)
        turned[:, target] = np.arccos(kept)  # re-prepared with x ≥ 0
