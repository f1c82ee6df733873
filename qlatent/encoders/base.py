"""What every encoder offers: images and texts in, vectors out, and a key that says which model made them."""

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
    """A frozen model that turns images or texts into vectors of one width; every method is safe in threads.

    Loading weights happens in the constructor of each encoder, so an encoder that exists can encode.
    """

    name: str
    modalities: tuple[str, ...]
    dim: int
    batch_size: int = 64
    decoded_side: int = 0
    """A JPEG may be decoded at ½, ¼ or ⅛ of its size as long as no side gets shorter; 0: always in full."""

    @abstractmethod
    def describe(self) -> dict[str, Any]:
        """The settings that decide the vectors: architecture, weights (hash), pooling, input size."""

    @abstractmethod
    def prepare_image(self, image: Image.Image) -> np.ndarray:
        """One RGB image as the model's input array, (channels, height, width)."""

    @abstractmethod
    def embed_images(self, prepared: np.ndarray) -> np.ndarray:
        """Vectors of prepared images: (n, channels, height, width) → (n, dim) float32, not normalised."""

    @abstractmethod
    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        """Vectors of a batch of texts: n strings → (n, dim) float32, not normalised."""

    @property
    def key(self) -> str:
        """Name and 12 hexadecimal digits that change whenever the vectors would: half of a cache key."""
        text = json.dumps({"version": KEY_VERSION, "name": self.name, **self.describe()}, sort_keys=True)
        return f"{self.name}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
