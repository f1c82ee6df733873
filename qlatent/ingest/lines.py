"""A text file in which every line is an item."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from qlatent.errors import InputError
from qlatent.ingest.cells import RefusedRow
from qlatent.ingest.decoding import CP1252_NOTE, find_encoding, is_binary, open_text
from qlatent.ingest.files import stream_hash
from qlatent.ingest.limits import Limits
from qlatent.ingest.mapping import Column, Mapping
from qlatent.ingest.record import Record
from qlatent.ingest.source import AbstractSource
from qlatent.types import Refusal

_BLANK_NOTE = "blank lines skipped"


class LinesSource(AbstractSource):
    """One text a line, numbered as an editor numbers them; blank lines are skipped and counted."""

    kind = "lines"

    def __init__(self, path: Path, *, limits: Limits) -> None:
        self.path = path
        self.name = path.name
        self.limits = limits
        self.notes = Counter()
        self.row_notes = Counter()
        self._encoding = find_encoding(lambda: self.path.open("rb"))
        if self._encoding == "cp1252":
            self.notes[CP1252_NOTE] += 1

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        first = next((line.strip() for _, line in self._lines() if line.strip()), None)
        if first is None:
            raise InputError(f"{self.name} is empty.", remedy="Choose a file with one text a line.")
        if is_binary(first):
            raise InputError(f"{self.name} is not a text file.", remedy="Save it as plain text in UTF-8.")
        return (Column("text", "text", first[:120]),)

    def _lines(self) -> Iterator[tuple[int, str]]:
        with open_text(lambda: self.path.open("rb"), encoding=self._encoding, newline=None) as lines:
            yield from enumerate(lines, start=1)

    def records(self) -> Iterator[Record | Refusal]:
        for number, line in self._lines():
            if line.strip():
                yield Record(number, {"text": line})
            else:
                self.row_notes[_BLANK_NOTE] += 1

    def image_bytes(self, cell: Any) -> bytes:
        raise RefusedRow("a text file has no images")

    def content_hash(self, mapping: Mapping) -> str:
        with self.path.open("rb") as stream:
            return stream_hash(stream)
