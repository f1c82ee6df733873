"""A head's circuit as a device would run it, by optimisation level. Torch-free."""

from __future__ import annotations

from functools import lru_cache

from qlatent.circuits.circuit import Circuit
from qlatent.hardware import qiskit_process
from qlatent.hardware.qiskit_process import Level, Transpilings
from qlatent.services.circuits import circuits
from qlatent.services.hardware.keys import Key
from qlatent.store.workspace import Workspace

__all__ = ["Level", "Transpilings", "of_head"]


def of_head(
    workspace: Workspace, head_id: str, *, modality: str, device: str, seed: int = 0, key: Key | None = None
) -> Transpilings:
    """The circuit of one modality of a kept head, its weights bound, on the whole device.

    That is a twin's ("twin:fake_paris") as of its snapshot, or with a key one of the account as of now: then IBM is
    asked. Raises `InputError` for a head without a circuit, and an unknown or too small device.
    """
    view = circuits.of_head(workspace, head_id, modality=modality)
    inputs = tuple(view.inputs.tolist()) if view.circuit.encoding == "amplitudes" else None
    if key is not None:
        return qiskit_process.read(
            key.holder.levels(view.circuit, inputs, view.weights, device=device, seed=seed)
        )
    return _of_snapshot(
        view.circuit, tuple(view.weights.tolist()), inputs, device.removeprefix("twin:"), seed
    )


@lru_cache(maxsize=32)
def _of_snapshot(
    circuit: Circuit, weights: tuple[float, ...], inputs: tuple[float, ...] | None, device: str, seed: int
) -> Transpilings:
    return qiskit_process.transpilings(circuit, weights, device=device, inputs=inputs, seed=seed)
