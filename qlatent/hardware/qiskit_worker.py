"""`python -m qlatent.hardware.qiskit_worker`: serves requests of `qiskit_process`, one JSON line each. Torch-free.

Qiskit is imported in the main thread, which lives as long as the process. The process exits immediately when the pipe
from its parent closes.
"""

from __future__ import annotations

import base64
import dataclasses
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


def _noise(name: str) -> Mapping[str, float]:
    from qlatent.hardware import snapshots

    return dataclasses.asdict(snapshots.noise(name))


_TASKS: dict[str, Callable[..., Any]] = {"qasm3": _qasm3, "qpy": _qpy, "devices": _devices, "noise": _noise}


if __name__ == "__main__":
    sys.exit(main())
