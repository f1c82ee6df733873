"""Run encoders and heads for a search: here if this process has torch, else in a companion process.

A page's process stays small and answers at once while a model is loaded elsewhere; a command, which ends after one
question, calls `load_here` first. Torch-free as long as it is not called.
"""

from __future__ import annotations

import base64
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.companion import Companion
from qlatent.errors import QlatentError
from qlatent.registry import resolve
from qlatent.services.vectors import known_encoders
from qlatent.services.vectors.stored import GIVEN
from qlatent.store.workspace import Workspace

PATIENCE = 600.0  # seconds; the latents of a million items take minutes
_WORK = "qlatent.services.search.model_work"
_companion = Companion("qlatent.services.search.model_worker", name="encoders and heads", patience=PATIENCE)
_prepared: set[tuple[str, str]] = set()  # workspace and encoder
_begun: set[tuple[str, str]] = set()


def load_here() -> None:
    """Load torch, so that models run in this process from now on."""
    import torch  # noqa: F401


def prepare(workspace: Workspace, encoder: str) -> bool:
    """Begin to open an encoder before it is asked for, without waiting; returns whether it still needs to be loaded.

    A companion does so; in a process with torch, and for imported vectors, nothing happens.
    """
    asked = (str(workspace.path), encoder)
    if _is_here() or encoder == GIVEN:
        return False
    if asked not in _prepared and asked not in _begun:
        _begun.add(asked)
        threading.Thread(target=_open, args=asked, name="opening an encoder", daemon=True).start()
    return asked not in _prepared


def text_vector(workspace: Workspace, encoder: str, words: str) -> NDArray[np.float32]:
    """The vector (d,) of a text by the encoder of a key; errors as in `known_encoders.opened`."""
    known_encoders.check_made(encoder)
    return _vector("text", path=str(workspace.path), encoder=encoder, words=words)


def image_vector(workspace: Workspace, encoder: str, content: bytes) -> NDArray[np.float32]:
    """The vector (d,) of an image file by the encoder of a key; errors as in `known_encoders.opened`."""
    known_encoders.check_made(encoder)
    return _vector(
        "image", path=str(workspace.path), encoder=encoder, content=base64.b64encode(content).decode()
    )


def latent(
    workspace: Workspace, head: str, modality: str, vector: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The latent (k,) of a vector (d,) by a kept head (id), which must read the modality."""
    given = base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()
    return _vector("latent", path=str(workspace.path), head=head, modality=modality, vector=given)


def latents(workspace: Workspace, head: str, *space: str) -> NDArray[np.float32]:
    """The latents (rows, k) of a space (dataset, encoder, modality) by a kept head (id), NaN without a vector."""
    file = Path(_ask("latents", path=str(workspace.path), head=head, space=list(space)))
    try:
        found: NDArray[np.float32] = np.load(file)
    finally:
        file.unlink()
    found.setflags(write=False)
    return found


def metric(workspace: Workspace, head: str) -> tuple[str, tuple[str, ...]]:
    """The metric of a kept head's latents, and the modalities that it reads."""
    name, modalities = _ask("metric", path=str(workspace.path), head=head)
    return str(name), tuple(modalities)


def _vector(task: str, **arguments: Any) -> NDArray[np.float32]:
    return np.frombuffer(base64.b64decode(_ask(task, **arguments)), dtype="<f4").astype(np.float32)


def _ask(task: str, **arguments: Any) -> Any:
    return resolve(f"{_WORK}:TASKS")[task](**arguments) if _is_here() else _companion.ask(task, arguments)


def _is_here() -> bool:
    return "torch" in sys.modules


def _open(path: str, encoder: str) -> None:
    try:
        _companion.ask("open", {"path": path, "encoder": encoder})
        _prepared.add((path, encoder))
    except QlatentError:
        return  # the search raises it again, where it can be shown
    finally:
        _begun.discard((path, encoder))
