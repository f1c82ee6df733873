"""The tiny CLIP shipped with the package: open_clip's model class, trained on drawn listings only.

With it the whole application runs without a network. The model card beside the weights
(`builtin_clip/README.md`) gives its training data, retrieval scores and limits.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from open_clip.model import CLIP
from PIL import Image
from safetensors.torch import load_file
from tokenizers import Tokenizer

from qlatent.encoders.base import AbstractEncoder
from qlatent.encoders.configs import BuiltinConfig
from qlatent.images import fitted

FOLDER = Path(__file__).parent / "builtin_clip"
PAD, START, END = 0, 1, 2
LAYOUT = torch.channels_last  # 25 % faster on CPUs


class BuiltinEncoder(AbstractEncoder):
    """Encoder of images and texts of drawn listings to width 512; runs on the CPU, without a network."""

    name = "builtin"
    modalities = BuiltinConfig.modalities
    dim = 512
    batch_size = 64

    def __init__(self, config: BuiltinConfig, *, folder: Path = FOLDER) -> None:
        self.config = config
        self._settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._weights_digest = hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()
        self._tokens_digest = hashlib.sha256((folder / "tokenizer.json").read_bytes()).hexdigest()
        self._tokenizer = open_tokenizer(folder / "tokenizer.json", self.context_length)
        self._model = build_model(self._settings["model_cfg"])
        weights = load_file(folder / "model.safetensors")
        self._model.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
        self._model.eval()
        self._model.visual.to(memory_format=LAYOUT)
        preprocess = self._settings["preprocess_cfg"]
        self._mean, self._std = (torch.tensor(preprocess[name]).view(3, 1, 1) for name in ("mean", "std"))
        self.decoded_side = self.image_size

    @property
    def image_size(self) -> int:
        """Side of the square input image, in pixels."""
        return int(self._settings["model_cfg"]["vision_cfg"]["image_size"])

    @property
    def context_length(self) -> int:
        """Maximum length of a text in tokens, including the start and end tokens; the rest is cut."""
        return int(self._settings["model_cfg"]["text_cfg"]["context_length"])

    def describe(self) -> dict[str, Any]:
        """Architecture, input sizes, and the hashes of weights and tokenizer."""
        return {
            "architecture": self._settings["model_cfg"],
            "preprocess": self._settings["preprocess_cfg"],
            "decoded_side": self.decoded_side,
            "weights": self._weights_digest,
            "tokenizer": self._tokens_digest,
        }

    def prepare_image(self, image: Image.Image) -> np.ndarray:
        """The centre square of the image, resized: (3, size, size) uint8."""
        return np.asarray(fitted(image, self.image_size)).transpose(2, 0, 1)

    def embed_images(self, prepared: np.ndarray) -> np.ndarray:
        """Vectors of prepared images: (n, 3, size, size) → (n, 512) float32, not normalised."""
        if len(prepared) == 0:
            return np.zeros((0, self.dim), dtype=np.float32)
        with torch.inference_mode():
            pixels = torch.from_numpy(np.ascontiguousarray(prepared)).contiguous(memory_format=LAYOUT)
            return self._model.encode_image((pixels / 255 - self._mean) / self._std).numpy()

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of texts: n strings → (n, 512) float32, not normalised; cut at the context length."""
        if len(texts) == 0:
            return np.zeros((0, self.dim), dtype=np.float32)
        with torch.inference_mode():
            return self._model.encode_text(torch.from_numpy(token_ids(self._tokenizer, texts))).numpy()


def build_model(model_cfg: dict[str, Any]) -> CLIP:
    """open_clip's CLIP with random weights, built from `model_cfg` in config.json."""
    return CLIP(model_cfg["embed_dim"], dict(model_cfg["vision_cfg"]), dict(model_cfg["text_cfg"]))


def open_tokenizer(path: Path, context_length: int) -> Tokenizer:
    """The byte-level tokenizer of the built-in model; truncates and pads to the context length."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.enable_truncation(context_length)
    tokenizer.enable_padding(length=context_length, pad_id=PAD, pad_token="<pad>")
    # "<end>" within a text must not be read as the end token.
    tokenizer.encode_special_tokens = True
    return tokenizer


def token_ids(tokenizer: Tokenizer, texts: Sequence[str]) -> np.ndarray:
    """Token ids, (n, context length) int64: start, the text, end, padding."""
    # UTF-8 cannot encode a lone surrogate; it becomes "?".
    clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    return np.array([row.ids for row in tokenizer.encode_batch(clean)], dtype=np.int64)
