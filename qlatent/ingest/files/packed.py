"""A text table packed with gzip: read as it is, row by row, never unpacked to disk."""

from __future__ import annotations

import gzip
import io
import zlib
from pathlib import Path

from qlatent.errors import InputError
from qlatent.ingest.decoding import Opener
from qlatent.ingest.limits import GROWTH_COUNTS_FROM, Limits

PACKED = (".csv", ".tsv", ".jsonl", ".ndjson", ".json")
_CHUNK = 1 << 20


def is_packed_table(path: Path) -> bool:
    """Whether the name says that it is a text table packed with gzip."""
    return path.suffix.lower() == ".gz" and Path(path.stem).suffix.lower() in PACKED


def table_opener(path: Path, *, limits: Limits) -> Opener:
    """What opens a table, packed or not. A packed one is read through once: `InputError` if damaged or too large."""
    if path.suffix.lower() != ".gz":
        return lambda: path.open("rb")
    _check(path, limits)
    return lambda: io.BufferedReader(gzip.open(path))


def _check(path: Path, limits: Limits) -> None:
    allowed = min(
        limits.max_archive_bytes, max(GROWTH_COUNTS_FROM, path.stat().st_size * limits.max_archive_ratio)
    )
    size = 0
    try:
        with gzip.open(path) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                if size > allowed:
                    raise InputError(
                        f"{path.name} unpacks to more than {allowed:,} bytes.",
                        remedy="Unpack it first, and look.",
                    )
    except (OSError, EOFError, zlib.error) as err:
        raise InputError(f"{path.name} is damaged: {err}.", remedy="Fetch or pack it again.") from err
    if size == 0:
        raise InputError(f"{path.name} is empty.", remedy="Choose a file with content.")
