"""A head's circuit as a device with a snapshot would run it, by optimisation level. Torch-free."""

from __future__ import annotations

from functools import lru_cache

from qlatent.circuits.circuit import Circuit
from qlatent.hardware import qiskit_process
from qlatent.hardware.qiskit_process import Level, Transpilings
from qlatent.services.circuits import circuits
from qlatent.store.workspace import Workspace

__all__ = ["Level", "Transpilings", "of_head"]


def of_head(workspace: Workspace, head_id: str, *, modality: str, device: str) -> Transpilings:
    """The circuit of one modality of a kept head, its weights bound, on the whole device of a twin ("twin:fake_paris").

    Raises `InputError` for a head without a circuit, and an unknown or too small device.
    """
    view = circuits.of_head(workspace, head_id, modality=modality)
    inputs = tuple(view.inputs.tolist()) if view.circuit.encoding == "amplitudes" else None
    return _transpilings(view.circuit, tuple(view.weights.tolist()), inputs, device.removeprefix("twin:"))


@lru_cache(maxsize=32)
def _transpilings(
    circuit: Circuit, weights: tuple[float, ...], inputs: tuple[float, ...] | None, device: str
) -> Transpilings:
    return qiskit_process.transpilings(circuit, weights, device=device, inputs=inputs)
