"""Pictures of items: in a zip with a table, and under names that every file system takes."""

from __future__ import annotations

import io
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
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

    Further pictures of an item are named in the column `further_pictures`, separated by ";", as an import reads them.
    Items without a picture stand in the table alone; no picture at all raises `InputError`.
    """
    frame = items_frame(workspace, chosen.dataset, rows=chosen.rows)
    names: dict[int, str] = {}
    more: defaultdict[int, list[str]] = defaultdict(list)
    temporary = out.with_name(f".{out.name}.tmp")
    try:
        with explained("the pictures", out.parent), zipfile.ZipFile(temporary, "w") as archive:
            for row, name, content in pictures(workspace, chosen.dataset, chosen.rows, choice):
                names[row] = f"pictures/{name}"
                archive.writestr(names[row], content)
            for row, name, content in _further(workspace, chosen.dataset, chosen.rows, choice):
                more[row].append(f"pictures/{name}")
                archive.writestr(more[row][-1], content)
            frame.insert(1, "picture", [names.get(int(row)) for row in chosen.rows])
            if more:
                listed = [";".join(more.get(int(row), ())) or None for row in chosen.rows]
                frame.insert(2, "further_pictures", listed)
            archive.writestr("items.csv", csv_of(frame), zipfile.ZIP_DEFLATED)
        if not names:
            raise InputError(
                f"No item of {chosen.name!r} has a picture.",
                remedy="Write a table: .csv, .parquet or .jsonl.",
            )
        temporary.replace(out)
    finally:
        temporary.unlink(missing_ok=True)
    return {"rows": len(frame), "pictures": len(names) + sum(map(len, more.values()))}


def pictures(
    workspace: Workspace, dataset: str, rows: NDArray[np.int64], choice: Choice
) -> Iterator[tuple[int, str, bytes]]:
    """Row, file name and bytes of each picture: the imported file, or its thumbnail; items without one are skipped."""
    table = workspace.items.table(dataset, columns=["id", "image_hash"]).take(rows)
    named = zip(rows, table["id"].to_pylist(), table["image_hash"].to_pylist(), strict=True)
    wanted = [(int(row), f"{row:07}-{slug(name)}", key) for row, name, key in named if key is not None]
    return _read(workspace, wanted, choice)


def _further(
    workspace: Workspace, dataset: str, rows: NDArray[np.int64], choice: Choice
) -> Iterator[tuple[int, str, bytes]]:
    """The same for the further pictures of each item, numbered from 2."""
    table = workspace.items.table(dataset, columns=["id", "pictures"]).take(rows)
    if table["pictures"].null_count == len(table):
        return iter(())
    named = zip(rows, table["id"].to_pylist(), table["pictures"].to_pylist(), strict=True)
    wanted = [
        (int(row), f"{row:07}-{slug(name)}-{number}", key)
        for row, name, keys in named
        for number, key in enumerate(keys or (), start=2)
    ]
    return _read(workspace, wanted, choice)


def _read(
    workspace: Workspace, wanted: Sequence[tuple[int, str, str]], choice: Choice
) -> Iterator[tuple[int, str, bytes]]:
    """Row, file name and bytes of pictures that are given as row, name without ending, and hash."""
    read = workspace.items.images if choice.pictures == "originals" else workspace.items.thumbnails
    for start in range(0, len(wanted), CHUNK):
        part = wanted[start : start + CHUNK]
        found = read([key for _, _, key in part])
        for row, name, key in part:
            if key in found:
                yield row, f"{name}.{_ending(found[key])}", found[key]


def _ending(content: bytes) -> str:
    with Image.open(io.BytesIO(content)) as image:
        kind = (image.format or "bin").lower()
    return _ENDINGS.get(kind, kind)
