"""The interface of an encoder: images and texts in, vectors out, and a key that identifies the model."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

KEY_VERSION = 1


class AbstractEncoder(ABC):
    """A frozen model that maps images or texts to vectors of one width; every method is thread-safe.

    The constructor loads the weights.
    """

    name: str
    modalities: tuple[str, ...]
    dim: int
    batch_size: int = 64
    decoded_side: int = 0
    """Shortest side in pixels down to which a JPEG may be decoded at ½, ¼ or ⅛ of its size; 0: full size only."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The settings that determine the vectors: architecture, hash of the weights, pooling, input size."""

    @abstractmethod
    def prepare_image(self, image: Image.Image) -> np.ndarray:
        """The model's input array (channels, height, width) of one RGB image."""

    @abstractmethod
    def embed_images(self, prepared: np.ndarray) -> np.ndarray:
        """Vectors of prepared images: (n, channels, height, width) → (n, dim) float32, not normalised."""

    @abstractmethod
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of a batch of texts: n strings → (n, dim) float32, not normalised."""

    @property
    def key(self) -> str:
        """Name and 12 hexadecimal digits that change whenever the vectors would; one part of a cache key."""
        text = json.dumps({"version": KEY_VERSION, "name": self.name, **self.describe()}, sort_keys=True)
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
