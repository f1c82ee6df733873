"""CLIP models of open_clip, loaded by architecture and tag, from a weights file, or from a local folder."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors import SafetensorError

from qlatent.encoders import hub
from qlatent.encoders.base import AbstractEncoder
from qlatent.encoders.configs import ClipConfig
from qlatent.encoders.device import chosen_device
from qlatent.encoders.weights import tensors_digest
from qlatent.errors import ConfigError, InputError, UnavailableError
from qlatent.images import on_white

LOCAL_DIR = "local-dir:"
SUFFIX = ".safetensors"


class ClipEncoder(AbstractEncoder):
    """Encoder of images and texts by an open_clip model, with the model's own preprocessing.

    Raises ConfigError for an unknown architecture or tag, InputError for a file that holds no weights,
    UnavailableError if weights need a download and it fails.
    """

    name = "clip"
    modalities = ClipConfig.modalities

    def __init__(self, config: ClipConfig) -> None:
        self.config = config
        self._device = chosen_device(config.device)
        architecture = _checked_architecture(config.architecture)
        weights = _weights(config)
        with nullcontext() if _is_local(weights) else hub.loading():
            model, self._preprocess = _open_model(architecture, weights)
        self._tokenizer = _open_tokenizer(architecture)
        self._tokenizing = Lock()
        self._digest = tensors_digest(model.state_dict())
        self._model = model.eval().to(self._device)
        self.dim = _width(self._model, self._tokenizer([""]).to(self._device))

    def describe(self) -> dict[str, Any]:
        """Architecture, hash of the weights, and the preprocessing with its image size."""
        settings = open_clip.get_model_preprocess_cfg(self._model)
        return {
            "architecture": self.config.architecture.removeprefix(LOCAL_DIR),
            "weights": self._digest,
            "preprocess": {key: settings[key] for key in sorted(settings)},
            "context_length": int(self._tokenizer.context_length),
        }

    def prepare_image(self, image: Image.Image) -> np.ndarray:
        """The image after the model's own preprocessing: (3, size, size) float32."""
        return self._preprocess(on_white(image)).numpy()

    def embed_images(self, prepared: np.ndarray) -> np.ndarray:
        """Vectors of prepared images: (n, 3, size, size) → (n, dim) float32, not normalised."""
        if len(prepared) == 0:
            return np.zeros((0, self.dim), dtype=np.float32)
        batch = torch.from_numpy(np.ascontiguousarray(prepared)).to(self._device)
        with torch.inference_mode():
            return self._model.encode_image(batch).float().cpu().numpy()

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts: n strings → (n, dim) float32, not normalised; cut at the context length."""
        if len(texts) == 0:
            return np.zeros((0, self.dim), dtype=np.float32)
        with self._tokenizing:  # some tokenizers reset their length and padding on every call
            ids = self._tokenizer(list(texts))
        ids = ids.to(self._device)
        with torch.inference_mode():
            return self._model.encode_text(ids).float().cpu().numpy()


def _checked_architecture(architecture: str) -> str:
    """The architecture, checked: known to open_clip, or a complete local folder."""
    if architecture.startswith(LOCAL_DIR):
        _check_folder(Path(architecture.removeprefix(LOCAL_DIR)))
        return architecture
    known = open_clip.list_models()
    if architecture in known:
        return architecture
    lower = {name.lower(): name for name in known}
    near = [lower[name] for name in difflib.get_close_matches(architecture.lower(), lower, n=5, cutoff=0.5)]
    raise ConfigError(
        f"open_clip has no architecture {architecture!r}.",
        remedy=f"Did you mean {' or '.join(near)}?" if near else "See open_clip.list_models() for the names.",
    )


def _check_folder(folder: Path) -> None:
    if not (folder / "open_clip_config.json").is_file():
        raise InputError(
            f"{folder} has no file open_clip_config.json.",
            remedy="Give a folder in open_clip's local-dir format.",
        )
    # Without a safetensors file open_clip would fall back to pickled weights.
    if not any(folder.glob(f"*{SUFFIX}")):
        raise InputError(f"{folder} has no {SUFFIX} file.", remedy=f"Convert the weights to {SUFFIX}.")


def _weights(config: ClipConfig) -> str | None:
    """The path or tag of the weights; None for a local folder, which contains them."""
    if config.checkpoint is not None:
        return str(_checked_file(Path(config.checkpoint)))
    if config.architecture.startswith(LOCAL_DIR):
        return None
    tags = open_clip.list_pretrained_tags_by_model(config.architecture)
    if config.pretrained not in tags:
        raise ConfigError(
            f"{config.architecture} has no weights called {config.pretrained!r}.",
            remedy=f"Choose one of: {', '.join(tags)}." if tags else "Give a checkpoint file instead.",
        )
    return config.pretrained


def _checked_file(path: Path) -> Path:
    if path.suffix != SUFFIX:
        raise InputError(
            f"The weights file {path.name} is not a {SUFFIX} file.",
            remedy=f"Convert it to {SUFFIX} first; other formats can run code.",
        )
    if not path.is_file():
        raise InputError(f"There is no weights file {path}.", remedy="Check the path.")
    return path


def _open_model(architecture: str, weights: str | None) -> tuple[Any, Any]:
    """The model with its weights, and its image preprocessing."""
    try:
        # A checkpoint given with a folder replaces the folder's own weights.
        if weights is not None and architecture.startswith(LOCAL_DIR):
            model, _, preprocess = open_clip.create_model_and_transforms(architecture, load_weights=False)
            open_clip.load_checkpoint(model, weights)
            return model, preprocess
        model, _, preprocess = open_clip.create_model_and_transforms(architecture, pretrained=weights)
        return model, preprocess
    except (RuntimeError, OSError, SafetensorError) as err:
        if _is_local(weights):
            raise InputError(
                f"The weights do not fit {architecture}: {_first_line(err)}",
                remedy="Give the architecture that the file was saved from.",
            ) from err
        raise hub.no_weights(weights, architecture) from err


def _is_local(weights: str | None) -> bool:
    """Whether the weights come from a local file or folder."""
    return weights is None or weights.endswith(SUFFIX)


def _open_tokenizer(architecture: str) -> Any:
    try:
        return open_clip.get_tokenizer(architecture)
    except (OSError, ImportError) as err:
        raise UnavailableError(
            f"The tokenizer of {architecture} is not on this machine and cannot be downloaded.",
            remedy="Connect once so that it is downloaded, or choose another architecture.",
        ) from err


def _width(model: Any, ids: torch.Tensor) -> int:
    with torch.inference_mode():
        return int(model.encode_text(ids).shape[-1])


def _first_line(err: Exception) -> str:
    return str(err).strip().splitlines()[0] if str(err).strip() else type(err).__name__
