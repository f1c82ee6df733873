"""Find the rows of a file that are new to a dataset, by id and content."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from qlatent.store.workspace import Workspace
from qlatent.types import MODALITIES, Item, Refusal, content_hash

Content = tuple[str | None, str | None, str | None]
"""Hashes of image, text and unnamed vector; an imported vector replaces a missing image or text."""

_COLUMNS = ["id", "image_hash", "text_hash", "given_image", "given_text", "given_vector"]
_MADE_ID = re.compile(r"row-\d+(-\d+)?")


def content_of(item: Item) -> Content:
    """The content of an item, by which the store compares items."""
    given = {modality: content_hash(vector) for modality, vector in item.vectors.items()}
    image = given.get("image") if item.image is None else content_hash(item.image)
    text = given.get("text") if item.text is None else content_hash(item.text)
    return image, text, given.get("vector")


class Additions:
    """Filters rows that a dataset does not have yet; counts the others in `present`.

    A row whose id the dataset has with another content is refused. Ids made from row numbers have no meaning outside
    their file: such a row is compared by content only, and gets a free id if it is new.
    """

    def __init__(self, workspace: Workspace, dataset: str) -> None:
        self.present = 0
        self._known: dict[str, Content] = {}
        for row in workspace.items.table(dataset, columns=_COLUMNS).to_pylist():
            image, text = row["image_hash"] or row["given_image"], row["text_hash"] or row["given_text"]
            self._known[row["id"]] = (image, text, row["given_vector"])
        self._contents = set(self._known.values())
        self._widths = {
            each["modality"]: each["dim"]
            for each in workspace.items.encoders(dataset)
            if each["key"] == "given"
        }

    def filter(self, rows: Iterable[Item | Refusal]) -> Iterator[Item | Refusal]:
        """The new items and all refusals; an item's row number is its position in `rows`."""
        for number, row in enumerate(rows, start=1):
            kept = row if isinstance(row, Refusal) else self._judged(number, row)
            if kept is not None:
                yield kept

    def _judged(self, number: int, item: Item) -> Item | Refusal | None:
        wrong = self._wrong_width(item)
        if wrong:
            return Refusal(number, wrong, item.id)
        made = _MADE_ID.fullmatch(item.id) is not None
        content = content_of(item)
        if self._known.get(item.id) == content or (made and content in self._contents):
            self.present += 1
            return None
        if item.id in self._known:
            if not made:
                return Refusal(
                    number, f"id {item.id!r} is in the dataset already, with another content", item.id
                )
            item = _renamed(item, self._free_id(item.id))
        self._known[item.id] = content
        return item

    def _wrong_width(self, item: Item) -> str:
        for modality in MODALITIES:
            vector, width = item.vectors.get(modality), self._widths.get(modality)
            if vector is not None and width is not None and len(vector) != width:
                return f"its {modality} vector has {len(vector)} numbers; those of the dataset have {width}"
        return ""

    def _free_id(self, name: str) -> str:
        number = 2
        while f"{name}-{number}" in self._known:
            number += 1
        return f"{name}-{number}"


def _renamed(item: Item, name: str) -> Item:
    return Item(
        id=name, image=item.image, text=item.text, label=item.label, split=item.split, metadata=item.metadata,
        vectors=item.vectors, source=item.source,
    )  # fmt: skip
