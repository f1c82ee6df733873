"""What is sent for a `Work`: circuits transpiled once, one array of angles, and what mitigation adds.

Each circuit carries in its metadata which observables it measures. The service gives that back with the results, so
that a job can be read by its id alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from qlatent.errors import InputError
from qlatent.hardware import qpu_time
from qlatent.hardware.work import Estimate, Work

META = "qlatent"
_LEVELS = {"trex": 1, "zne": 2}  # resilience levels of the Estimator


@dataclass(frozen=True, slots=True)
class Sent:
    """A circuit of the device's own gates, with the angles of each item or none, and what it measures."""

    circuit: Any
    angles: np.ndarray | None  # (items, parameters of the circuit, in its order)
    observables: Any = None  # for the Estimator: (observables, 1)

    @property
    def pub(self) -> tuple[Any, ...]:
        """As the primitives take it."""
        parts = [self.circuit]
        if self.observables is not None:
            parts.append(self.observables)
        return (*parts, self.angles) if self.angles is not None else tuple(parts)


class Programs:
    """The programs of a work on a device with this `Target`; `calibrated` goes with the results."""

    def __init__(self, work: Work, target: Any, *, calibrated: str = "") -> None:
        if work.options.shots < 1:
            raise InputError("A device cannot compute without shots.", remedy="Set at least 1 shot.")
        self.work, self.target, self.calibrated = work, target, calibrated
        self.estimator = work.options.mitigation in _LEVELS

    def sent(self, start: int, stop: int) -> list[Sent]:
        """The circuits of items `start` to `stop`, and those that calibrate the readout."""
        asked = range(start, stop)
        own = [program for program in self._transpiled if len(program.shared(asked))]
        found = [self._sent(program, start, stop) for program in own]
        if self.work.options.mitigation == "readout":
            found += self._preparations(own[0])
        return found

    def program(self, start: int, stop: int) -> Any:
        """The quantum program of these items, exactly as the primitive submits it."""
        from qiskit_ibm_runtime.executor_estimator.prepare import prepare as prepare_estimator
        from qiskit_ibm_runtime.executor_sampler.prepare import prepare as prepare_sampler

        pubs = [each.pub for each in self.sent(start, stop)]
        prepare = prepare_estimator if self.estimator else prepare_sampler
        return prepare(pubs, self.options())

    def options(self, *, tags: list[str] | None = None) -> Any:
        """The options of the primitive, with tags and the limit of QPU seconds."""
        from qiskit_ibm_runtime.options_models import EstimatorOptions, SamplerOptions

        asked = self.work.options
        made = (
            EstimatorOptions(resilience_level=_LEVELS[asked.mitigation])
            if self.estimator
            else SamplerOptions()
        )
        made.default_shots = asked.shots
        made.max_execution_time = asked.max_seconds or None
        made.environment.job_tags = tags or []
        return made

    def submit(self, mode: Any, start: int, stop: int, *, tags: list[str]) -> str:
        """The id of a new job for these items. `mode`: a backend, or a batch."""
        from qiskit_ibm_runtime.executor_estimator import Estimator
        from qiskit_ibm_runtime.executor_sampler import Sampler

        primitive = (Estimator if self.estimator else Sampler)(mode=mode, options=self.options(tags=tags))
        return str(primitive.run([each.pub for each in self.sent(start, stop)]).job_id())

    def parts(self, most: int) -> list[tuple[int, int]]:
        """Ranges of items whose executions a job may hold (`most`), as equal as possible."""
        items = len(self.work)
        one = _executions(self.program(0, 1)[0])
        each = _executions(self.program(0, 2)[0]) - one if items > 1 else one
        if one > most:
            raise InputError(
                f"One item takes {one:,} executions, more than the {most:,} of a job.",
                remedy="Use fewer shots.",
            )
        count = math.ceil(items / (1 + (most - one) // each))
        bounds = np.linspace(0, items, count + 1).round().astype(int).tolist()
        return list(pairwise(bounds))

    def estimate(self, most: int) -> Estimate:
        """What the job takes, from the programs that would be sent."""
        ranges = self.parts(most)
        programs = [self.program(start, stop) for start, stop in ranges]
        executions = sum(_executions(program) for program, _ in programs)
        made = [program.transpiled for program in self._transpiled]
        return Estimate(
            seconds=qpu_time.qpu_seconds(executions, parts=len(ranges)),
            circuits=sum(len(program.items) for program, _ in programs),
            executions=executions,
            parts=len(ranges),
            payload_bytes=sum(_payload(*program) for program in programs),
            pair_gates=max(each.pair_gates for each in made),
            depth=max(each.pair_depth for each in made),
            standard_error=1 / math.sqrt(self.work.options.shots),
        )

    @cached_property
    def _transpiled(self) -> list[Any]:
        from qlatent.hardware import transpiling

        return list(transpiling.programs(self.work, self.target, seed=self.work.options.seed))

    def _sent(self, program: Any, start: int, stop: int) -> Sent:
        """A program for those of its items that are among `start` to `stop`."""
        made = program.transpiled
        shared = bool(made.columns)
        circuit = (made.circuit if self.estimator else made.measured).copy()
        words = [[wire for _, wire in word] for word in program.words]
        place = {} if shared else {"item": program.items.start - start}
        circuit.metadata = self._metadata(numbers=list(program.numbers), words=words, **place)
        angles = made.table(self.work.angles[start:stop]) if shared else None
        if not self.estimator:
            return Sent(circuit, angles)
        placed = [_placed(word, made.end, circuit.num_qubits) for word in words]
        return Sent(circuit, angles, [[word] for word in placed] if shared else placed)

    def _preparations(self, program: Any) -> list[Sent]:
        """The circuits that prepare all 0 and all 1 on the qubits that a program reads, in its order."""
        from qiskit import QuantumCircuit

        like, found = program.transpiled, []
        for value in (0, 1):
            made = QuantumCircuit(self.target.num_qubits)
            made.add_register(*like.measured.cregs)
            if value:
                made.x(like.end)
            made.barrier()  # so that the X stays before the readout
            made.measure(like.end, range(len(like.end)))
            made.metadata = self._metadata(prepared=value)
            found.append(Sent(made, None))
        return found

    def _metadata(self, **more: Any) -> dict[str, Any]:
        told = {"mitigation": self.work.options.mitigation, "calibrated": self.calibrated}
        return {META: told | more}


def _placed(wires: list[int], end: tuple[int, ...], qubits: int) -> Any:
    """The word of Z on wires as an observable of the device's qubits."""
    from qiskit.quantum_info import SparsePauliOp

    places = [end[wire] for wire in wires]
    return SparsePauliOp.from_sparse_list([("Z" * len(places), places, 1.0)], qubits)


def _executions(program: Any) -> int:
    return int(program.shots * sum(item.size() for item in program.items))


def _payload(program: Any, options: Any) -> int:
    """Bytes of the parameters of a job."""
    from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

    encoded = QUANTUM_PROGRAM_PARAMS_CONVERTERS["v2.0"].encoder(program, options)
    return len(encoded.model_dump_json().encode())
