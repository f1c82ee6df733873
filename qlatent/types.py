"""The words every layer speaks: items, refusals and the arrays that go with them. Torch-free."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

MODALITIES = ("image", "text", "vector")
"""What an item can carry; `vector` is a ready embedding whose modality was not named."""

Arrays = dict[str, np.ndarray]
"""One array (n, d) a modality, rows of all modalities belonging together."""

Progress = Callable[[int, int | None], None]
"""Called with (done, total); total is None while it is unknown. May raise `Cancelled`."""


class Cancelled(Exception):  # noqa: N818  (an outcome, not an error)
    """Raised through a long call when the person asked it to stop."""


@dataclass(frozen=True, slots=True)
class Item:
    """One row that somebody brought: any of image bytes, text and ready vectors, with what is known about it."""

    id: str
    image: bytes | None = None  # the file's bytes as brought (already checked, upright, RGB-decodable)
    text: str | None = None
    label: str | None = None
    split: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    vectors: Arrays = field(default_factory=dict)  # modality → (d,) float32
    source: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row that was not kept: its number in the source (from 1, header not counted), its id if any, and why."""

    row: int
    reason: str
    id: str = ""


def content_hash(content: bytes | str | np.ndarray) -> str:
    """32 hexadecimal digits that name a content: bytes as they are, text as UTF-8, vectors as float32 bytes."""
    if isinstance(content, str):
        content = content.encode()
    elif isinstance(content, np.ndarray):
        content = np.ascontiguousarray(content, dtype="<f4").tobytes()
    return hashlib.blake2b(content, digest_size=16).hexdigest()
