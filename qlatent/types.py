"""Types that all layers share: items, refusals and arrays by modality. Torch-free."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MODALITIES = ("image", "text", "vector")
"""The modalities of an item; `vector` is an imported embedding without a named modality."""

Arrays = dict[str, np.ndarray]
"""One array (n, d) per modality; row i of all modalities is one item."""

Progress = Callable[[int, int | None], None]
"""A callback with (done, total); total is None while unknown. It may raise `Cancelled`."""


class Cancelled(Exception):  # noqa: N818  (an outcome, not an error)
    """Raised by a progress callback to stop a long call."""


@dataclass(frozen=True, slots=True)
class Item:
    """One imported row: image bytes, text and vectors, as far as present, with its metadata."""

    id: str
    image: bytes | None = None  # the imported file's bytes (checked, upright, RGB-decodable)
    text: str | None = None
    label: str | None = None
    split: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    vectors: Arrays = field(default_factory=dict)  # modality → (d,) float32
    source: str = ""
    pictures: tuple[bytes, ...] = ()  # further images after the first, in order


@dataclass(frozen=True, slots=True)
class VectorItems:
    """Many items that have vectors, and no image or text, as columns: the bulk form of `Item`."""

    ids: Sequence[str]
    vectors: Arrays  # modality → (n, d) float32; finite, no row zero
    labels: Sequence[str | None]
    splits: Sequence[str | None]
    metadata: Sequence[dict[str, Any]]
    source: str = ""

    def __len__(self) -> int:
        return len(self.ids)

    def items(self, most: int | None = None) -> Iterator[Item]:
        """The items, or the first ones, one by one."""
        for row, name in enumerate(self.ids[:most]):
            yield Item(
                name, label=self.labels[row], split=self.splits[row], metadata=dict(self.metadata[row]),
                vectors={modality: array[row] for modality, array in self.vectors.items()}, source=self.source,
            )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused row: its number in the source (from 1, without the header), its id if any, and the reason."""

    row: int
    reason: str
    id: str = ""


def content_hash(content: bytes | str | np.ndarray) -> str:
    """The hash of a content, 32 hexadecimal digits: of bytes, of a text in UTF-8, or of a vector as float32 bytes."""
    if isinstance(content, str):
        content = content.encode()
    elif isinstance(content, np.ndarray):
        content = np.ascontiguousarray(content, dtype="<f4").tobytes()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
