"""Save and load heads as folders with model.safetensors, config.json and a model card. No pickle is read or written."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch

from qlatent.errors import InputError, QlatentError
from qlatent.heads.base import AbstractHead
from qlatent.heads.card import model_card
from qlatent.heads.document import CARD, CONFIG, FORMAT, MODEL, read_document
from qlatent.registry import HEADS, resolve

REFUSED = (".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt", ".joblib")


def save(head: AbstractHead, folder: str | Path, card: Mapping[str, Any] | None = None) -> Path:
    """Write the head to `folder` atomically and return the path.

    Replaces an earlier head; raises `InputError` if the folder holds anything else. `card` holds entries of the
    model card: encoder, dataset, metrics.
    """
    target = Path(folder)
    _check_target(target)
    document = {
        "format": FORMAT,
        "head": head.name,
        "normalise": head.normalise,
        "config": asdict(head.config),
        "card": {"parameters": head.parameter_count, **(card or {})},
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with _replacing(target) as fresh:
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in head.state_dict().items()}
        safetensors.torch.save_file(tensors, fresh / MODEL, metadata={"format": "pt"})
        (fresh / CONFIG).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        (fresh / CARD).write_text(model_card(head, card or {}), encoding="utf-8")
    return target


def load(folder: str | Path) -> AbstractHead:
    """The head stored in a folder by `save`, in evaluation mode.

    Raises a `QlatentError` that names the file for pickled checkpoints, an unknown head or setting, a newer format, and
    missing, unexpected, misshapen or non-finite tensors.
    """
    path = Path(folder)
    _check_source(path)
    document = read_document(path / CONFIG)
    head: AbstractHead = resolve(HEADS[document.head].target)(document.config)
    head.normalise = document.normalise
    head.load_state_dict(_read_tensors(path / MODEL, head.state_dict()))
    return head.eval()


def _read_tensors(file: Path, wanted: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a file, whose names, shapes and dtypes must equal those of `wanted`."""
    try:
        with safetensors.safe_open(file, framework="pt") as opened:
            found = {name: tuple(opened.get_slice(name).get_shape()) for name in opened.keys()}  # noqa: SIM118
            _check_names(file, found, {name: tuple(tensor.shape) for name, tensor in wanted.items()})
            tensors = {name: opened.get_tensor(name) for name in wanted}
    except (safetensors.SafetensorError, OSError) as err:
        raise InputError(
            f"{file}: not a safetensors file ({err}).", remedy="Only safetensors are read."
        ) from err
    for name, tensor in tensors.items():
        if tensor.dtype != wanted[name].dtype:
            raise InputError(
                f"{file}: {name} is {tensor.dtype}, expected {wanted[name].dtype}.", remedy=_OTHER
            )
        if not torch.isfinite(tensor).all():
            raise InputError(
                f"{file}: {name} holds numbers that are not finite.", remedy="Train the head again."
            )
    return tensors


_OTHER = "Use the file that was saved with this config."


def _check_names(
    file: Path, found: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]
) -> None:
    for name, shape in wanted.items():
        if name not in found:
            raise InputError(f"{file}: the tensor {name} is missing.", remedy=_OTHER)
        if found[name] != shape:
            raise InputError(f"{file}: {name} has shape {found[name]}, expected {shape}.", remedy=_OTHER)
    for name in found:
        if name not in wanted:
            raise InputError(f"{file}: the tensor {name} is not part of this head.", remedy=_OTHER)


def _check_source(path: Path) -> None:
    if path.suffix.lower() in REFUSED:
        raise InputError(
            f"{path}: pickled checkpoints can run code and are not read.", remedy="Convert it to safetensors."
        )
    if not path.is_dir():
        said = "is not a folder" if path.exists() else "does not exist"
        raise InputError(f"{path} {said}.", remedy=f"Pass a folder with {MODEL} and {CONFIG}.")
    if (path / MODEL).exists():
        return
    for file in sorted(path.iterdir()):
        if file.suffix.lower() in REFUSED:
            raise InputError(
                f"{file}: pickled checkpoints can run code and are not read.", remedy=f"Use {MODEL}."
            )
    raise InputError(f"{path / MODEL}: the file is missing.", remedy="A head is a folder with this file.")


def _check_target(target: Path) -> None:
    if target.exists() and not target.is_dir():
        raise InputError(f"{target} is a file.", remedy="Name a folder for the head.")
    other = (
        sorted(file.name for file in target.iterdir() if file.name not in (MODEL, CONFIG, CARD))
        if target.is_dir()
        else []
    )
    if other:
        raise InputError(
            f"{target} holds something else ({other[0]}), which would be replaced.",
            remedy="Name a new or empty folder.",
        )


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A temporary folder beside `target` that replaces it when the block succeeds and is removed when it fails."""
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fresh.chmod(0o755)  # mkdtemp makes a private folder; a saved head is readable by others
        yield fresh
        _swap(fresh, target)
    except OSError as err:
        raise QlatentError(
            f"{target} could not be written: {err}.", remedy="Check space and permissions."
        ) from err
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.replace(target)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    target.replace(old)  # POSIX allows renaming onto an empty folder
    try:
        fresh.replace(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old)
