"""Read the pictures of a row, from one column or several, from one cell or lists."""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

from qlatent.ingest import image_check
from qlatent.ingest.cells import picture_lists
from qlatent.ingest.cells.values import is_missing
from qlatent.ingest.column import Column
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.limits import Limits, short
from qlatent.ingest.record import RefusedRow
from qlatent.ingest.rows.omissions import Omissions

_MOST = 100  # pictures of one item
_MOST_SIZES = 4  # bytes of all pictures of one item, as a multiple of the limit for one
_NOTE = "image_note"


class Origin(Protocol):
    """The part of a source's interface that making items needs."""

    name: str
    limits: Limits

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns with their types."""

    def image_bytes(self, cell: Any) -> bytes:
        """The image bytes for a cell of an image column; `RefusedRow` if there are none."""


class PictureReader:
    """Reads the pictures of one row after the other; what is changed or left out is counted."""

    def __init__(
        self, source: Origin, mapping: Mapping, *, decode: bool, notes: Counter[str], omissions: Omissions
    ) -> None:
        self._source = source
        self._columns = [name for name in (mapping.image, *mapping.images) if name is not None]
        self._decode = decode
        self._notes = notes
        self._omissions = omissions

    def read(self, row: int, values: dict[str, Any], metadata: dict[str, Any]) -> tuple[bytes, ...] | None:
        """The pictures of a row in order, each once, or None if it names none; `RefusedRow` if none can be read.

        If some can be read, the others are left out, counted, and said in the metadata.
        """
        found: dict[bytes, None] = {}
        failed: list[tuple[str, str]] = []  # columns and reasons
        changes: dict[str, None] = {}
        for column in self._columns:
            for cell in picture_lists.parts(values.get(column)):
                if _is_no_image(cell):
                    continue
                try:
                    checked = self._checked(cell, found)
                except RefusedRow as refused:
                    failed.append((column, short(str(refused))))
                    continue
                found[checked.content] = None
                changes |= dict.fromkeys(checked.changes)
        if failed and not found:
            several = f"none of its {len(failed)} pictures can be read: " if len(failed) > 1 else ""
            raise RefusedRow(several + failed[0][1])
        for column, reason in failed:
            self._omissions.add(f"picture {column!r}", row=row, reason=reason)
        if said := [*changes, *(f"left out: {reason}" for _, reason in failed)]:
            metadata[_NOTE] = "; ".join(said)
        return tuple(found) or None

    def _checked(self, cell: Any, found: dict[bytes, None]) -> image_check.CheckedImage:
        limits = self._source.limits
        if len(found) >= _MOST or sum(map(len, found)) > _MOST_SIZES * limits.max_image_bytes:
            raise RefusedRow(
                f"the item has {len(found)} pictures already, which is as much as is kept of one"
            )
        checked = image_check.check_image(self._source.image_bytes(cell), limits=limits, decode=self._decode)
        self._notes.update(f"image {change}" for change in checked.changes)
        return checked


def holds_picture(cell: Any) -> bool:
    """Whether a cell holds the bytes of a picture, or of several."""
    if isinstance(cell, list):
        return bool(cell) and all(map(holds_picture, cell))
    return isinstance(cell, bytes) or (isinstance(cell, dict) and {"bytes", "path"} <= set(cell))


def _is_no_image(cell: Any) -> bool:
    if isinstance(cell, dict):  # Hugging Face: {"bytes": …, "path": …}
        return cell.get("bytes") is None and is_missing(cell.get("path"))
    return is_missing(cell)
