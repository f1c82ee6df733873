"""The cache key changes if and only if the vectors would."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from qlatent.encoders.base import AbstractEncoder


class LengthEncoder(AbstractEncoder):
    """An encoder whose vectors are text lengths."""

    name = "length"
    modalities = ("text",)
    dim = 1

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings

    def describe(self) -> dict[str, Any]:
        return self._settings

    def prepare_image(self, image: Image.Image) -> np.ndarray:
        raise NotImplementedError

    def embed_images(self, prepared: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[len(text)] for text in texts], dtype=np.float32)


def test_key_is_the_name_and_twelve_digits() -> None:
    name, digits = LengthEncoder({"a": 1}).key.split("-")
    assert name == "length"
    assert len(digits) == 12
    assert int(digits, 16) >= 0


def test_key_follows_the_settings_but_not_their_order() -> None:
    assert LengthEncoder({"a": 1, "b": 2}).key == LengthEncoder({"b": 2, "a": 1}).key
    assert LengthEncoder({"a": 1}).key != LengthEncoder({"a": 2}).key
