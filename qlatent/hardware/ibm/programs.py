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

from qlatent.circuits.circuit import Circuit
from qlatent.circuits.measurements import Measurement, measurements
from qlatent.errors import InputError
from qlatent.hardware.work import Estimate, Work

META = "qlatent"
_OVERHEAD, _REPETITION = (
    2.0,
    3.5e-4,
)  # seconds of a job and of one execution, by IBM's rule of thumb (rep_delay 250 µs)
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
        self.apart = bool(work.circuits) or work.circuit.encoding == "amplitudes"  # a circuit for each item

    def sent(self, start: int, stop: int) -> list[Sent]:
        """The circuits of items `start` to `stop`, and those that calibrate the readout."""
        if self.apart:
            found = [s for item in range(start, stop) for s in self._of(self._item(item), item - start)]
        else:
            found = [Sent(s.circuit, s.angles[start:stop], s.observables) for s in self._shared]  # type: ignore[index]
        if self.work.options.mitigation == "readout":
            found += self._preparations(found[0].circuit)
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
        circuits = [each.circuit for each in self.sent(*ranges[0])]
        return Estimate(
            seconds=_OVERHEAD * len(ranges) + _REPETITION * executions,
            circuits=sum(len(program.items) for program, _ in programs),
            executions=executions,
            parts=len(ranges),
            payload_bytes=sum(_payload(*program) for program in programs),
            pair_gates=max(circuit.num_nonlocal_gates() for circuit in circuits),
            depth=max(circuit.depth(_is_pair) for circuit in circuits),
            standard_error=1 / math.sqrt(self.work.options.shots),
        )

    @property
    def qubits(self) -> list[int]:
        """The physical qubits of the first circuit's wires at its end."""
        first = self._of(self._item(0), 0)[0] if self.apart else self._shared[0]
        return list(first.circuit.layout.final_index_layout())

    @cached_property
    def _shared(self) -> list[Sent]:
        return self._of(self.work.circuit, None)

    @cached_property
    def _passes(self) -> Any:
        from qiskit.transpiler import generate_preset_pass_manager

        options = self.work.options
        return generate_preset_pass_manager(
            options.optimization_level, target=self.target, seed_transpiler=options.seed
        )

    def _item(self, item: int) -> Circuit:
        return self.work.circuits[item] if self.work.circuits else self.work.circuit

    def _of(self, circuit: Circuit, item: int | None) -> list[Sent]:
        """The circuits that measure the observables, of all items, or of the one at `item`."""
        if self.estimator:
            return [self._estimated(circuit, item)]
        return [self._sampled(measurement, item) for measurement in measurements(circuit)]

    def _sampled(self, measurement: Measurement, item: int | None) -> Sent:
        made = self._bound(measurement.circuit, item)
        made.measure_all()
        made = self._passes.run(made)
        words = [[wire for _, wire in word] for word in measurement.circuit.observables]
        made.metadata = self._metadata(item, numbers=list(measurement.numbers), words=words)
        return Sent(made, self._columns(made, item))

    def _estimated(self, circuit: Circuit, item: int | None) -> Sent:
        from qlatent.circuits.bridges.to_qiskit import observables

        made = self._passes.run(self._bound(circuit, item))
        made.metadata = self._metadata(item, numbers=list(range(len(circuit.observables))))
        words = [word.apply_layout(made.layout) for word in observables(circuit)]
        angles = self._columns(made, item)
        return Sent(made, angles, words if angles is None else [[word] for word in words])

    def _bound(self, circuit: Circuit, item: int | None) -> Any:
        from qlatent.circuits.bridges.to_qiskit import bind

        if self.work.circuits:
            return bind(circuit)
        amplitudes = self.work.angles[item] if circuit.encoding == "amplitudes" else None
        return bind(circuit, amplitudes, self.work.weights)

    def _columns(self, circuit: Any, item: int | None) -> np.ndarray | None:
        """The angles in the order of the circuit's parameters, which Qiskit sorts by name."""
        if item is not None:
            return None
        order = [int(parameter.name.removeprefix("x")) for parameter in circuit.parameters]
        return self.work.angles[:, order]

    def _preparations(self, like: Any) -> list[Sent]:
        """The circuits that prepare all 0 and all 1 on the qubits that `like` reads, in its order."""
        from qiskit import QuantumCircuit

        places, found = list(like.layout.final_index_layout()), []
        for value in (0, 1):
            made = QuantumCircuit(self.target.num_qubits)
            if value:
                made.x(places)
            made.barrier()  # so that the X stays before the readout
            made.add_register(_register(len(places)))
            made.measure(places, list(range(len(places))))
            made.metadata = self._metadata(None, prepared=value)
            found.append(Sent(made, None))
        return found

    def _metadata(self, item: int | None, **more: Any) -> dict[str, Any]:
        place = {} if item is None else {"item": item}
        told = {"mitigation": self.work.options.mitigation, "calibrated": self.calibrated}
        return {META: {**told, **place, **more}}


def _register(bits: int) -> Any:
    from qiskit import ClassicalRegister

    return ClassicalRegister(bits, "meas")


def _executions(program: Any) -> int:
    return int(program.shots * sum(item.size() for item in program.items))


def _payload(program: Any, options: Any) -> int:
    """Bytes of the parameters of a job."""
    from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

    encoded = QUANTUM_PROGRAM_PARAMS_CONVERTERS["v2.0"].encoder(program, options)
    return len(encoded.model_dump_json().encode())


def _is_pair(step: Any) -> bool:
    return len(step.qubits) == 2 and step.operation.name != "barrier"
