"""Pictures of items: in a zip with a table, and under names that every file system takes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from qlatent.errors import InputError
from qlatent.services.datasets.csv_text import csv_of
from qlatent.services.exports.choice import Choice, Chosen
from qlatent.services.exports.tables import items_frame
from qlatent.store.disk import explained
from qlatent.store.items.names import slug
from qlatent.store.workspace import Workspace

CHUNK = 200  # pictures in memory at once
_ENDINGS = {"jpeg": "jpg", "tiff": "tif"}


def write(workspace: Workspace, chosen: Chosen, choice: Choice, out: Path) -> dict[str, Any]:
    """Write a zip with `pictures/` and `items.csv`, which names each item's picture; returns how many of each it has.

    Items without a picture stand in the table alone; no picture at all raises `InputError`.
    """
    frame = items_frame(workspace, chosen.dataset, rows=chosen.rows)
    names: dict[int, str] = {}
    temporary = out.with_name(f".{out.name}.tmp")
    try:
        with explained("the pictures", out.parent), zipfile.ZipFile(temporary, "w") as archive:
            for row, name, content in pictures(workspace, chosen.dataset, chosen.rows, choice):
                names[row] = f"pictures/{name}"
                archive.writestr(names[row], content)
            frame.insert(1, "picture", [names.get(int(row)) for row in chosen.rows])
            archive.writestr("items.csv", csv_of(frame), zipfile.ZIP_DEFLATED)
        if not names:
            raise InputError(
                f"No item of {chosen.name!r} has a picture.",
                remedy="Write a table: .csv, .parquet or .jsonl.",
            )
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return {"rows": len(frame), "pictures": len(names)}


def pictures(
    workspace: Workspace, dataset: str, rows: NDArray[np.int64], choice: Choice
) -> Iterator[tuple[int, str, bytes]]:
    """Row, file name and bytes of each picture: the imported file, or its thumbnail; items without one are skipped."""
    table = workspace.items.table(dataset, columns=["id", "image_hash"]).take(rows)
    read = workspace.items.images if choice.pictures == "originals" else workspace.items.thumbnails
    for start in range(0, len(rows), CHUNK):
        part = table.slice(start, CHUNK)
        hashes = part["image_hash"].to_pylist()
        found = read(hashes)
        for row, key, name in zip(rows[start : start + CHUNK], hashes, part["id"].to_pylist(), strict=True):
            if key in found:
                yield int(row), f"{row:07}-{slug(name)}.{_ending(found[key])}", found[key]


def _ending(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        kind = (image.format or "bin").lower()
    return _ENDINGS.get(kind, kind)
