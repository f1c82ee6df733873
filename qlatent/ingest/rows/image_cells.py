"""Read the bytes of an image from a cell of an image column."""

from __future__ import annotations

from typing import Any

from qlatent.ingest.cells.values import is_missing
from qlatent.ingest.columns.column_types import WEB_ADDRESS
from qlatent.ingest.files.files import AbstractFiles
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import RefusedRow


def cell_bytes(cell: Any, files: AbstractFiles | None, *, beside: str, limits: Limits) -> bytes:
    """The image bytes in a cell, in a Hugging Face {"bytes", "path"}, or in the file that a path names.

    Paths are relative to the table (`beside`) or to the root of `files`. URLs are never fetched: their content may
    change, and a table must not make this machine send requests.
    """
    if isinstance(cell, bytes | bytearray | memoryview):
        return bytes(cell)
    if isinstance(cell, dict):
        content, path = cell.get("bytes"), cell.get("path")
        if isinstance(content, bytes | bytearray | memoryview) or (content is None and is_missing(path)):
            return bytes(content or b"")
        if content is not None:
            raise RefusedRow(f"its image is no bytes ({type(content).__name__})")
        cell = path
    if not isinstance(cell, str):
        raise RefusedRow(f"its image is neither a file name nor bytes ({type(cell).__name__})")
    reference = cell.strip()
    if WEB_ADDRESS.match(reference):
        raise RefusedRow(
            f"its image is a web address ({reference[:80]}); addresses are not fetched, give files"
        )
    if files is None:
        raise RefusedRow(f"its image is the file {reference[:200]!r}, but no folder with images is known")
    return files.read(files.find(reference, beside=beside), limit=limits.max_image_bytes)


def file_of(cell: Any, files: AbstractFiles, *, beside: str) -> str | None:
    """The name of the file that a cell refers to, or None if there is no such file."""
    if isinstance(cell, dict) and cell.get("bytes") is None:
        cell = cell.get("path")
    if not isinstance(cell, str) or is_missing(cell) or WEB_ADDRESS.match(cell.strip()):
        return None
    try:
        return files.find(cell.strip(), beside=beside)
    except RefusedRow:
        return None
