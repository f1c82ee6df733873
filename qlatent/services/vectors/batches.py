"""Batches through an encoder, several at once: each thread reads, decodes, prepares and embeds its own.

Small models leave half of the cores idle when one forward pass after the other spreads over all of them, and
decoding beside them takes the rest away again. A batch a core, from the file to its vectors, needs neither.
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
_SORTED_BATCHES = 16  # texts of so many batches are sorted by length together, so that little is padded


class Failure(NamedTuple):
    """An item that was not encoded, and why."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Hashes (of views: names) and their vectors (n, d), and what could not be decoded: hash and reason."""

    hashes: list[str]
    vectors: np.ndarray
    failed: list[tuple[str, str]] = field(default_factory=list)


Batches = Generator[Batch, None, None]
Prepare = Callable[[Image.Image, str], np.ndarray]
"""A decoded picture and the name of what is to be made of it → the encoder's input."""


def image_batches(store: ItemStore, encoder: AbstractEncoder, hashes: Sequence[str]) -> Batches:
    """The images of these hashes, in their order."""

    def prepare(picture: Image.Image, _: str) -> np.ndarray:
        return encoder.prepare_image(picture)

    chunks = _cut(hashes, encoder.batch_size)
    return _side_by_side(lambda chunk: _images(store, encoder, chunk, prepare), chunks)


def view_batches(store: ItemStore, encoder: AbstractEncoder, names: Sequence[str]) -> Batches:
    """The augmented views of these names, in their order; those of one image together are read once."""
    size = augmented.side(encoder)

    def prepare(picture: Image.Image, name: str) -> np.ndarray:
        return augmented.prepared(picture, name, encoder, size=size)

    chunks = _cut(names, encoder.batch_size)
    return _side_by_side(lambda chunk: _images(store, encoder, chunk, prepare), chunks)


def text_batches(texts: dict[str, str], encoder: AbstractEncoder, hashes: Sequence[str]) -> Batches:
    """The texts of these hashes, neighbours in length together."""
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
    """The results in order; as many threads as torch may use share its threads among them."""
    import torch  # pages import this module, and torch takes seconds

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
        torch.set_num_threads(allowed)  # what a thread sets is also what later threads begin with


def _images(store: ItemStore, encoder: AbstractEncoder, names: Sequence[str], prepare: Prepare) -> Batch:
    """Each image is read and decoded once, whatever is made of it."""
    contents = store.images([image_of(name) for name in names])
    good: list[str] = []
    inputs: list[np.ndarray] = []
    failed: list[tuple[str, str]] = []
    for image, own in groupby(names, key=image_of):
        asked = list(own)
        if image not in contents:
            failed += [(name, "its image is not in the workspace any more") for name in asked]
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
