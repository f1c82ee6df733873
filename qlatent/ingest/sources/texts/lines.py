"""Read text files with one item per line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from qlatent.errors import InputError
from qlatent.ingest.column import Column, Content
from qlatent.ingest.columns.mapping import Mapping
from qlatent.ingest.decoding import CP1252_NOTE, find_encoding, is_binary, open_text
from qlatent.ingest.files.files import stream_hash
from qlatent.ingest.limits import Limits
from qlatent.ingest.record import Record, RefusedRow
from qlatent.ingest.sources.source import AbstractSource
from qlatent.ingest.sources.texts.word_vectors import Layout, layout_of
from qlatent.types import Refusal

_BLANK_NOTE = "blank lines skipped"


class LinesSource(AbstractSource):
    """One text per line, with line numbers as in an editor; blank lines are skipped and counted.

    Lines in the formats of GloVe, word2vec and numpy.savetxt are vectors, with words as ids.
    """

    kind = "lines"

    def __init__(self, path: Path, *, limits: Limits) -> None:
        self.path = path
        self.name = path.name
        self.limits = limits
        self.notes = Counter()
        self.row_notes = Counter()
        self._encoding = find_encoding(self._opened)
        if self._encoding == "cp1252":
            self.notes[CP1252_NOTE] += 1

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        first = next((line.strip() for _, line in self._lines() if line.strip()), None)
        if first is None:
            raise InputError(f"{self.name} is empty.", remedy="Choose a file with one text a line.")
        if is_binary(first):
            raise InputError(f"{self.name} is not a text file.", remedy="Save it as plain text in UTF-8.")
        if self._layout is not None:
            about = Content(width=self._layout.width)
            vector = Column("vector", "vector", f"{self._layout.width} numbers", about)
            word = self._layout.values(self._first_vector)["word"]
            return (Column("word", "text", word), vector) if word else (vector,)
        return (Column("text", "text", first[:120]),)

    def _opened(self) -> BinaryIO:
        return self.path.open("rb")

    @cached_property
    def _layout(self) -> Layout | None:
        layout = layout_of(line for _, line in self._lines())
        if layout is not None:
            self.notes[f"read as vectors: {layout.width} numbers a line, a word before them as id"] += 1
        return layout

    @cached_property
    def _first_vector(self) -> str:
        filled = (line for _, line in self._lines() if line.strip())
        return next(islice(filled, int(self._layout is not None and self._layout.has_header), None), "0")

    def guess(self) -> Mapping:
        if self._layout is None:
            return super().guess()
        has_words = any(column.name == "word" for column in self.columns)
        return Mapping(id="word" if has_words else None, vector="vector")

    def _lines(self) -> Iterator[tuple[int, str]]:
        encoding, limits = self._encoding, self.limits
        with open_text(self._opened, encoding=encoding, newline=None, limits=limits) as lines:
            yield from enumerate(lines, start=1)

    def records(self) -> Iterator[Record | Refusal]:
        layout, begun = self._layout, False
        for number, line in self._lines():
            if not line.strip():
                self.row_notes[_BLANK_NOTE] += 1
            elif layout is None:
                yield Record(number, {"text": line})
            elif begun or not layout.has_header:
                yield Record(number, layout.values(line))
            else:
                begun = True  # header line of word2vec: number of words and dimensions

    def image_bytes(self, cell: Any) -> bytes:
        raise RefusedRow("a text file has no images")

    def content_hash(self, mapping: Mapping) -> str:
        with self.path.open("rb") as stream:
            return stream_hash(stream)
