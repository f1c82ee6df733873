"""Heads on disk: a folder with model.safetensors, config.json and a model card. No pickle, in or out."""

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

from qlatent.errors import ConfigError, InputError, QlatentError
from qlatent.heads.base import AbstractHead
from qlatent.heads.card import model_card
from qlatent.registry import HEADS, config_class, entry, make_config, resolve

FORMAT = 1
MODEL, CONFIG, CARD = "model.safetensors", "config.json", "README.md"
LARGEST_CONFIG = 1_000_000  # bytes
REFUSED = (".pt", ".pth", ".bin", ".pkl", ".pickle", ".ckpt", ".joblib")


def save(head: AbstractHead, folder: str | Path, card: Mapping[str, Any] | None = None) -> Path:
    """Write the head to `folder`, all or nothing, and return it.

    An earlier head there is replaced; a folder with anything else in it is an `InputError`. `card` holds what
    the model card should say: encoder, dataset, metrics.
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
    """The head of a folder that `save` wrote.

    Pickled checkpoints, an unknown head, unknown settings, a newer format, and missing, surplus, misshapen or
    not finite tensors are `QlatentError`s that name the file.
    """
    path = Path(folder)
    _check_source(path)
    name, config = read_config(path / CONFIG)
    head: AbstractHead = resolve(HEADS[name].target)(config)
    head.normalise = _read_normalise(path / CONFIG)
    head.load_state_dict(_read_tensors(path / MODEL, head.state_dict()))
    return head.eval()


def read_config(file: Path) -> tuple[str, Any]:
    """The head's name and its config, checked; torch is not needed for this."""
    document = _read_json(file)
    version, name, values = (document.get(key) for key in ("format", "head", "config"))
    unknown = sorted(document.keys() - {"format", "head", "normalise", "config", "card"})
    if unknown:
        raise ConfigError(f"{file}: unknown key {unknown[0]!r}", remedy="Was it made by a newer version?")
    if not isinstance(version, int) or not isinstance(name, str) or not isinstance(values, dict):
        raise InputError(
            f"{file}: expected the keys format, head and config.",
            remedy="Use a config.json that qlatent wrote.",
        )
    if version != FORMAT:
        raise InputError(
            f"{file}: format {version}, expected {FORMAT}.",
            remedy="It was made by another version: update qlatent.",
        )
    try:
        entry("head", name)
        return name, make_config(config_class("head", name), values)
    except ConfigError as err:
        raise ConfigError(f"{file}: {err.message}", remedy=err.remedy) from err


def _read_normalise(file: Path) -> str:
    normalise = _read_json(file).get("normalise", "l2")
    if normalise not in ("l2", "none"):
        raise InputError(
            f"{file}: normalise={normalise!r}, expected 'l2' or 'none'.", remedy="Save the head again."
        )
    return str(normalise)


def _read_json(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > LARGEST_CONFIG:
            raise InputError(
                f"{file}: larger than a config can be.", remedy="Use a config.json that qlatent wrote."
            )
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as err:
        raise InputError(
            f"{file}: the file is missing.", remedy="A head is a folder with this file."
        ) from err
    except (OSError, ValueError, RecursionError) as err:
        raise InputError(f"{file}: not readable as JSON ({err}).", remedy="Save the head again.") from err
    if not isinstance(document, dict):
        raise InputError(f"{file}: not a JSON object.", remedy="Use a config.json that qlatent wrote.")
    return document


def _read_tensors(file: Path, wanted: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The tensors of a file, exactly the ones wanted in names, shapes and dtypes."""
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


_OTHER = "The file belongs to another head or another config."


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
            f"{path}: pickled checkpoints can run code and are not read.", remedy="Use safetensors."
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
            f"{target} holds something else ({other[0]}); it would be replaced.",
            remedy="Name a new or empty folder.",
        )


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """An empty folder beside `target` that takes its place when the block ends well, and else vanishes."""
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        fresh.chmod(0o755)  # mkdtemp keeps others out; a saved head is as readable as its surroundings
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
    target.replace(old)  # onto an empty folder, which POSIX allows
    try:
        fresh.replace(target)
    except OSError:
        old.replace(target)
        raise
    shutil.rmtree(old)
