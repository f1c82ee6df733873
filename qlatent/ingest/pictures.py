"""Images without a table: chosen files, a zip or a folder, with folder names as labels and splits."""

from __future__ import annotations

import os.path
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from qlatent.ingest.files import AbstractFiles
from qlatent.ingest.limits import Limits
from qlatent.ingest.mapping import Column, Mapping
from qlatent.ingest.record import Record
from qlatent.ingest.source import AbstractSource
from qlatent.types import Refusal

_SPLITS = frozenset({"train", "training", "test", "testing", "val", "valid", "validation", "dev"})


class PicturesSource(AbstractSource):
    """One row a file: its name as id, its folder as label, a top folder "train" or "test" as split.

    Folders that all files share say nothing about them and give no label.
    """

    def __init__(self, files: AbstractFiles, *, kind: str, name: str, limits: Limits) -> None:
        self.files = files
        self.kind = kind
        self.name = name
        self.limits = limits
        _ = files.numbered  # finds what is skipped
        self.notes = Counter(files.notes)
        self.row_notes = Counter()

    @cached_property
    def _shared(self) -> int:
        """How many leading folders all files have in common."""
        folders = [str(PurePosixPath(name).parent) for _, name in self.files.numbered]
        shared = os.path.commonpath(folders) if folders else ""
        return 0 if shared == "" or "." in folders else len(PurePosixPath(shared).parts)

    def _values(self, name: str) -> dict[str, Any]:
        folders = list(PurePosixPath(name).parts[self._shared : -1])
        split = folders.pop(0).lower() if folders and folders[0].lower() in _SPLITS else None
        return {"image": name, "id": name, "label": folders[-1] if folders else None, "split": split}

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        rows = [self._values(name) for _, name in self.files.numbered]
        types = {"image": "image", "id": "text", "label": "text", "split": "text"}
        found = {key: next((row[key] for row in rows if row[key]), None) for key in types}
        return tuple(Column(key, kind, found[key] or "") for key, kind in types.items() if found[key])

    def guess(self) -> Mapping:
        present = {column.name for column in self.columns}
        label, split = ("label" if "label" in present else None), ("split" if "split" in present else None)
        return Mapping(id="id", image="image", label=label, split=split)

    def records(self) -> Iterator[Record | Refusal]:
        rows: list[Record | Refusal] = [
            Record(number, self._values(name)) for number, name in self.files.numbered
        ]
        yield from sorted([*rows, *self.files.refusals], key=lambda row: row.row)

    def image_bytes(self, cell: Any) -> bytes:
        return self.files.read(str(cell), limit=self.limits.max_image_bytes)

    def content_hash(self, mapping: Mapping) -> str:
        return self.files.fingerprint()
