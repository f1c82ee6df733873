"""Images read, decoded and prepared in threads, a few batches ahead of the model."""

from __future__ import annotations

import io
import os
import struct
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from PIL import Image

from qlatent.encoders.base import AbstractEncoder
from qlatent.store.items import ItemStore

_AHEAD = 3  # batches in memory beside the one being encoded; 64 images of 224 × 224 are 39 MB
# what Pillow's readers raise on bytes that are damaged or no image
_UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip


class Failure(NamedTuple):
    """An item that was not encoded, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class PreparedBatch:
    """Model inputs (n, channels, height, width) with their hashes, and what could not be prepared."""

    hashes: list[str]
    inputs: np.ndarray
    failed: list[tuple[str, str]]


def prepared_batches(
    store: ItemStore, encoder: AbstractEncoder, hashes: Sequence[str]
) -> Iterator[PreparedBatch]:
    """Batches of the encoder's size in the given order, made ahead of their use.

    Decoding frees Python's lock most of the time, so threads do it beside the model; more than two would only
    take the processor away from it on a small machine.
    """
    size = encoder.batch_size
    chunks = deque(hashes[start : start + size] for start in range(0, len(hashes), size))
    pending: deque[Future[PreparedBatch]] = deque()
    pool = ThreadPoolExecutor(max_workers=min(4, max(2, (os.cpu_count() or 2) // 2)))
    try:
        while chunks or pending:
            while chunks and len(pending) < _AHEAD:
                pending.append(pool.submit(_prepared, store, encoder, chunks.popleft()))
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepared(store: ItemStore, encoder: AbstractEncoder, hashes: Sequence[str]) -> PreparedBatch:
    contents = store.images(hashes)
    good: list[str] = []
    inputs: list[np.ndarray] = []
    failed: list[tuple[str, str]] = []
    for key in hashes:
        try:
            inputs.append(_input(encoder, contents.get(key, b"")))
            good.append(key)
        except _UNREADABLE as err:
            failed.append((key, f"its image cannot be decoded ({str(err) or type(err).__name__})"))
    return PreparedBatch(good, np.stack(inputs) if inputs else np.empty((0,), np.float32), failed)


def _input(encoder: AbstractEncoder, content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as image:
        return encoder.prepare_image(image.convert("RGB"))
