"""`python -m qlatent.hardware.qiskit_worker`: serves requests of `qiskit_process`, one JSON line each. Torch-free.

Qiskit is imported in the main thread, which lives as long as the process. The process exits immediately when the pipe
from its parent closes.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Callable, Mapping
from typing import Any

from qlatent import companion
from qlatent.circuits.circuit import Circuit


def main() -> int:
    """Serves requests until the input ends."""
    return companion.serve(_TASKS)


def _qasm3(circuit: str, inputs: list[float] | None) -> str:
    from qlatent.circuits.bridges import to_qiskit

    return to_qiskit.qasm3(Circuit.from_json(circuit), inputs)


def _qpy(circuit: str, inputs: list[float] | None) -> str:
    from qlatent.circuits.bridges import to_qiskit

    return base64.b64encode(to_qiskit.qpy(Circuit.from_json(circuit), inputs)).decode()


def _devices() -> list[str]:
    from qlatent.hardware import snapshots

    return list(snapshots.names())


def _on_device(circuit: str, inputs: list[float], weights: list[float], device: str) -> Mapping[str, Any]:
    import numpy as np

    from qlatent.hardware.local.noisy import NoisyTwin
    from qlatent.hardware.work import RunOptions, Work

    work = Work(
        Circuit.from_json(circuit), np.array(weights), np.array([inputs]).reshape(1, -1), RunOptions(shots=0)
    )
    session = NoisyTwin(work, device=device, seed=0)
    sent = [each.transpiled for each in session.programs]
    known = session.calibration()
    return {
        "device": known["device"],
        "calibrated": known["calibrated"],
        "values": session.measure(range(1)).expectations[0].tolist(),
        "qubits": known["qubits"],
        "pair_gates": max(each.pair_gates for each in sent),
        "pair_depth": max(each.pair_depth for each in sent),
        "readout": float(session.twin.readout.mean()),
    }


def _levels(
    circuit: str, inputs: list[float] | None, weights: list[float], device: str, seed: int
) -> Mapping[str, Any]:
    from qlatent.hardware import levels

    return levels.on_snapshot(Circuit.from_json(circuit), inputs, weights, device=device, seed=seed)


_TASKS: dict[str, Callable[..., Any]] = {
    "qasm3": _qasm3,
    "qpy": _qpy,
    "devices": _devices,
    "on_device": _on_device,
    "levels": _levels,
}


if __name__ == "__main__":
    sys.exit(main())
