"""What training needs to go on as if it had never stopped: weights, optimizer state and the step."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from qlatent.errors import StoreError

MODEL, OPTIMIZER, STATE = "model.safetensors", "optimizer.safetensors", "state.json"
FORMAT = 1


class Optimizer(Protocol):
    """What is kept of an optimizer, by name."""

    def state_dict(self) -> dict[str, torch.Tensor]: ...
    def load_state_dict(self, tensors: dict[str, torch.Tensor]) -> None: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Copies of all tensors after `step` steps. The optimizer's are named "<parameter>.<quantity>"."""

    step: int
    model: dict[str, torch.Tensor]
    optimizer: dict[str, torch.Tensor]


def take(step: int, model: torch.nn.Module, optimizer: Optimizer) -> Checkpoint:
    """A checkpoint of `model` and `optimizer` as they are now; later steps do not change it."""
    return Checkpoint(step, _copies(model.state_dict()), _copies(optimizer.state_dict()))


def put(checkpoint: Checkpoint, model: torch.nn.Module, optimizer: Optimizer) -> None:
    """Give `model` and `optimizer` the state of `checkpoint`, by copying."""
    model.load_state_dict(checkpoint.model)
    optimizer.load_state_dict(checkpoint.optimizer)


def _copies(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors.items()}


def save(checkpoint: Checkpoint, folder: Path) -> None:
    """Write the three files of a checkpoint into `folder`, which exists."""
    save_file(checkpoint.model, folder / MODEL)
    save_file(checkpoint.optimizer, folder / OPTIMIZER)
    state = {"format": FORMAT, "step": checkpoint.step}
    (folder / STATE).write_text(json.dumps(state), encoding="utf-8")


def load(folder: Path) -> Checkpoint:
    """The checkpoint in `folder`; a damaged or newer one is a `StoreError`."""
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        model, optimizer = load_file(folder / MODEL), load_file(folder / OPTIMIZER)
    except (OSError, ValueError, SafetensorError) as err:
        raise StoreError(
            f"The checkpoint {folder.name} cannot be read: {err}.", remedy="Start the run anew."
        ) from err
    if state.get("format") != FORMAT:
        raise StoreError(
            f"The checkpoint {folder.name} has format {state.get('format')}; this version reads {FORMAT}.",
            remedy="Install the version that wrote it, or start the run anew.",
        )
    return Checkpoint(state["step"], model, optimizer)
