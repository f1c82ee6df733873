"""What `models` asks for, in the process that has torch: arguments and results are JSON values."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qlatent.errors import InputError
from qlatent.images import decoded
from qlatent.services.heads import kept_heads
from qlatent.services.vectors import known_encoders, stored
from qlatent.store.workspace import Workspace

_CHUNK = 65_536  # rows encoded by a head at once


def _open(path: str, encoder: str) -> bool:
    coder = known_encoders.opened(_workspace(path), encoder)
    if "text" in coder.modalities:
        coder.embed_texts(["a"])  # what loads late is loaded then
    return True


def _text(path: str, encoder: str, words: str) -> str:
    return _packed(known_encoders.opened(_workspace(path), encoder).embed_texts([words])[0])


def _image(path: str, encoder: str, content: str) -> str:
    coder = known_encoders.opened(_workspace(path), encoder)
    picture = decoded(base64.b64decode(content), side=coder.decoded_side)
    return _packed(coder.embed_images(coder.prepare_image(picture)[None])[0])


def _latent(path: str, head: str, modality: str, vector: str) -> str:
    given = np.frombuffer(base64.b64decode(vector), dtype="<f4")
    return _packed(_estimator(path, head).transform({modality: given[None]})[modality][0])


def _latents(path: str, head: str, space: list[str]) -> str:
    """The path of a file, since a million latents are no line of text."""
    found = _all_latents(path, head, *space)
    with tempfile.NamedTemporaryFile(prefix="qlatent-latents-", suffix=".npy", delete=False) as file:
        np.save(file, found)
    return file.name


def _all_latents(path: str, head: str, dataset: str, encoder: str, modality: str) -> NDArray[np.float32]:
    estimator = _estimator(path, head)
    vectors = stored.mapped(_workspace(path), dataset, encoder, modality)
    found: NDArray[np.float32] | None = None
    for first in range(0, len(vectors), _CHUNK):
        block = np.asarray(vectors[first : first + _CHUNK])
        whole = np.flatnonzero(stored.whole(block))
        if len(whole):
            encoded = estimator.transform({modality: block[whole]})[modality]
            if found is None:
                found = np.full((len(vectors), encoded.shape[1]), np.nan, dtype=np.float32)
            found[first + whole] = encoded
    if found is None:
        raise InputError(f"No item of {dataset!r} has a {modality} vector of {encoder}.")
    return found


def _metric(path: str, head: str) -> list[Any]:
    estimator = _estimator(path, head)
    return [str(estimator.model_.distance), list(estimator.modalities)]


@lru_cache(maxsize=4)
def _estimator(path: str, head: str) -> Any:
    return kept_heads.estimator(_workspace(path), head)


def _packed(vector: NDArray[np.floating]) -> str:
    return base64.b64encode(np.asarray(vector, dtype="<f4").tobytes()).decode()


@lru_cache(maxsize=4)
def _workspace(path: str) -> Workspace:
    return Workspace.open(Path(path))


TASKS: Mapping[str, Callable[..., Any]] = {
    "open": _open, "text": _text, "image": _image, "latent": _latent, "latents": _latents, "metric": _metric,
}  # fmt: skip
