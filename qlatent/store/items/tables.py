"""LanceDB tables in one folder: the only file that knows lancedb.

Every call opens its table anew (1–4 ms), so that what another process committed a moment ago is seen.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from qlatent.errors import StoreError
from qlatent.store.claims import Claims
from qlatent.store.disk import explained

# Older versions of shared tables stay this long for whoever is reading them.
_READERS_GRACE = timedelta(minutes=10)
# Datasets keep every version, because runs are frozen on them; lance would drop them after a week.
_FOR_EVER = timedelta(days=36500)
_FILTER_CHUNK = 500  # values in one `IN (…)`
_LONGEST_CREATION_SECONDS = 60.0  # of an empty table; milliseconds in truth

_log = logging.getLogger(__name__)


class Tables:
    """The tables of one folder, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def _database(self) -> Any:
        import lancedb  # seconds to import, so only when items are really asked for

        with explained("the items", self.path):
            return lancedb.connect(str(self.path), read_consistency_interval=timedelta(0))

    def names(self, prefix: str) -> list[str]:
        """The tables whose names begin so and that have at least one commit, sorted."""
        found: list[str] = []
        token: str | None = None
        while True:
            page = self._database.list_tables(page_token=token)
            found += [name for name in page.tables if name.startswith(prefix)]
            token = page.page_token
            if not token:
                return sorted(name for name in found if self.open(name) is not None)

    def open(self, name: str, *, version: int | None = None) -> Any | None:
        """The newest state of a table, or an older version; None if it was never committed."""
        try:
            table = self._database.open_table(name)
        except ValueError as err:
            if "not found" in str(err):
                return None
            raise
        if version is not None and version != table.version:
            try:
                table.checkout(version)
            except ValueError as err:
                raise StoreError(
                    f"Version {version} of {name!r} is not there; the newest is {table.version}.",
                    remedy="Use the dataset as it is now.",
                ) from err
        return table

    def create(self, name: str, data: pa.RecordBatchReader) -> None:
        """A new table with this content, in one commit: it is there whole or not at all."""
        self._database.create_table(name, data)

    def ensure(self, name: str, schema: pa.Schema) -> Any:
        """The table of this name, made empty if it is not there; of several processes one makes it."""
        table = self.open(name)
        if table is not None:
            return table
        # lance lets a creation overwrite one that another process has just finished, rows and all
        with Claims(self.path / ".creating").hold(name, wait=_LONGEST_CREATION_SECONDS):
            table = self.open(name)
            return self._database.create_table(name, schema=schema) if table is None else table

    def add(self, name: str, data: pa.RecordBatchReader | pa.Table) -> int:
        """Appends in one commit and returns the version it made."""
        return int(self._database.open_table(name).add(data).version)

    def drop(self, name: str) -> None:
        """Removes a table that is there, with all its versions."""
        self._database.drop_table(name)

    def matching(
        self, name: str, column: str, values: Sequence[str], *, columns: list[str]
    ) -> Iterator[pa.Table]:
        """The rows whose column has one of the values, in several tables."""
        for start in range(0, len(values), _FILTER_CHUNK):
            chunk = values[start : start + _FILTER_CHUNK]
            table = self.open(name)
            if table is not None:
                yield table.search().where(f"{column} IN ({_quoted(chunk)})").select(columns).to_arrow()

    def column(self, name: str, column: str) -> pa.Array:
        """One whole column, in the order of the table; empty if there is no such table."""
        table = self.open(name)
        if table is None:
            return pa.array([], pa.string())
        content = table.search().select([column]).to_arrow()[column]
        return pa.concat_arrays(content.chunks) if content.num_chunks else pa.array([], content.type)

    def keep_only(self, name: str, column: str, wanted: Callable[[pa.Array], pa.Array]) -> int:
        """Deletes the rows whose value in a column is not wanted; returns how many values those were.

        `wanted` gets the values that are there and answers with as many booleans. What is added meanwhile stays:
        nothing is deleted that `wanted` was not asked about.
        """
        present = pc.unique(self.column(name, column))
        gone = present.filter(pc.invert(wanted(present))).to_pylist()
        table = self.open(name)
        for start in range(0, len(gone), _FILTER_CHUNK):
            assert table is not None  # it had rows
            table.delete(f"{column} IN ({_quoted(gone[start : start + _FILTER_CHUNK])})")
        return len(gone)

    def tidy(self, name: str, *, keep_versions: bool = False, unfinished: bool = False) -> None:
        """Merges small files and drops old versions; `unfinished` also removes what failed writes left.

        `unfinished` needs that nobody writes to the table. Somebody else tidying at the same time is no harm.
        """
        table = self.open(name)
        if table is None:
            return
        try:
            table.optimize(
                cleanup_older_than=_FOR_EVER if keep_versions else _READERS_GRACE,
                delete_unverified=unfinished,
            )
        except RuntimeError as err:
            if "conflict" not in str(err).lower():
                raise
            _log.info("tidying %s left to another process: %s", name, err)


def _quoted(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
