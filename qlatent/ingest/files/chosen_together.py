"""Single files and zips chosen together, such as a table and a zip of its photos, as one set of files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from qlatent.ingest.files.archive import ZipFiles
from qlatent.ingest.files.files import AbstractFiles, LooseFiles, files_hash
from qlatent.ingest.limits import Limits
from qlatent.types import Refusal


class ChosenTogether(AbstractFiles):
    """The single files, then those of each zip; a name that is taken stands in a folder of its zip's name."""

    def __init__(self, loose: Sequence[Path], zips: Sequence[Path], *, limits: Limits) -> None:
        self._sets: list[AbstractFiles] = [LooseFiles(loose)] if loose else []
        self._sets += [ZipFiles(path, limits=limits) for path in zips]
        folders = ["", *(path.stem for path in zips)] if loose else [path.stem for path in zips]
        self._places: dict[str, tuple[AbstractFiles, str]] = {}
        for files, folder in zip(self._sets, folders, strict=True):
            for _, name in files.numbered:
                free = name if name not in self._places else str(PurePosixPath(folder) / name)
                self._places[free] = (files, name)
        self.notes = Counter()
        for files in self._sets:
            self.notes.update(files.notes)
        self.refusals = [
            Refusal(number, refusal.reason, refusal.id)
            for number, refusal in enumerate(
                (each for files in self._sets for each in files.refusals), start=len(self._places) + 1
            )
        ]

    @cached_property
    def numbered(self) -> list[tuple[int, str]]:
        return list(enumerate(self._places, start=1))

    def read(self, name: str, *, limit: int) -> bytes:
        files, inner = self._places[name]
        return files.read(inner, limit=limit)

    def open(self, name: str) -> BinaryIO:
        files, inner = self._places[name]
        return files.open(inner)

    def has(self, name: str) -> bool:
        return name in self._places

    def on_disk(self, name: str) -> Path | None:
        files, inner = self._places[name]
        return files.on_disk(inner)

    def spellings(self, name: str) -> tuple[str, ...]:
        files, inner = self._places[name]
        return files.spellings(inner) if name == inner else (name,)

    def fingerprint(self, names: Iterable[str] | None = None) -> str:
        return files_hash(self, names)
