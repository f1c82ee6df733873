"""Read the bytes of an image from a cell of an image column."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from qlatent.ingest.cells.values import is_missing
from qlatent.ingest.columns.column_types import WEB_ADDRESS
from qlatent.ingest.files.files import AbstractFiles
from qlatent.ingest.image_check import SUFFIXES
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import RefusedRow


def cell_bytes(cell: Any, files: AbstractFiles | None, *, beside: str, limits: Limits) -> bytes:
    """The image bytes in a cell, in a Hugging Face {"bytes", "path"}, or in the file that a path names.

    Paths are relative to the table (`beside`) or to the root of `files`. URLs are never fetched: their content may
    change, and a table must not make this machine send requests. A file with the name at the end of a URL is taken.
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
        named = None if files is None else file_of(reference, files, beside=beside)
        if files is None or named is None:
            raise RefusedRow(
                f"its image is a web address ({reference[:80]}); addresses are not fetched, give files"
            )
        return files.read(named, limit=limits.max_image_bytes)
    if files is None:
        raise RefusedRow(f"its image is the file {reference[:200]!r}, but no folder with images is known")
    return files.read(files.find(reference, beside=beside), limit=limits.max_image_bytes)


def file_of(cell: Any, files: AbstractFiles, *, beside: str) -> str | None:
    """The name of the file that a cell refers to, or None if there is no such file."""
    if isinstance(cell, dict) and cell.get("bytes") is None:
        cell = cell.get("path")
    if not isinstance(cell, str) or is_missing(cell):
        return None
    name = cell.strip()
    if WEB_ADDRESS.match(name):
        name = name_in_address(name)
    try:
        return files.find(name, beside=beside) if name else None
    except RefusedRow:
        return None


def name_in_address(address: str) -> str:
    """The name of the picture at the end of a web address, or "": https://cdn.example/s/mug.jpg?v=1 has mug.jpg."""
    try:
        name = unquote(PurePosixPath(urlsplit(address).path).name)
    except ValueError:  # brackets that are no address
        return ""
    return name if address.lower().startswith("http") and name.lower().endswith(SUFFIXES) else ""
