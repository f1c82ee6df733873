"""Simulation of a device's twin with Qiskit Aer: what the device would run, with its errors. Torch-free."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qiskit import QuantumCircuit
from qiskit.providers import BackendV2
from qiskit_aer import AerSimulator

from qlatent.errors import InputError
from qlatent.hardware import readout, transpiling, twins
from qlatent.hardware.local import ideal
from qlatent.hardware.local.session import AbstractSession, Part, Sizes, refuse_no_shots, rng
from qlatent.hardware.readout import Readout
from qlatent.hardware.transpiling import Program
from qlatent.hardware.twins import Twin
from qlatent.hardware.work import Work, replaced

Array = NDArray[np.float64]
Asked = tuple[Program, range]  # a program and which of its items
DENSITY_QUBITS, QUBIT_LIMIT = 10, 12
"""Density matrices up to 10 qubits, trajectories (one random state a shot) up to 12."""

_PART, _CALIBRATING = 16, 2**40  # items of 8 qubits in a part; the number of the calibration's generator
_COMPARED = 8  # items by which the slope is estimated
_FEWEST = 1e-9


class NoisyTwin(AbstractSession):
    """The twin of a device, measured without mitigation or with its readout errors inverted.

    Up to 10 qubits the outcome probabilities are those of the density matrix, and shots are drawn from them; with 0
    shots the values are exact. With 11 and 12 qubits each shot is a trajectory. More qubits raise an `InputError`.
    """

    def __init__(self, work: Work, *, device: str | Twin, seed: int) -> None:
        qubits = work.circuit.qubits
        if qubits > QUBIT_LIMIT:
            raise InputError(
                f"Device noise of {qubits} qubits is not simulated: the limit is {QUBIT_LIMIT}.",
                remedy="Use the device 'shots', which has no device noise, or a head with fewer qubits.",
            )
        if qubits > DENSITY_QUBITS:
            refuse_no_shots(f"The twin of a device with more than {DENSITY_QUBITS} qubits", work)
        self.work, self.seed, self.shots = work, seed, work.options.shots
        self.twin = twins.of_snapshot(device, qubits) if isinstance(device, str) else device
        self.part = 1 if qubits > DENSITY_QUBITS else max(1, round(_PART * 4.0 ** (8 - max(qubits, 6))))

    @cached_property
    def programs(self) -> list[Program]:
        """What the device would be sent; transpiled once."""
        return transpiling.programs(self.work, self.twin.target, seed=self.work.options.seed)

    def sizes(self) -> Sizes:
        work, shots = self.work, self.work.options.shots
        sent = [each.transpiled for each in self.programs]
        executions = sum(len(each.items) for each in self.programs)
        extra = 2 if work.options.mitigation == "readout" else 0
        amplified = 1.0 if self._readout is None else float((1 / self.readout_slope).mean())
        return Sizes(
            circuits=len(sent) + extra,
            executions=(executions + extra) * max(shots, 1),
            pair_gates=max(each.pair_gates for each in sent),
            depth=max(each.pair_depth for each in sent),
            standard_error=amplified * shots**-0.5 if shots else 0.0,
            payload_bytes=transpiling.payload_bytes(self.programs, work),
            slope=self.slope(),
        )

    def calibration(self) -> dict[str, Any]:
        method = "density_matrix" if self.work.circuit.qubits <= DENSITY_QUBITS else "trajectories"
        found = self.twin.calibration() | {"method": method, "qubits": self._qubits()}
        if self._readout is not None:
            found["measured_readout"] = {
                "zeros": self._readout.zeros.tolist(),
                "ones": self._readout.ones.tolist(),
                "shots": self._readout.shots,
            }
        return found

    def measure(self, items: range) -> Part:
        shots = self.work.options.shots
        part = ideal.empty(len(items), self.work.circuit, sampled=bool(shots))
        signs = readout.basis_signs(self.work.circuit.qubits)
        generators = {item: rng(self.seed, self.work, item) for item in items}
        asked = [(program, shared) for program in self.programs if (shared := program.shared(items))]
        for (program, shared), outcomes in zip(asked, self._outcomes(asked, generators), strict=True):
            found = readout.estimated(
                outcomes, signs, program.words, shots=shots, readout=self._at(program.transpiled.end)
            )
            rows = range(shared.start - items.start, shared.stop - items.start)
            ideal.fill(part, program.numbers, found, rows=rows)
        return part

    @property
    def readout_slope(self) -> Array:
        """The factor on ⟨Z⟩ of each of the twin's qubits by its readout errors, (qubits,)."""
        return 1 - self.twin.readout.sum(axis=1)

    def slope(self) -> float:
        """The factor by which errors shrink expectation values, fitted over a few items; nan where unknown."""
        work = self.work
        if work.circuit.qubits > DENSITY_QUBITS or not len(work):
            return float("nan")
        few = range(min(len(work), _COMPARED))
        exact = ideal.Exact(replaced(work, mitigation="none")).measure(few).expectations
        shown = np.empty_like(exact)
        signs = readout.basis_signs(work.circuit.qubits)
        asked = [(program, shared) for program in self.programs if (shared := program.shared(few))]
        for (program, shared), chances in zip(asked, self._chances(asked), strict=True):
            found = readout.estimated(
                chances, signs, program.words, shots=0, readout=self._at(program.transpiled.end)
            )
            shown[shared.start : shared.stop, list(program.numbers)] = found.values
        return fitted_slope(exact, shown)

    def _outcomes(self, asked: Sequence[Asked], generators: dict[int, np.random.Generator]) -> list[Array]:
        """Counts of the outcomes of each program's items (items, 2^wires), or probabilities with 0 shots."""
        shots = self.work.options.shots
        own = [[generators[item] for item in items] for _, items in asked]
        if self.work.circuit.qubits > DENSITY_QUBITS:
            return [self._trajectories(*each, drawn) for each, drawn in zip(asked, own, strict=True)]
        chances = self._chances(asked)
        if not shots:
            return chances
        return [ideal.drawn(each, shots, drawn) for each, drawn in zip(chances, own, strict=True)]

    def _chances(self, asked: Sequence[Asked]) -> list[Array]:
        """Outcome probabilities (items, 2^wires) by density matrices, readout errors included."""
        made = [program.transpiled for program, _ in asked]
        rows = [program.rows(self.work, items) for program, items in asked]
        given = [(each.circuit, own, each.end) for each, own in zip(made, rows, strict=True)]
        return [
            _as_read(found, self.twin.readout[list(each.end)])
            for each, found in zip(made, self._run(given), strict=True)
        ]

    def _run(self, given: Sequence[tuple[QuantumCircuit, Array, Sequence[int]]]) -> list[Array]:
        """Probabilities (rows, 2^wires) before reading, of circuits with rows of their parameters and the read qubits.

        All in one job of the simulator, because each job costs it 0.1 s.
        """
        saved, binds = [], []
        for circuit, rows, qubits in given:
            saved.append(circuit.copy())
            saved[-1].save_probabilities(list(reversed(qubits)))  # Qiskit's first qubit is the rightmost bit
            binds.append({symbol: rows[:, at].tolist() for at, symbol in enumerate(circuit.parameters)})
        result = self._simulator.run(saved, parameter_binds=binds if any(binds) else None, shots=1).result()
        if not result.success:
            raise InputError(
                f"Qiskit Aer could not simulate the circuit: {result.status}.",
                remedy="Use fewer qubits, or the device 'shots'.",
            )
        found = iter(range(sum(len(rows) for _, rows, _ in given)))
        return [np.array([result.data(next(found))["probabilities"] for _ in rows]) for _, rows, _ in given]

    def _trajectories(self, program: Program, items: range, generators: list[np.random.Generator]) -> Array:
        made, wires = program.transpiled, self.work.circuit.qubits
        counted = np.zeros((len(items), 2**wires))
        for place, (row, generator) in enumerate(
            zip(program.rows(self.work, items), generators, strict=True)
        ):
            bound = made.measured.assign_parameters(dict(zip(made.circuit.parameters, row, strict=True)))
            options = {"shots": self.work.options.shots, "seed_simulator": int(generator.integers(2**31))}
            counts = self._simulator.run([bound], **options).result().get_counts()
            for bits, count in counts.items():
                counted[place, int(bits[::-1], 2)] = count  # bit 0, wire 0, is written last
        return counted

    @cached_property
    def _simulator(self) -> AerSimulator:
        few = self.work.circuit.qubits <= DENSITY_QUBITS
        # one thread: on busy cores OpenMP's threads wait for each other for minutes
        return AerSimulator(
            method="density_matrix" if few else "statevector",
            noise_model=self.twin.noise,
            max_parallel_threads=1,
            fusion_max_qubit=2,
        )

    @cached_property
    def _readout(self) -> Readout | None:
        """The readout of the twin's qubits, measured with two further circuits; None without the mitigation."""
        if self.work.options.mitigation != "readout":
            return None
        qubits, shots = len(self.twin.line), self.work.options.shots
        ones = QuantumCircuit(qubits)
        ones.x(range(qubits))
        made = transpiling.transpiled([QuantumCircuit(qubits), ones], self.twin.target, level=0)
        chances = np.concatenate(self._run([(each.circuit, np.zeros((1, 0)), each.end) for each in made]))
        read = _as_read(chances, self.twin.readout[list(made[0].end)])
        outcomes = read
        if shots:
            generator = rng(self.seed, self.work, _CALIBRATING)
            outcomes = ideal.drawn(read, shots, [generator, generator])
        return readout.measured_readout(outcomes, readout.basis_signs(qubits), shots=shots)

    def _at(self, qubits: Sequence[int]) -> Readout | None:
        """The measured readout of the twin's qubits in the order of the wires that they hold."""
        if (found := self._readout) is None:
            return None
        at = list(qubits)
        return Readout(found.zeros[at], found.ones[at], found.shots)

    def _qubits(self) -> list[int]:
        """The device's qubit that is read for each wire, of the first program."""
        return [self.twin.line[place] for place in self.programs[0].transpiled.end]


def expected_slope(work: Work, backend: BackendV2, *, device: str) -> float:
    """The factor by which a device is expected to shrink expectation values, by its twin; nan where that is unknown.

    Computed for a few items, with the readout errors undone where the mitigation does so. Unknown for more than 10
    qubits, for zero-noise extrapolation, and for a device whose calibration has no line of working qubits.
    """
    if work.circuit.qubits > DENSITY_QUBITS or work.options.mitigation == "zne":
        return float("nan")
    mitigation = "none" if work.options.mitigation == "none" else "readout"
    try:
        made = twins.twin(backend, work.circuit.qubits, device=device)
    except InputError:
        return float("nan")
    return NoisyTwin(replaced(work, mitigation=mitigation, shots=0), device=made, seed=0).slope()


def fitted_slope(exact: Array, shown: Array) -> float:
    """The factor of the least-squares line through shown against exact values; nan where nothing varies."""
    centred = exact - exact.mean()
    spread = float((centred**2).sum())
    return float((centred * shown).sum() / spread) if spread > _FEWEST else float("nan")


def _as_read(chances: Array, errors: Array) -> Array:
    """Probabilities of what is read (items, 2^wires), with errors (wires, 2) of reading 1 after 0 and 0 after 1."""
    wires = len(errors)
    shown = chances.reshape(-1, *(2,) * wires)
    for wire, (up, down) in enumerate(errors):
        matrix = np.array([[1 - up, down], [up, 1 - down]])  # (read, true)
        shown = np.moveaxis(np.tensordot(matrix, shown, axes=(1, wire + 1)), 0, wire + 1)
    return shown.reshape(len(chances), -1)
