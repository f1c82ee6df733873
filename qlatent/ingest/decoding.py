"""Decode text files of any common encoding into lines."""

from __future__ import annotations

import codecs
import io
from collections.abc import Callable
from typing import BinaryIO

from qlatent.errors import InputError
from qlatent.ingest.limits import Limits

Opener = Callable[[], BinaryIO]
"""Opens the same file again on every call, so that it can be read repeatedly."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark starts with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CHUNK = 1 << 20

CP1252_NOTE = "not UTF-8; read as Windows-1252 (Latin-1), so check the accents"


def find_encoding(opener: Opener) -> str:
    """The encoding: by byte order mark, else UTF-16 by its zero bytes, else UTF-8 if valid, else cp1252.

    Reads the whole file once, in chunks of one mebibyte.
    """
    with opener() as stream:
        start = stream.read(4096)
        for mark, name in _BOMS:
            if start.startswith(mark):
                return name
        if _looks_like_utf16(start):
            return "utf-16-le" if start[1::2].count(0) >= start[0::2].count(0) else "utf-16-be"
        return "utf-8" if _is_utf8(start, stream) else "cp1252"


def _looks_like_utf16(start: bytes) -> bool:
    """Whether nearly every second byte is zero, as in Western text in UTF-16; UTF-8 text has no zero bytes."""
    half = len(start) // 2
    zeros = max(start[0::2].count(0), start[1::2].count(0))
    return half > 0 and zeros > 0.4 * half


def _is_utf8(start: bytes, stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    chunk = start
    try:
        while chunk:
            decoder.decode(chunk)
            chunk = stream.read(_CHUNK)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


class _Lines(io.TextIOWrapper):
    """Text file that raises `InputError` for a line longer than the limit, instead of filling the memory."""

    longest = Limits().max_line_characters

    def __next__(self) -> str:  # type: ignore[override]  # as of the class above it
        line = self.readline(self.longest + 1)
        if not line:
            raise StopIteration
        if len(line) > self.longest:
            raise InputError(
                f"The file has a line of more than {self.longest:,} characters.",
                remedy="Check the file, save one row per line, or raise QLATENT_MAX_LINE_CHARACTERS.",
            )
        return line


def open_text(
    opener: Opener, *, encoding: str, newline: str | None = "", limits: Limits | None = None
) -> io.TextIOWrapper:
    """The file as a text stream; bytes that are invalid in the encoding become U+FFFD.

    Iteration raises `InputError` at a line longer than the limit.
    """
    lines = _Lines(opener(), encoding=encoding, errors="replace", newline=newline)
    if limits is not None:
        lines.longest = limits.max_line_characters
    return lines


def whole(stream: BinaryIO, name: str, *, limits: Limits) -> bytes:
    """All bytes of a stream that cannot be read in parts; `InputError` as soon as the limit is exceeded."""
    pieces = []
    size = 0
    while piece := stream.read(_CHUNK):  # a single read would allocate the limit at once
        size += len(piece)
        limits.check_whole(name, size)
        pieces.append(piece)
    return b"".join(pieces)


def is_binary(text: str) -> bool:
    """Whether the text contains control characters that text files lack, as an image read as text does."""
    return any(character < "\t" for character in text)
