"""Take, save, load and restore training checkpoints: weights, optimizer state and step."""

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
    """An optimizer whose state can be saved and loaded by name."""

    def state_dict(self) -> dict[str, torch.Tensor]: ...
    def load_state_dict(self, tensors: dict[str, torch.Tensor]) -> None: ...


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Copies of all tensors after `step` steps; the optimizer's are keyed "<parameter>.<quantity>"."""

    step: int
    model: dict[str, torch.Tensor]
    optimizer: dict[str, torch.Tensor]


def take(step: int, model: torch.nn.Module, optimizer: Optimizer) -> Checkpoint:
    """A checkpoint of the present state of `model` and `optimizer`; later steps do not change it."""
    return Checkpoint(step, _copies(model.state_dict()), _copies(optimizer.state_dict()))


def put(checkpoint: Checkpoint, model: torch.nn.Module, optimizer: Optimizer) -> None:
    """Copy the state of `checkpoint` into `model` and `optimizer`."""
    model.load_state_dict(checkpoint.model)
    optimizer.load_state_dict(checkpoint.optimizer)


def _copies(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: value.detach().to("cpu", copy=True).contiguous() for name, value in tensors.items()}


def save(checkpoint: Checkpoint, folder: Path) -> None:
    """Write the three files of a checkpoint into the existing `folder`."""
    save_file(checkpoint.model, folder / MODEL)
    save_file(checkpoint.optimizer, folder / OPTIMIZER)
    state = {"format": FORMAT, "step": checkpoint.step}
    (folder / STATE).write_text(json.dumps(state), encoding="utf-8")


def load(folder: Path) -> Checkpoint:
    """The checkpoint in `folder`; a damaged checkpoint or one of a newer format raises `StoreError`."""
    try:
        state = json.loads((folder / STATE).read_text(encoding="utf-8"))
        model, optimizer = load_file(folder / MODEL), load_file(folder / OPTIMIZER)
    except (OSError, ValueError, SafetensorError) as err:
        raise StoreError(
            f"The checkpoint {folder.name} cannot be read: {err}.", remedy="Start a new run."
        ) from err
    if state.get("format") != FORMAT:
        raise StoreError(
            f"The checkpoint {folder.name} has format {state.get('format')}; this version reads {FORMAT}.",
            remedy="Install the version that wrote it, or start a new run.",
        )
    return Checkpoint(state["step"], model, optimizer)
