"""Run Qiskit in a subprocess: circuit exports and device noise, usable from any thread. Torch-free.

If Qiskit 2.6.2 is first imported in a thread that ends, its use in another thread crashes the process, and a web server
handles each visit in such a thread. So only `qiskit_worker` imports it: a subprocess that starts on first use, restarts
after a crash, and ends with its parent.
"""

from __future__ import annotations

import base64
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from qlatent.circuits.circuit import Circuit
from qlatent.circuits.noise import NoiseConfig
from qlatent.companion import Companion


def exported(circuit: Circuit, format: Literal["qasm3", "qpy"], inputs: ArrayLike | None = None) -> bytes:
    """The circuit as OpenQASM 3 (UTF-8) or QPY with symbolic angles; `inputs` (inputs,) are bound if given.

    Raises `UnavailableError` if Qiskit is not installed, or its process times out or crashes twice.
    """
    row = None if inputs is None else np.asarray(inputs, dtype=float).tolist()
    text: str = ask(format, circuit=circuit.to_json(), inputs=row)
    return base64.b64decode(text) if format == "qpy" else text.encode()


def devices() -> list[str]:
    """Names of devices with a noise snapshot; `UnavailableError` without qiskit-ibm-runtime."""
    found: list[str] = ask("devices")
    return found


def device_noise(name: str) -> NoiseConfig:
    """The noise of a device, from `snapshots.noise`."""
    return NoiseConfig(**ask("noise", name=name))


def ask(task: str, **arguments: Any) -> Any:
    """The worker's response to a task; arguments and response are JSON."""
    return _helper.ask(task, arguments)


_helper = Companion("qlatent.hardware.qiskit_worker", name="Qiskit")
