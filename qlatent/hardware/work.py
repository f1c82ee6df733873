"""What a runner is given and what it gives back: circuits with angles, estimates, states and outcomes. Torch-free."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass as checked

from qlatent.circuits.circuit import Circuit
from qlatent.errors import InputError

Array = NDArray[np.float64]
Mitigation = Literal["none", "readout", "trex", "zne"]
"""none · readout: inversion of each qubit's readout errors · trex: readout twirling · zne: TREX, Pauli twirling of the
gates and zero-noise extrapolation."""

State = Literal["created", "queued", "running", "done", "failed", "cancelled"]
FINAL: frozenset[State] = frozenset({"done", "failed", "cancelled"})


@checked(frozen=True, config={"extra": "forbid"})
class RunOptions:
    """How circuits are executed."""

    shots: Annotated[int, Field(ge=0, le=10_000_000, description="Measurements per item; 0: exact.")] = 1024
    mitigation: Mitigation = "none"
    optimization_level: Annotated[int, Field(ge=0, le=3, description="Of Qiskit's transpiler.")] = 3
    seed: int = 0
    max_seconds: Annotated[
        int, Field(ge=0, description="QPU seconds after which the service ends a job; 0: its own limit.")
    ] = 0


@dataclass(frozen=True, eq=False)
class Work:
    """Circuits to execute for `len(work)` items: one circuit for a table of angles, or one circuit an item.

    `circuit`: the circuit of all items, its weights symbolic, with `weights` (weights,) and `angles` (items, inputs) in
    radians. `circuits`: circuits without inputs and weights, one an item, such as recompiled ones; then `angles` is
    (items, 0). Raises `InputError` for shapes that do not fit and for angles that are not finite.
    """

    circuit: Circuit
    weights: Array
    angles: Array
    options: RunOptions = field(default_factory=RunOptions)
    circuits: tuple[Circuit, ...] = ()

    def __post_init__(self) -> None:
        wanted = 0 if self.circuits else self.circuit.inputs
        if self.angles.ndim != 2 or self.angles.shape[1] != wanted:
            raise InputError(
                f"The angles: got shape {self.angles.shape}, expected (items, {wanted}).",
                remedy="Pass one row of the circuit's inputs for each item.",
            )
        if self.weights.shape != (self.circuit.weights,):
            raise InputError(
                f"The weights: got shape {self.weights.shape}, expected ({self.circuit.weights},).",
                remedy="Pass the flat weights of the circuit.",
            )
        if self.circuits and len(self.circuits) != len(self.angles):
            raise InputError(
                f"Got {len(self.circuits)} circuits for {len(self.angles)} items.",
                remedy="Pass one circuit for each item.",
            )
        bad = np.flatnonzero(~np.isfinite(self.angles).all(axis=1))
        if bad.size or not np.isfinite(self.weights).all():
            what = f"Angles of {bad.size} of {len(self.angles)} items" if bad.size else "Weights"
            raise InputError(
                f"{what} are not finite.",
                remedy="Leave out items without valid vectors, or train the head again if its weights are NaN.",
            )

    def __len__(self) -> int:
        return len(self.angles)


def replaced(work: Work, **options: Any) -> Work:
    """The same work with other options."""
    return replace(work, options=replace(work.options, **options))


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a job will take, before it is submitted."""

    seconds: float  # on the device (QPU seconds) or, for simulators, of CPU
    circuits: int  # circuits that are sent, each with all its angles
    executions: int  # items × shots, calibration and mitigation included
    parts: int  # jobs that the executions are split into
    payload_bytes: int
    pair_gates: int  # two-qubit gates of the transpiled circuit; of the largest where they differ
    depth: int  # two-qubit depth
    standard_error: float  # of an expectation value of 0, by the shots alone
    slope: float = float("nan")  # expected shrinkage of expectation values by the twin; nan where unknown


@dataclass(frozen=True, slots=True)
class Status:
    """Where a job stands."""

    state: State
    done: int = 0  # items, where the runner knows
    total: int = 0
    queue: int | None = None  # jobs before it
    reason: str = ""  # of a failure
    remedy: str = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """Results of a job, decoded: nothing else is needed to analyse them without a network."""

    expectations: Array  # (items, observables), mitigated
    errors: Array  # (items, observables): standard errors by the shots; 0 if exact
    raw: Array  # (items, observables), as measured
    counts: NDArray[np.int64]  # (items, observables): shots that read −1; (items, 0) where not sampled
    shots: int
    seconds: float  # used: QPU seconds, or CPU of a simulator
    calibration: Mapping[str, Any] = field(default_factory=dict)  # when and with which errors, JSON values
    versions: Mapping[str, str] = field(default_factory=dict)  # of the packages that took part
    missing: tuple[int, ...] = ()  # items of parts that failed; their rows are NaN
