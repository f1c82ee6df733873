"""Drawn images and items with known content."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from qlatent.types import Item


def picture(color: tuple[int, int, int], *, size: tuple[int, int] = (40, 30), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, kind)
    return buffer.getvalue()


def pairs(count: int, *, start: int = 0) -> list[Item]:
    """Items with distinct images and texts."""
    numbers = range(start, start + count)
    return [Item(f"i{n}", image=picture((n % 256, n // 256, 9)), text=f"text {n}") for n in numbers]


def listed(folder: Path) -> list[str]:
    """The sorted names in a folder, without the lock file of claims."""
    return sorted(entry.name for entry in folder.iterdir() if entry.name != ".lock")
