"""Size limits of all formats, checked before a source is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

from qlatent.errors import InputError
from qlatent.ingest.record import Chunk, Record
from qlatent.settings import Settings
from qlatent.types import Refusal

GROWTH_COUNTS_FROM = 1_000_000
"""Bytes up to which any compression ratio is allowed."""
_MAX_REFUSALS = 1_000_000
_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Limits:
    """The maximum sizes that are read, with names and defaults as in `qlatent.settings`.

    The `check_…` methods raise an `InputError` with the size found, the limit, and a remedy.
    """

    max_image_pixels: int = 89_000_000
    max_image_bytes: int = 50_000_000
    max_archive_bytes: int = 4_000_000_000
    max_archive_ratio: int = 200
    max_archive_files: int = 200_000
    max_text_characters: int = 20_000
    max_cell_bytes: int = 10_000_000
    max_line_characters: int = 50_000_000
    max_columns: int = 10_000
    max_rows: int = 10_000_000
    max_whole_bytes: int = 1_000_000_000

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits configured in the settings."""
        return cls(**{field.name: getattr(settings, field.name) for field in fields(cls)})

    def check_entries(self, name: str, count: int) -> None:
        """Checks the number of entries of an archive."""
        if count > self.max_archive_files:
            raise InputError(
                f"{name} has {count:,} entries; the limit is {self.max_archive_files:,}.",
                remedy="Split the archive, or raise QLATENT_MAX_ARCHIVE_FILES.",
            )

    def check_total(self, name: str, unpacked: int) -> None:
        """Checks the unpacked size of an archive in bytes."""
        if unpacked > self.max_archive_bytes:
            raise InputError(
                f"{name} unpacks to {unpacked:,} bytes; the limit is {self.max_archive_bytes:,}.",
                remedy="Split it, or raise QLATENT_MAX_ARCHIVE_BYTES if you trust it.",
            )

    def grows_too_much(self, packed: int, unpacked: int) -> bool:
        """Whether the compression ratio exceeds the limit, as in a zip bomb."""
        return unpacked > GROWTH_COUNTS_FROM and unpacked > self.max_archive_ratio * max(packed, 1)

    def check_growth(self, name: str, packed: int, unpacked: int) -> None:
        """Checks the ratio of unpacked to packed bytes of a file."""
        if self.grows_too_much(packed, unpacked):
            raise InputError(
                f"{name} would grow {unpacked / max(packed, 1):,.0f}-fold when unpacked, "
                f"from {packed:,} to {unpacked:,} bytes; the limit is {self.max_archive_ratio}-fold.",
                remedy="Check its content, and raise QLATENT_MAX_ARCHIVE_RATIO if you trust it.",
            )

    def check_whole(self, name: str, size: int) -> None:
        """Checks the size in bytes of data that cannot be read in parts."""
        if size > self.max_whole_bytes:
            raise InputError(
                f"{name} must be read as a whole and has {size:,} bytes; the limit is {self.max_whole_bytes:,}.",
                remedy="Unpack it, save it row by row (JSON lines, Parquet), or raise QLATENT_MAX_WHOLE_BYTES.",
            )

    def check_columns(self, name: str, count: int) -> None:
        """Checks the number of columns of a table."""
        if count > self.max_columns:
            raise InputError(
                f"{name} has {count:,} columns or more; the limit is {self.max_columns:,}.",
                remedy="Keep the numbers of an embedding in one column, or raise QLATENT_MAX_COLUMNS.",
            )

    def check_rows(self, name: str, count: int) -> None:
        """Checks the number of rows of a source."""
        if count > self.max_rows:
            raise InputError(
                f"{name} has {count:,} rows or more; the limit is {self.max_rows:,}.",
                remedy="Split it, or raise QLATENT_MAX_ROWS.",
            )

    def bounded(
        self, rows: Iterable[Chunk | Record | Refusal], name: str
    ) -> Iterator[Chunk | Record | Refusal]:
        """The rows, with a refusal for a row with too many values; `InputError` for too many rows or refusals."""
        count = refused = 0
        for row in rows:
            count += len(row) if isinstance(row, Chunk) else 1
            self.check_rows(name, count)
            if isinstance(row, Chunk):  # its columns are those of the source, which were counted
                yield row
                continue
            if isinstance(row, Record):
                if len(row.values) > self.max_columns:
                    row = Refusal(
                        row.row, f"has {len(row.values):,} values; the limit is {self.max_columns:,}"
                    )
                else:
                    yield row
                    continue
            refused += 1
            if refused > _MAX_REFUSALS:
                raise InputError(
                    f"More than {_MAX_REFUSALS:,} rows of {name} cannot be read; "
                    f"row {row.row} {short(row.reason)}.",
                    remedy="Check that it is the right file, or export it again.",
                )
            yield replace(row, reason=short(row.reason))


def short(reason: str) -> str:
    """The reason, shortened for display."""
    return reason if len(reason) <= _LONGEST_REASON else reason[: _LONGEST_REASON - 1] + "…"
