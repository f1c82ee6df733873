"""A twin measured through IBM's Estimator with TREX or zero-noise extrapolation, as the device would be. Torch-free."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.executor_estimator import Estimator

from qlatent.errors import InputError
from qlatent.hardware import qpu_time, twins
from qlatent.hardware.ibm.programs import META, Programs
from qlatent.hardware.local.noisy import DENSITY_QUBITS, NoisyTwin
from qlatent.hardware.local.session import AbstractSession, Part, Sizes, refuse_no_shots, rng
from qlatent.hardware.work import Work, replaced

_MANY = 10**12  # a simulator's jobs have no limit


class EstimatedTwin(AbstractSession):
    """The twin of a device with mitigation "trex" or "zne": the programs that a device would get, executed by Aer.

    Each item is a program of its own with its own calibration, so that results do not depend on the parts. `raw` is
    NaN where the Estimator does not tell the unmitigated values (TREX).
    """

    part = 1
    tried = 1

    def __init__(self, work: Work, *, device: str, seed: int) -> None:
        refuse_no_shots(f"Mitigation {work.options.mitigation!r}", work)
        if (qubits := work.circuit.qubits) > DENSITY_QUBITS:
            raise InputError(
                f"Mitigation {work.options.mitigation!r} of {qubits} qubits is not simulated: the limit is "
                f"{DENSITY_QUBITS}.",
                remedy="Use mitigation 'readout' or 'none', or a head with fewer qubits.",
            )
        self.work, self.seed, self.device, self.shots = work, seed, device, work.options.shots
        self.twin = twins.of_snapshot(device, qubits)
        self.programs = Programs(work, self.twin.target)

    def sizes(self) -> Sizes:
        found = self.programs.estimate(_MANY)
        plain = NoisyTwin(replaced(self.work, mitigation="readout", shots=0), device=self.device, seed=0)
        slope, spread = float("nan"), 1.0
        if self.work.options.mitigation == "trex":
            slope = plain.slope()  # both undo the readout errors
        else:
            factors = np.array(
                qpu_time.NOISE_FACTORS
            )  # of the intercept of a line through equally certain points
            spread = float(
                np.sqrt(1 / factors.size + factors.mean() ** 2 / ((factors - factors.mean()) ** 2).sum())
            )
        return Sizes(
            circuits=found.circuits,
            executions=found.executions,
            pair_gates=found.pair_gates,
            depth=found.depth,
            standard_error=spread * found.standard_error / float(plain.readout_slope.mean()),
            payload_bytes=found.payload_bytes,
            slope=slope,
        )

    def calibration(self) -> dict[str, Any]:
        ends = self.programs.sent(0, 1)[0].circuit.layout.final_index_layout()
        places = [self.twin.line[place] for place in ends]
        return self.twin.calibration() | {"method": "density_matrix", "qubits": places}

    def measure(self, items: range) -> Part:
        shape = (len(items), len(self.work.circuit.observables))
        values, errors, raw = (np.full(shape, np.nan) for _ in range(3))
        for row, item in enumerate(items):
            for found, numbers in self._measured(item):
                values[row, numbers], errors[row, numbers] = (
                    np.ravel(found.data.evs),
                    np.ravel(found.data.stds),
                )
                known = getattr(found.data, "evs_noise_factors", None)
                if known is not None:
                    raw[row, numbers] = np.reshape(known, (len(numbers), -1))[:, 0]
        return Part(_finite(values), _finite(errors), raw, np.zeros((len(values), 0), np.int64))

    def _measured(self, item: int) -> list[tuple[Any, list[int]]]:
        """The Estimator's results for an item, each with the numbers of its observables."""
        options = self.programs.options()
        options.simulator.seed_simulator = int(rng(self.seed, self.work, item).integers(2**31))
        sent = self.programs.sent(item, item + 1)
        results = Estimator(mode=self._simulator, options=options).run([each.pub for each in sent]).result()
        return [
            (found, each.circuit.metadata[META]["numbers"]) for found, each in zip(results, sent, strict=True)
        ]

    @cached_property
    def _simulator(self) -> AerSimulator:
        return AerSimulator(method="density_matrix", noise_model=self.twin.noise, max_parallel_threads=1)


def _finite(values: np.ndarray) -> np.ndarray:
    """NaN for what no fit could tell."""
    return np.where(np.isfinite(values), values, np.nan)
