"""Make items from the rows of a source, or refusals with a reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any, TypeVar

from qlatent.ingest.cells import html_text
from qlatent.ingest.cells.dates import as_date
from qlatent.ingest.cells.values import as_currency, as_id, as_json, as_price, as_text, is_missing
from qlatent.ingest.column import Column, Order
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.columns.nested import without
from qlatent.ingest.limits import short
from qlatent.ingest.record import RefusedRow
from qlatent.ingest.rows.listings import Versions
from qlatent.ingest.rows.omissions import LabelCensus, Omissions
from qlatent.ingest.rows.pictures import Origin, PictureReader, holds_picture
from qlatent.ingest.rows.vector_cells import VectorReader
from qlatent.types import Item, Refusal

_Part = TypeVar("_Part")
_SOME_HTML = 0.05  # minimum fraction of cells with HTML in a column that is read as HTML
_MOST_LINKS = 100
CURRENCY = "currency"
"""Metadata key of the currency that is written in the cells of a price."""
LINKS = "links"
"""Metadata key of the addresses that the HTML of a text links to."""


class ItemMaker:
    """Makes the items of one pass over a source and tracks used ids and vector widths.

    An item is kept with its valid parts. An invalid part (a missing or damaged image, a zero vector, a text over the
    limit) is left out, counted in the remarks and described in the item's metadata (`image_note`, `text_note`,
    `vector_note`). A row is refused only if no part is valid.
    """

    def __init__(self, source: Origin, mapping: Mapping, *, decode: bool) -> None:
        self.source = source
        self.mapping = mapping
        self.decode = decode
        self.notes: Counter[str] = Counter()
        self.rows_by_id: dict[str, int] = {}
        self._versions = Versions(mapping) if mapping.has_versions else None
        self._numbers: dict[str, int] = {}  # id of a listing → number of its last version
        self._omissions = Omissions()
        self._pictures = PictureReader(
            source, mapping, decode=decode, notes=self.notes, omissions=self._omissions
        )
        self._labels = LabelCensus(mapping.label) if mapping.label else None
        columns = {column.name: column for column in source.columns}
        date = columns[mapping.date].content if mapping.date in columns else None
        self._date_order: Order = date.date_order if date else ""
        self.readers = {
            modality: VectorReader(columns.get(name, Column(name, "text")))
            for modality, name in mapping.vectors.items()
        }
        mapped = [reader.column for reader in self.readers.values()]
        self._nested = [column.path for column in columns.values() if column.path]
        self._html = {
            name for name, each in columns.items() if each.content and each.content.html >= _SOME_HTML
        } & set(mapping.text)
        # Vectors are not kept as metadata; unmapped columns with one dimension each are.
        self.not_metadata = (
            set(mapping.parts)
            | {column.name for column in columns.values() if column.type == "vector" and not column.parts}
            | {part for column in mapped for part in column.parts}
        )

    def make(self, row: int, values: dict[str, Any]) -> Item | Refusal | None:
        """The item of a row, or its refusal; None for a row that repeats a listing exactly, which is counted.

        A refused row does not reserve its id.
        """
        name = ""
        try:
            given = self._given_id(values.get(self.mapping.id)) if self.mapping.id else None
            name = given or self._made_id(row)
            if name in self.rows_by_id and self._versions is None:
                raise RefusedRow(self._used(name))
            item = self._item(row, name, values)
            if self._versions is not None and name in self.rows_by_id:
                if self._versions.is_repeat(name, item):
                    self.notes["rows that repeat a listing exactly left out"] += 1
                    return None
                item = self._version(name, item)
        except RefusedRow as refused:
            return Refusal(row=row, id=name, reason=str(refused))
        except RecursionError:
            return Refusal(row=row, id=name, reason="its values are nested too deeply")
        if self._versions is not None:
            self._versions.add(name, item)
        self.reserve(item.id, row)
        for modality, vector in item.vectors.items():
            self.readers[modality].accept(vector)
        return item

    def _used(self, name: str) -> str:
        return f"id {name!r} already used in row {self.rows_by_id[name]}"

    def _version(self, name: str, item: Item) -> Item:
        """The item as the next version of a listing, `<id>#<number>`; refused where nothing makes it one."""
        assert self._versions is not None
        if not self._versions.is_version(name, item):
            raise RefusedRow(f"{self._used(name)}, with the same date, price, text and pictures")
        number = self._numbers.get(name, 1) + 1
        while f"{name}#{number}" in self.rows_by_id:
            number += 1
        self._numbers[name] = number
        self.notes["rows kept as later versions of a listing"] += 1
        return replace(item, id=f"{name}#{number}")

    def reserve(self, name: str, row: int) -> None:
        """Marks an id as used."""
        self.rows_by_id[name] = row
        whole = name.removesuffix(".0")
        if whole.isdecimal() and {whole, f"{whole}.0"} <= self.rows_by_id.keys():
            self.notes["ids such as '1' and '1.0' are kept as different items, as they are written"] += 1

    def reserve_all(self, names: list[str], first: int) -> None:
        """Marks the ids of consecutive rows as used."""
        if any(map(str.isdecimal, names)) or any(name.endswith(".0") for name in names):  # see `reserve`
            for row, name in enumerate(names, start=first):
                self.reserve(name, row)
        else:
            self.rows_by_id.update(zip(names, range(first, first + len(names)), strict=True))

    def remarks(self) -> list[str]:
        """Remarks on omitted parts and on labels; complete after the last row."""
        return [*self._omissions.lines(), *(self._labels.lines() if self._labels else ())]

    def _given_id(self, cell: Any) -> str | None:
        given = as_id(cell)
        if isinstance(cell, float) and given is not None and not given.endswith(".0") and cell.is_integer():
            self.notes[f"ids in {self.mapping.id!r} that end in .0 read as whole numbers"] += 1
        return given

    def _made_id(self, row: int) -> str:
        """A generated id for a row without one, distinct from the ids of the file."""
        name, turn = f"row-{row}", 2
        while name in self.rows_by_id:
            name, turn = f"row-{row}-{turn}", turn + 1
        return name

    def _item(self, row: int, name: str, values: dict[str, Any]) -> Item:
        metadata = self.metadata(values)
        troubles: dict[str, tuple[str, str]] = {}  # part → (columns, reason)
        images = _or_trouble(
            lambda: self._pictures.read(row, values, metadata), "image", self.mapping.image, troubles
        )
        text = _or_trouble(
            lambda: self._text(values, metadata), "text", ", ".join(self.mapping.text), troubles
        )
        vectors = {}
        for modality, reader in self.readers.items():
            part = "vector" if modality == "vector" else f"{modality}_vector"
            vector = _or_trouble(partial(reader.read, values), part, reader.column.name, troubles)
            if vector is not None:
                vectors[modality] = vector
        if not images and text is None and not vectors:
            raise RefusedRow("; ".join(reason for _, reason in troubles.values()) or self._nothing())
        for part, (columns, reason) in troubles.items():
            self._omissions.add(f"{part.replace('_', ' ')} {columns!r}", row=row, reason=reason)
            metadata[f"{part}_note"] = f"left out: {reason}"
        return Item(
            id=name, image=images[0] if images else None, text=text, label=self.label(values), split=self.split(values),
            metadata=metadata, vectors=vectors, source=self.source.name,
            pictures=images[1:] if images else (),
        )  # fmt: skip

    def label(self, values: dict[str, Any]) -> str | None:
        """The label of a row, counted for the remarks."""
        if self._labels is None:
            return None
        cell = values.get(self._labels.column)
        label = _repeated(cell) if type(cell) is str else as_text(cell)
        self._labels.add(cell, label)
        return label

    def labels(self, cells: Sequence[str | None]) -> list[str | None]:
        """The labels of rows with these texts, counted for the remarks as by `label`."""
        assert self._labels is not None  # the caller has a column of labels
        read = {cell: as_text(cell) for cell in dict.fromkeys(cells)}
        for cell, count in Counter(cells).items():
            self._labels.add(cell, read[cell], count)
        return [read[cell] for cell in cells]

    def split(self, values: dict[str, Any]) -> str | None:
        """The split that a row names, in lower case."""
        split = as_text(values.get(self.mapping.split)) if self.mapping.split else None
        return split.lower() if split else None

    def _nothing(self) -> str:
        columns = [*([self.mapping.image] if self.mapping.image else []), *self.mapping.text]
        columns += self.mapping.vectors.values()
        return "nothing to keep: no image, text or vector in " + ", ".join(repr(name) for name in columns)

    def _text(self, values: dict[str, Any], metadata: dict[str, Any]) -> str | None:
        parts = [self._read_text(column, values, metadata) for column in self.mapping.text]
        found = [part for part in parts if part]
        # avoids two full stops when joining "Title." and "Description"
        text = ". ".join([*(part.rstrip(". ") or part for part in found[:-1]), *found[-1:]])
        limit = self.source.limits.max_text_characters
        if len(text) > limit:
            raise RefusedRow(f"its text has {len(text):,} characters; the limit is {limit:,}")
        return text or None

    def _read_text(self, column: str, values: dict[str, Any], metadata: dict[str, Any]) -> str | None:
        """A cell of a text column; HTML as plain text, with the addresses of its links in the metadata."""
        text = as_text(values.get(column))
        if text is None or column not in self._html or not html_text.is_html(text):
            return text
        self.notes[f"HTML in {column!r} read as plain text, with its links named"] += 1
        if (addresses := html_text.links(text)) and LINKS not in values:
            metadata[LINKS] = [*metadata.get(LINKS, ()), *addresses][:_MOST_LINKS]
        return html_text.plain(text) or None

    def metadata(self, values: dict[str, Any]) -> dict[str, Any]:
        """The cells of a row that are kept as metadata."""
        kept = {}
        for column, cell in values.items():
            if column in self.not_metadata or is_missing(cell) or holds_picture(cell):
                continue
            for path in self._nested:
                if path[0] == column:
                    cell = without(cell, path[1:])
            value = as_json(cell)
            if value is not None:
                kept[column] = self._shortened(value, column)
        if self.mapping.date in kept:
            kept[self.mapping.date] = self._date(values[self.mapping.date], kept[self.mapping.date])
        if self.mapping.price and not is_missing(values.get(self.mapping.price)):
            kept.update(_price(values[self.mapping.price]))
            currency = as_currency(kept.get("price_as_written"))
            if currency and self.mapping.currency is None and CURRENCY not in values:
                kept[CURRENCY] = currency
        return kept

    def _date(self, cell: Any, written: Any) -> Any:
        """A date as ISO 8601, or as it is written where it may be two dates, or none."""
        date = as_date(cell, order=self._date_order)
        if date is None:
            self.notes[f"dates in {self.mapping.date!r} kept as written"] += 1
            return written
        if date != written:
            self.notes[f"dates in {self.mapping.date!r} read as ISO 8601"] += 1
        return date

    def _shortened(self, value: Any, column: str) -> Any:
        """The metadata value, truncated to the limit rather than refused, because its column is not mapped."""
        limit = self.source.limits.max_text_characters
        if not isinstance(value, str) or len(value) <= limit:
            return value
        self.notes[f"column {column!r} cut to {limit:,} characters"] += 1
        return value[: limit - 1] + "…"


@lru_cache(maxsize=4096)
def _repeated(cell: str) -> str | None:
    """`as_text` of a text that many rows have."""
    return as_text(cell)


def _or_trouble(
    read: Callable[[], _Part | None], part: str, columns: str | None, troubles: dict[str, tuple[str, str]]
) -> _Part | None:
    """The result of `read`, or None with the reason added to `troubles`."""
    try:
        return read()
    except RefusedRow as refused:
        troubles[part] = (columns or "", short(str(refused)))
        return None


def _price(cell: Any) -> dict[str, Any]:
    """The price as a number, with its written form if that contains more (a currency, a range)."""
    written, number = as_text(cell), as_price(cell)
    if number is None:
        return {"price_as_written": written}
    bare = written is not None and re.fullmatch(r"[-+]?\d+(\.\d*)?", written)
    return {"price": number} if bare else {"price": number, "price_as_written": written}
