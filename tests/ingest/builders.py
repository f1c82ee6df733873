"""Builders of test files for ingest: unusual images, zips, and shortcuts for reading."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from qlatent.ingest import open_source
from qlatent.types import Item, Refusal


def picture(*, seed: int = 0, size: tuple[int, int] = (24, 16), mode: str = "RGB") -> Image.Image:
    """A smooth random image, different for every seed."""
    values = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
    return Image.fromarray(values).resize(size, Image.Resampling.BICUBIC).convert(mode)


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    """The image encoded as file bytes."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(seed: int = 0) -> bytes:
    """A small plain PNG."""
    return encoded(picture(seed=seed))


def huge_png(side: int) -> bytes:
    """A PNG of about a hundred bytes whose header declares side × side pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )


def make_zip(path: Path, entries: Mapping[str, bytes | str], *, method: int = zipfile.ZIP_STORED) -> Path:
    """A zip with these entries in this order."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def read(path: Any, mapping: Any = None, **options: Any) -> tuple[list[Item], list[Refusal]]:
    """The items and the refusals of a source."""
    rows = list(open_source(path, **options).rows(mapping))
    items = [row for row in rows if isinstance(row, Item)]
    return items, [row for row in rows if isinstance(row, Refusal)]


def decoded(content: bytes | None) -> np.ndarray:
    """The pixels (height, width, 3) of image bytes."""
    assert content is not None
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))
