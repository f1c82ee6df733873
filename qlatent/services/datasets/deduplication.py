"""Find the rows of a file that are new to a dataset, by id and content."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from qlatent.ingest import Mapping
from qlatent.ingest.rows.listings import version_keys
from qlatent.store.workspace import Workspace
from qlatent.types import MODALITIES, Item, Refusal, content_hash

Content = tuple[str | None, ...]
"""Hashes of image, text, unnamed vector and further pictures; an imported vector replaces a missing image or text."""
Said = tuple[Any, ...]
"""What makes another version of a listing besides its content: price and date."""

_COLUMNS = ["id", "image_hash", "text_hash", "given_image", "given_text", "given_vector", "pictures"]
_MADE_ID = re.compile(r"row-\d+(-\d+)?")


def content_of(item: Item) -> Content:
    """The content of an item, by which the store compares items."""
    given = {modality: content_hash(vector) for modality, vector in item.vectors.items()}
    image = given.get("image") if item.image is None else content_hash(item.image)
    text = given.get("text") if item.text is None else content_hash(item.text)
    return image, text, given.get("vector"), *map(content_hash, item.pictures)


class Additions:
    """Filters rows that a dataset does not have yet; counts the others in `present`.

    A row whose id the dataset has with another content is refused, or kept as the next version `<id>#<number>` where
    the mapping says that ids are those of listings; then a new price or date makes a version, too. Ids made from row
    numbers have no meaning outside their file: such a row is compared by content only, and gets a free id if it is new.
    """

    def __init__(self, workspace: Workspace, dataset: str, *, mapping: Mapping | None = None) -> None:
        self.present = 0
        self._keys = version_keys(mapping) if mapping is not None and mapping.has_versions else ()
        self._known: dict[str, Content] = {}
        self._versions: defaultdict[str, list[tuple[Content, Said]]] = defaultdict(
            list
        )  # by id of the listing
        for row in workspace.items.table(
            dataset, columns=[*_COLUMNS, *(["metadata"] if self._keys else [])]
        ).to_pylist():
            image, text = row["image_hash"] or row["given_image"], row["text_hash"] or row["given_text"]
            content = (image, text, row["given_vector"], *(row["pictures"] or ()))
            self._known[row["id"]] = content
            if self._keys:
                said = self._said(json.loads(row["metadata"]))
                self._versions[self._listing(row["id"])].append((content, said))
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
        if self._keys and not made:
            return self._version(item, content)
        if self._known.get(item.id) == content or (made and content in self._contents):
            self.present += 1
            return None
        if item.id in self._known:
            if not made:
                return Refusal(
                    number, f"id {item.id!r} is in the dataset already, with another content", item.id
                )
            item = replace(item, id=self._free_id(item.id))
        self._known[item.id] = content
        return item

    def _version(self, item: Item, content: Content) -> Item | None:
        """The item, as a version of a listing that is known; None if the dataset has this version."""
        listing, said = self._listing(item.id), self._said(item.metadata)
        versions = self._versions[listing]
        if any(each == content and _agree(before, said) for each, before in versions):
            self.present += 1
            return None
        versions.append((content, said))
        if item.id in self._known:
            item = replace(item, id=self._free_id(listing, mark="#", number=len(versions)))
        self._known[item.id] = content
        return item

    def _listing(self, name: str) -> str:
        """The id of the listing of which an id is a version."""
        stem, mark, number = name.rpartition("#")
        return stem if mark and number.isdecimal() and stem in self._known else name

    def _said(self, metadata: dict[str, Any]) -> Said:
        return tuple(metadata.get(key) for key in self._keys)

    def _wrong_width(self, item: Item) -> str:
        for modality in MODALITIES:
            vector, width = item.vectors.get(modality), self._widths.get(modality)
            if vector is not None and width is not None and len(vector) != width:
                return f"its {modality} vector has {len(vector)} numbers; those of the dataset have {width}"
        return ""

    def _free_id(self, name: str, *, mark: str = "-", number: int = 2) -> str:
        while f"{name}{mark}{number}" in self._known:
            number += 1
        return f"{name}{mark}{number}"


def _agree(one: Said, other: Said) -> bool:
    """Whether two rows say the same, as far as both say something: a file without dates makes no new versions."""
    return all(a == b for a, b in zip(one, other, strict=True) if a is not None and b is not None)
