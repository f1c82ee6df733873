"""From a row of a source to an item, or to the reason why it is none."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from qlatent.ingest import images
from qlatent.ingest.cells import RefusedRow, as_id, as_json, as_price, as_text, as_vector, is_missing
from qlatent.ingest.mapping import Mapping
from qlatent.types import Item, Refusal

if TYPE_CHECKING:
    from qlatent.ingest.source import AbstractSource


class ItemMaker:
    """Makes the items of one reading of a source: it remembers the ids used and the widths of the vectors."""

    def __init__(self, source: AbstractSource, mapping: Mapping, *, decode: bool) -> None:
        self.source = source
        self.mapping = mapping
        self.decode = decode
        self.notes: Counter[str] = Counter()
        self._rows_by_id: dict[str, int] = {}
        self._widths: dict[str, int] = {}
        used = set(mapping.columns)
        vectors = {column.name for column in source.columns if column.type == "vector"}
        self._not_metadata = used | vectors  # a vector is no description, and too long for one

    def make(self, row: int, values: dict[str, Any]) -> Item | Refusal:
        """The item of a row, or its refusal; a refused row leaves its id free for a later one."""
        name = ""
        try:
            given = as_id(values.get(self.mapping.id)) if self.mapping.id else None
            name = given or self._made_id(row)
            if name in self._rows_by_id:
                raise RefusedRow(f"id {name!r} already used in row {self._rows_by_id[name]}")
            item = self._item(name, values)
        except RefusedRow as refused:
            return Refusal(row=row, id=name, reason=str(refused))
        except RecursionError:
            return Refusal(row=row, id=name, reason="its values are nested too deeply")
        self._rows_by_id[name] = row
        self._widths.update({modality: len(vector) for modality, vector in item.vectors.items()})
        return item

    def _made_id(self, row: int) -> str:
        """An id for a row without one; kept apart from ids that a file happens to use."""
        name, turn = f"row-{row}", 2
        while name in self._rows_by_id:
            name, turn = f"row-{row}-{turn}", turn + 1
        return name

    def _item(self, name: str, values: dict[str, Any]) -> Item:
        metadata = self._metadata(values)
        image = self._image(values, metadata)
        text = self._text(values)
        vectors = self._vectors(values)
        if image is None and text is None and not vectors:
            raise RefusedRow(self._nothing())
        label, split = (
            as_text(values.get(column)) if column else None
            for column in (self.mapping.label, self.mapping.split)
        )
        split = split.lower() if split else None
        return Item(
            id=name, image=image, text=text, label=label, split=split, metadata=metadata, vectors=vectors,
            source=self.source.name,
        )  # fmt: skip

    def _nothing(self) -> str:
        columns = [*([self.mapping.image] if self.mapping.image else []), *self.mapping.text]
        columns += self.mapping.vectors.values()
        return "nothing to keep: no image, text or vector in " + ", ".join(repr(name) for name in columns)

    def _image(self, values: dict[str, Any], metadata: dict[str, Any]) -> bytes | None:
        cell = values.get(self.mapping.image) if self.mapping.image else None
        if _is_no_image(cell):
            return None
        checked = images.check_image(
            self.source.image_bytes(cell), limits=self.source.limits, decode=self.decode
        )
        if checked.changes:
            metadata["image_note"] = "; ".join(checked.changes)
            self.notes.update(f"image {change}" for change in checked.changes)
        return checked.content

    def _text(self, values: dict[str, Any]) -> str | None:
        parts = [as_text(values.get(column)) for column in self.mapping.text]
        found = [part for part in parts if part]
        # "Title." and "Description" join with one full stop, not two.
        text = ". ".join([*(part.rstrip(". ") or part for part in found[:-1]), *found[-1:]])
        limit = self.source.limits.max_text_characters
        if len(text) > limit:
            raise RefusedRow(f"its text has {len(text):,} characters; the limit is {limit:,}")
        return text or None

    def _vectors(self, values: dict[str, Any]) -> dict[str, np.ndarray]:
        return {
            modality: as_vector(values[column], name=f"{column!r}", width=self._widths.get(modality))
            for modality, column in self.mapping.vectors.items()
            if not is_missing(values.get(column))
        }

    def _metadata(self, values: dict[str, Any]) -> dict[str, Any]:
        kept = {}
        for column, cell in values.items():
            if column in self._not_metadata or is_missing(cell) or _is_picture(cell):
                continue
            value = as_json(cell)
            if value is not None:
                kept[column] = self._shortened(value, column)
        if self.mapping.price and not is_missing(values.get(self.mapping.price)):
            kept.update(_price(values[self.mapping.price]))
        return kept

    def _shortened(self, value: Any, column: str) -> Any:
        """Long metadata is cut, not refused: nobody asked for that column."""
        limit = self.source.limits.max_text_characters
        if not isinstance(value, str) or len(value) <= limit:
            return value
        self.notes[f"column {column!r} cut to {limit:,} characters"] += 1
        return value[: limit - 1] + "…"


def _is_no_image(cell: Any) -> bool:
    if isinstance(cell, dict):  # Hugging Face: {"bytes": …, "path": …}
        return cell.get("bytes") is None and is_missing(cell.get("path"))
    return is_missing(cell)


def _is_picture(cell: Any) -> bool:
    return isinstance(cell, bytes) or (isinstance(cell, dict) and {"bytes", "path"} <= set(cell))


def _price(cell: Any) -> dict[str, Any]:
    """The price as a number, with the written form beside it when that says more (a currency, a range)."""
    written, number = as_text(cell), as_price(cell)
    if number is None:
        return {"price_as_written": written}
    bare = written is not None and re.fullmatch(r"[-+]?\d+(\.\d*)?", written)
    return {"price": number} if bare else {"price": number, "price_as_written": written}
