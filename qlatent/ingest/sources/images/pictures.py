"""Read images without a table from chosen files, a zip or a folder, with folder names as labels and splits."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Container, Iterator, Sequence
from functools import cached_property
from itertools import islice, takewhile
from pathlib import PurePosixPath
from typing import Any

from qlatent.ingest.column import Column
from qlatent.ingest.columns.column_types import column_of
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.files.files import AbstractFiles
from qlatent.ingest.files.splits import split_of
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record
from qlatent.ingest.sources.images.captions import Facts, merged
from qlatent.ingest.sources.source import AbstractSource
from qlatent.types import Refusal

_HOLDERS = frozenset({"image", "images", "img", "imgs", "pictures", "photos", "jpegimages", "data"})
_SAMPLE = 200


class PicturesSource(AbstractSource):
    """One row per file: its name as id, its folder as label, a folder "train" or "test" as split.

    Folders shared by all files give no label. `about` adds captions and metadata from accompanying files. Files in
    `aside` are not images and give no rows.
    """

    about: Sequence[Callable[[str], Facts]] = ()
    aside: Container[str] = frozenset()

    def __init__(self, files: AbstractFiles, *, kind: str, name: str, limits: Limits) -> None:
        self.files = files
        self.kind = kind
        self.name = name
        self.limits = limits
        _ = files.numbered  # fills the refusals and notes
        self.notes = Counter(files.notes)
        self.row_notes = Counter()

    @cached_property
    def _pictures(self) -> list[tuple[int, str]]:
        return [(number, name) for number, name in self.files.numbered if name not in self.aside]

    @cached_property
    def _folders(self) -> Folders:
        return Folders([name for _, name in self._pictures])

    def _values(self, name: str) -> dict[str, Any]:
        label, split = self._folders.label_and_split(name)
        facts = merged(self.about, name)
        return {**facts, "image": name, "id": name, "label": label or facts.get("label"), "split": split}

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        rows = [self._values(name) for _, name in islice(self._pictures, _SAMPLE)]
        said = [self._folders.label_and_split(name) for _, name in self._pictures]
        label, split = (next((each[place] for each in said if each[place]), None) for place in (0, 1))
        rows.append({"label": label, "split": split})
        names = dict.fromkeys(
            ["image", "id", "text", "label", "split", *(key for row in rows for key in row)]
        )
        first = self._pictures[0][1] if self._pictures else ""
        known = {"image": Column("image", "image", first), "id": Column("id", "text", first)}
        found = [known.get(name) or column_of(name, [row.get(name) for row in rows]) for name in names]
        return tuple(
            Column(column.name, "text", column.sample)
            if column.name in ("text", "label", "split")
            else column
            for column in found
            if column.type != "empty"
        )

    def guess(self) -> Mapping:
        present = {column.name for column in self.columns}
        label, split = ("label" if "label" in present else None), ("split" if "split" in present else None)
        text = ("text",) if "text" in present else ()
        return Mapping(id="id", image="image", text=text, label=label, split=split)

    def records(self) -> Iterator[Record | Refusal]:
        refusals = sorted(self.files.refusals, key=lambda refusal: refusal.row)
        waiting = 0
        for number, name in self._pictures:
            while waiting < len(refusals) and refusals[waiting].row < number:
                yield refusals[waiting]
                waiting += 1
            yield Record(number, self._values(name))
        yield from refusals[waiting:]

    def remarks(self) -> tuple[str, ...]:
        for source in self.about:
            self.row_notes.update(getattr(source, "notes", {}))
            getattr(source, "notes", Counter()).clear()
        return super().remarks()

    def image_bytes(self, cell: Any) -> bytes:
        return self.files.read(str(cell), limit=self.limits.max_image_bytes)

    def content_hash(self, mapping: Mapping) -> str:
        return self.files.fingerprint()


class Folders:
    """Labels and splits of images from their folders.

    A folder named as a split ("train", "test", …) is one if it contains folders, if a sibling is a split, or if it has
    no siblings: "train" between "bus" and "car" is a vehicle.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._parts = {name: PurePosixPath(name).parts[:-1] for name in names}
        self._inner: dict[tuple[str, ...], set[str]] = {}
        for parts in self._parts.values():
            for depth, part in enumerate(parts):
                self._inner.setdefault(parts[:depth], set()).add(part.lower())
        self._shared = _shared(list(self._parts.values()))
        labels = {
            (label, parts[-1]) for parts in self._parts.values() if (label := self._split_off(parts)[0])
        }
        only = next(iter(labels)) if len({label for label, _ in labels}) == 1 else None
        # A single folder that contains the splits, or is called "images", is no label.
        says_nothing = only is not None and (only[0].lower() in _HOLDERS or only[0] != _composed(only[1]))
        self._no_label = only[0] if only is not None and says_nothing else None

    def label_and_split(self, name: str) -> tuple[str | None, str | None]:
        """The label and the split of an image, each None if its folders do not give it."""
        label, split = self._split_off(self._parts[name])
        return (None if label == self._no_label else label), split

    def _split_off(self, parts: tuple[str, ...]) -> tuple[str | None, str | None]:
        place = next((depth for depth in range(len(parts)) if self._is_split(parts, depth)), None)
        rest = [part for depth, part in enumerate(parts) if depth >= self._shared and depth != place]
        split = split_of(parts[place]) if place is not None else None
        return (_composed(rest[-1]) if rest else None), split

    def _is_split(self, parts: tuple[str, ...], depth: int) -> bool:
        if split_of(parts[depth]) is None:
            return False
        beside = self._inner[parts[:depth]]
        splits = sum(split_of(name) is not None for name in beside)
        return depth + 1 < len(parts) or splits == len(beside) or splits > 1


def _shared(folders: Sequence[tuple[str, ...]]) -> int:
    """The number of leading folders that all images share."""
    first, last = (min(folders), max(folders)) if folders else ((), ())
    pairs = zip(first, last, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _composed(folder: str) -> str:
    return unicodedata.normalize("NFC", folder)
