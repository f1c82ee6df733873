"""Text encoders of transformers, mean-pooled over the tokens that are not padding."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import AutoConfig, AutoModel, AutoTokenizer
from transformers.utils import logging as transformers_logging

from qlatent.encoders import hub
from qlatent.encoders.base import AbstractEncoder
from qlatent.encoders.configs import TextConfig
from qlatent.encoders.device import chosen_device
from qlatent.encoders.weights import tensors_digest
from qlatent.errors import InputError


class TextEncoder(AbstractEncoder):
    """Encoder of texts by the mean of a transformer's last hidden states, without padding.

    Reads weights from safetensors files only and runs no code of the model's repository. Raises UnavailableError
    if the model is not in a local folder or the cache and cannot be downloaded.
    """

    name = "text"
    modalities = TextConfig.modalities

    def __init__(self, config: TextConfig) -> None:
        self.config = config
        self._device = chosen_device(config.device)
        transformers_logging.disable_progress_bar()  # stderr belongs to the command line
        self._tokenizer, model = open_model(config.model)
        self._digest = tensors_digest(model.state_dict())
        self._model = model.eval().to(self._device)
        self._tokenizing = Lock()
        self._max_length = min(config.max_length, longest(self._tokenizer, model))
        self.dim = int(model.config.hidden_size)

    def describe(self) -> dict[str, Any]:
        """Model id (a folder's name, not its path), hash of the weights, pooling, maximum length in tokens."""
        folder = Path(self.config.model)
        return {
            "model": folder.name if folder.is_dir() else self.config.model,
            "architecture": type(self._model).__name__,
            "weights": self._digest,
            "pooling": "mean over the attention mask",
            "max_length": self._max_length,
        }

    def prepare_image(self, image: Image.Image) -> np.ndarray:
        """Always raises InputError: this encoder reads texts only."""
        raise _no_images()

    def embed_images(self, prepared: np.ndarray) -> np.ndarray:
        """Always raises InputError: this encoder reads texts only."""
        raise _no_images()

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts: n strings → (n, dim) float32, not normalised; cut at `max_length` tokens."""
        if len(texts) == 0:
            return np.zeros((0, self.dim), dtype=np.float32)
        with self._tokenizing:  # tokenizers reset length and padding on every call
            tokens = self._tokenizer(
                list(texts), padding=True, truncation=True, max_length=self._max_length, return_tensors="pt"
            )
        tokens = tokens.to(self._device)
        with torch.inference_mode():
            hidden = self._model(**tokens).last_hidden_state  # (n, tokens, dim)
        return masked_mean(hidden.float(), tokens["attention_mask"]).cpu().numpy()


def masked_mean(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of the vectors where the mask is 1, or zero for an empty mask: (n, t, d), (n, t) → (n, d)."""
    weight = mask.unsqueeze(-1).to(hidden.dtype)  # (n, t, 1)
    return (hidden * weight).sum(dim=1) / weight.sum(dim=1).clamp(min=1)


def open_model(name: str) -> tuple[Any, Any]:
    """Tokenizer and model of a folder or model id; runs no code of the repository.

    `InputError` for a folder without a text model, `UnavailableError` for an id that cannot be downloaded.
    """
    with _explained(name):
        tokenizer = AutoTokenizer.from_pretrained(name, trust_remote_code=False)
        model = AutoModel.from_pretrained(
            name, trust_remote_code=False, use_safetensors=True, dtype=torch.float32
        )
    return tokenizer, model


def open_config(name: str) -> Any:
    """The config of a text model, with `hidden_size` and `num_hidden_layers`; raises as `open_model` does."""
    with _explained(name):
        found = AutoConfig.from_pretrained(name, trust_remote_code=False)
    for key in ("hidden_size", "num_hidden_layers"):
        if not hasattr(found, key):
            raise InputError(f"{name} has no {key} in its config.", remedy="Use a BERT-like text model.")
    return found


def tokenized(tokenizer: Any, model: Any, texts: Sequence[str], *, max_length: int) -> list[list[int]]:
    """The token ids of each text with special tokens, cut at `max_length` and at the model's own maximum."""
    found = tokenizer(list(texts), truncation=True, max_length=min(max_length, longest(tokenizer, model)))
    numbers: list[list[int]] = found["input_ids"]
    return numbers


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Converts errors of transformers to `InputError` and `UnavailableError`."""
    try:
        with nullcontext() if Path(name).is_dir() else hub.loading():
            yield
    except (OSError, ValueError) as err:
        if Path(name).is_dir():
            raise InputError(
                f"The folder {name} holds no text model that can be read: {str(err).splitlines()[0]}",
                remedy="Give a folder with config.json, tokenizer files and safetensors weights.",
            ) from err
        raise hub.no_text_model(name) from err


def longest(tokenizer: Any, model: Any) -> int:
    """Maximum length in tokens that both tokenizer and position embeddings allow."""
    positions = getattr(model.config, "max_position_embeddings", None)
    longest = int(tokenizer.model_max_length)
    return min(longest, int(positions)) if positions else longest


def _no_images() -> InputError:
    return InputError(
        "The text encoder cannot read images.",
        remedy="Choose an encoder that reads images, such as builtin or clip.",
    )
