"""Encode batches in parallel: each thread reads, decodes, preprocesses and embeds its own batch.

Forward passes of small models that spread over all cores leave half of them idle, and decoding competes with them.
One batch per core, from the file to the vectors, avoids both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

import numpy as np
from PIL import Image

from qlatent.encoders.base import AbstractEncoder
from qlatent.images import UNREADABLE, decoded
from qlatent.services.vectors import augmented
from qlatent.store.items.items import ItemStore
from qlatent.store.items.names import image_of

MOST_THREADS = 4  # batches in memory at once; 64 images of 224 × 224 are 39 MB
_SORTED_BATCHES = 16  # texts of this many batches are sorted by length together, to limit padding


class Failure(NamedTuple):
    """An item that was not encoded, with the reason."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Hashes (for views: names) and their vectors (n, d), and failures with hash and reason."""

    hashes: list[str]
    vectors: np.ndarray
    failed: list[tuple[str, str]] = field(default_factory=list)


Batches = Generator[Batch, None, None]
Prepare = Callable[[Image.Image, str], np.ndarray]
"""A function from a decoded image and the name of a view or image to the encoder's input."""


def image_batches(store: ItemStore, encoder: AbstractEncoder, hashes: Sequence[str]) -> Batches:
    """Batches of the images with these hashes, in order."""

    def prepare(picture: Image.Image, _: str) -> np.ndarray:
        return encoder.prepare_image(picture)

    chunks = _cut(hashes, encoder.batch_size)
    return _side_by_side(lambda chunk: _images(store, encoder, chunk, prepare), chunks)


def view_batches(store: ItemStore, encoder: AbstractEncoder, names: Sequence[str]) -> Batches:
    """Batches of the augmented views with these names, in order; consecutive views of one image are read once."""
    size = augmented.side(encoder)

    def prepare(picture: Image.Image, name: str) -> np.ndarray:
        return augmented.prepared(picture, name, encoder, size=size)

    chunks = _cut(names, encoder.batch_size)
    return _side_by_side(lambda chunk: _images(store, encoder, chunk, prepare), chunks)


def text_batches(texts: dict[str, str], encoder: AbstractEncoder, hashes: Sequence[str]) -> Batches:
    """Batches of the texts with these hashes; texts of similar length are batched together."""
    size = encoder.batch_size
    chunks = [
        part
        for chunk in _cut(hashes, size * _SORTED_BATCHES)
        for part in _cut(sorted(chunk, key=lambda each: len(texts[each])), size)
    ]
    return _side_by_side(
        lambda chunk: Batch(list(chunk), encoder.embed_texts([texts[each] for each in chunk])), chunks
    )


def _cut(hashes: Sequence[str], size: int) -> list[Sequence[str]]:
    return [hashes[start : start + size] for start in range(0, len(hashes), size)]


def _side_by_side(work: Callable[[Sequence[str]], Batch], chunks: Sequence[Sequence[str]]) -> Batches:
    """The results in order, computed by as many threads as torch may use, one torch thread each."""
    import torch  # pages import this module, and torch takes seconds to import

    allowed = torch.get_num_threads()
    threads = max(1, min(MOST_THREADS, allowed, len(chunks)))
    waiting, pending = deque(chunks), deque[Future[Batch]]()
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(allowed // threads,))
    try:
        while waiting or pending:
            while waiting and len(pending) <= threads:
                pending.append(pool.submit(work, waiting.popleft()))
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        torch.set_num_threads(allowed)  # later threads inherit the setting of this thread


def _images(store: ItemStore, encoder: AbstractEncoder, names: Sequence[str], prepare: Prepare) -> Batch:
    """Encode images or views; each image is read and decoded once."""
    contents = store.images([image_of(name) for name in names])
    good: list[str] = []
    inputs: list[np.ndarray] = []
    failed: list[tuple[str, str]] = []
    for image, own in groupby(names, key=image_of):
        asked = list(own)
        if image not in contents:
            failed += [(name, "its image is no longer in the workspace") for name in asked]
            continue
        try:
            picture = decoded(contents[image], side=encoder.decoded_side)
            inputs += [prepare(picture, name) for name in asked]
            good += asked
        except UNREADABLE as err:
            reason = f"its image cannot be decoded ({str(err) or type(err).__name__})"
            failed += [(name, reason) for name in asked]
    vectors = encoder.embed_images(np.stack(inputs)) if inputs else np.zeros((0, encoder.dim), np.float32)
    return Batch(good, vectors, failed)
