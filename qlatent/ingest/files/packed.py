"""Read gzipped text tables as streams, without unpacking to disk."""

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
    """Whether the name is that of a gzipped text table."""
    return path.suffix.lower() == ".gz" and Path(path.stem).suffix.lower() in PACKED


def table_opener(path: Path, *, limits: Limits) -> Opener:
    """An opener for a table, gzipped or not; a gzipped one is checked first, `InputError` if damaged or too large."""
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
                        remedy="Unpack it first and check its content.",
                    )
    except (OSError, EOFError, zlib.error) as err:
        raise InputError(
            f"{path.name} is damaged: {err}.", remedy="Download it or compress it again."
        ) from err
    if size == 0:
        raise InputError(f"{path.name} is empty.", remedy="Choose a file with content.")
