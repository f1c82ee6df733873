"""Executes the programs that the client submits: simulated exactly, then with noise of known size on the bits.

Imported in the main thread only, when the first job runs: Qiskit does not survive a first import in a thread that
ends.

The noise can be told in closed form. A qubit that takes part in a two-qubit gate is depolarised once before its
readout: ⟨Z⟩ → (1 − p) ⟨Z⟩, a flip of the bit with probability p/2. Every readout then reads 1 for 0 with probability e₀
and 0 for 1 with e₁: ⟨Z⟩ → (1 − e₀ − e₁) ⟨Z⟩ + e₁ − e₀. Circuits without two-qubit gates, such as those that calibrate
the readout, have its errors alone. With `pair_depolarising` each two-qubit gate depolarises its two qubits instead, so
that folding of gates amplifies the noise.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from ibm_quantum_schemas.common import CompressedTensorModel
from ibm_quantum_schemas.executor.version_2_0 import QuantumProgramResultModel
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error
from qiskit_ibm_runtime.fake_provider.executor.run_quantum_program import run_quantum_program
from qiskit_ibm_runtime.options_models.simulator import SimulatorOptions
from qiskit_ibm_runtime.quantum_program.converters.converters_2_0 import passthrough_data_to_2_0
from qiskit_ibm_runtime.quantum_program.params_converters import QUANTUM_PROGRAM_PARAMS_CONVERTERS

from tests.ibm_service.settings import Noise

_OVERHEAD, _REPETITION = 2.0, 0.00035  # seconds of a job, and of one execution: IBM's rule of thumb


def decoded(params: dict[str, Any]) -> Any:
    """The quantum program in the parameters of a job."""
    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[params["schema_version"]]
    program, _ = converter.decoder(converter.model.model_validate(params))
    for item in program.items:
        if hasattr(item, "samplex"):
            item.samplex.finalize()
    return program


def executions(program: Any) -> int:
    """How often a circuit is executed: shots × bindings, over all items."""
    return int(program.shots * sum(item.size() for item in program.items))


def seconds(program: Any) -> float:
    """The QPU seconds that the job is charged."""
    return _OVERHEAD + _REPETITION * executions(program)


def result(program: Any, noise: Noise, seed: int) -> str:
    """The result document of an executed program, with noise."""
    simulator = AerSimulator(noise_model=_gate_noise(noise), max_parallel_threads=1)
    found = run_quantum_program(simulator, program, SimulatorOptions(seed_simulator=seed))
    rng = np.random.default_rng(seed)
    for item, values in zip(program.items, found, strict=True):
        for name, pairs in _measured(item.circuit).items():
            values[name] = _noisy(values[name], pairs, noise, rng)
    return _document(found)


def _measured(circuit: Any) -> dict[str, list[bool]]:
    """For each bit of each register: whether its qubit took part in a two-qubit gate."""
    entangled = {q for step in circuit.data if _entangles(step) for q in step.qubits}
    kept: dict[str, list[bool]] = {register.name: [False] * register.size for register in circuit.cregs}
    for step in circuit.data:
        if step.operation.name == "measure":
            for register, place in circuit.find_bit(step.clbits[0]).registers:
                kept[register.name][place] = step.qubits[0] in entangled
    return kept


def _entangles(step: Any) -> bool:
    return len(step.qubits) == 2 and step.operation.name != "barrier"


def _noisy(bits: np.ndarray, entangled: Iterable[bool], noise: Noise, rng: np.random.Generator) -> np.ndarray:
    flip = np.where(list(entangled), noise.depolarising / 2, 0.0)  # (bits,)
    bits = bits ^ (rng.random(bits.shape) < flip)  # (..., shots, bits)
    errors = np.where(bits, noise.zero_for_one, noise.one_for_zero)
    return np.asarray(bits ^ (rng.random(bits.shape) < errors))


def _gate_noise(noise: Noise) -> NoiseModel | None:
    if not noise.pair_depolarising:
        return None
    model, one = NoiseModel(), depolarizing_error(noise.pair_depolarising, 1)
    model.add_all_qubit_quantum_error(one.tensor(one), ["cz"])
    return model


def _document(found: Any) -> str:
    now = datetime.now(UTC)
    document = QuantumProgramResultModel(
        data=[
            {
                "results": {
                    name: CompressedTensorModel.from_numpy(np.asarray(values))
                    for name, values in dict(item).items()
                },
                "metadata": {},
            }
            for item in found
        ],
        metadata={"chunk_timing": [{"start": now, "stop": now, "parts": []}]},
        passthrough_data=passthrough_data_to_2_0(found.passthrough_data),
        semantic_role=found._semantic_role,
    )
    return str(document.model_dump_json())
