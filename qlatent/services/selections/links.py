"""Selections as short texts for a link: JSON and int16 polygons, compressed, in base64url."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from typing import Any

import numpy as np

from qlatent.errors import InputError
from qlatent.services.selections.definitions import Definition, read, written

LONGEST = 16_384  # characters
_LARGEST = 1_000_000  # bytes when unpacked, so that a small link cannot fill the memory
_ALPHABET = re.compile(r"[A-Za-z0-9_-]+")


def to_link(definition: Definition) -> str:
    """The definition in letters, digits, "-" and "_"; a lasso of 256 vertices takes at most 2,000 of them.

    A definition that takes more than `LONGEST`, such as one with many ids, raises `InputError`.
    """
    polygons: list[bytes] = []
    document = _without_polygons(written(definition), polygons)
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    packed = zlib.compress(text + b"\0" + b"".join(polygons), 9)
    link = base64.urlsafe_b64encode(packed).decode().rstrip("=")
    if len(link) > LONGEST:
        raise InputError(
            f"The selection is too long for a link: {len(link):,} characters, at most {LONGEST:,}.",
            remedy="Keep it as a collection, and share that.",
        )
    return link


def from_link(link: str) -> Definition:
    """The definition in a link; anything else raises `InputError`."""
    try:
        return read(_document(link))
    except InputError as err:
        raise InputError(
            f"The link holds no selection that can be read. {err.message}",
            remedy="Open the link as it was copied, or select anew.",
        ) from err


def _document(link: str) -> Any:
    if len(link) > LONGEST or not _ALPHABET.fullmatch(link):
        raise InputError(f"It has {len(link):,} characters, or others than letters, digits, - and _.")
    try:
        unpacking = zlib.decompressobj()
        content = unpacking.decompress(base64.urlsafe_b64decode(link + "=" * (-len(link) % 4)), _LARGEST)
        if not unpacking.eof:
            raise InputError("It is cut off, or too large.")
        text, _, vertices = content.partition(b"\0")
        return _with_polygons(json.loads(text), memoryview(vertices))
    except (binascii.Error, zlib.error, ValueError, RecursionError) as err:
        raise InputError("It was changed or cut off.") from err


def _without_polygons(document: dict[str, Any], polygons: list[bytes]) -> dict[str, Any]:
    """The document with the number of vertices in place of each polygon, which is put into the list."""
    if "polygon" in document:
        polygons.append(np.array(document["polygon"], dtype="<i2").tobytes())
        return document | {"polygon": len(document["polygon"])}
    if "of" in document:
        return document | {"of": [_without_polygons(each, polygons) for each in document["of"]]}
    return document


def _with_polygons(document: Any, vertices: memoryview) -> Any:
    """The inverse; raises `ValueError` where the vertices do not fit the document."""
    left = vertices

    def filled(part: Any) -> Any:
        nonlocal left
        if not isinstance(part, dict):
            return part
        if isinstance(part.get("polygon"), int):
            size = 4 * part["polygon"]
            if not 0 <= size <= len(left):
                raise ValueError("too few vertices")
            polygon = np.frombuffer(left[:size], dtype="<i2").reshape(-1, 2).tolist()
            left = left[size:]
            return part | {"polygon": polygon}
        if isinstance(part.get("of"), list):
            return part | {"of": [filled(each) for each in part["of"]]}
        return part

    found = filled(document)
    if len(left):
        raise ValueError("too many vertices")
    return found
