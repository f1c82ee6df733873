"""LanceDB tables in one folder; no other module imports lancedb.

Every call opens its table again (1–4 ms) to see the newest commits of other processes.
"""

from __future__ import annotations

import logging
import os
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

# Older versions of shared tables are kept this long for concurrent readers.
_READERS_GRACE = timedelta(minutes=10)
# Datasets keep every version, because runs refer to them; lance would drop them after a week.
_FOR_EVER = timedelta(days=36500)
_BATCH_ROWS = 32_768
_READ_AHEAD_BYTES = 32 * 2**20
_FILTER_CHUNK = 500  # values in one `IN (…)`
_DELETED_AT_ONCE = 20_000  # each deletion reads the whole column and makes a commit
_LONGEST_CREATION_SECONDS = 60.0  # upper limit for creating an empty table, which takes milliseconds

_log = logging.getLogger(__name__)


class Tables:
    """The tables of one folder, by name."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def prepare(self) -> None:
        """Import lancedb, which takes more than a second, before the first table is read."""
        _ = self._database

    @cached_property
    def _database(self) -> Any:
        # lance reads ahead 2 GB by default, so that one pass over large vectors would hold them all
        os.environ.setdefault("LANCE_DEFAULT_IO_BUFFER_SIZE", str(_READ_AHEAD_BYTES))
        import lancedb  # takes seconds to import, so only on first use

        with explained("the items", self.path):
            return lancedb.connect(str(self.path), read_consistency_interval=timedelta(0))

    def names(self, prefix: str) -> list[str]:
        """The names of tables with this prefix and at least one commit, sorted."""
        return [name for name, _ in self.versions(prefix)]

    def versions(self, prefix: str) -> list[tuple[str, int]]:
        """The tables with this prefix and at least one commit: name and version, sorted."""
        found: list[str] = []
        token: str | None = None
        while True:
            page = self._database.list_tables(page_token=token)
            found += [name for name in page.tables if name.startswith(prefix)]
            token = page.page_token
            if not token:
                opened = ((name, self.open(name)) for name in sorted(found))
                return [(name, int(table.version)) for name, table in opened if table is not None]

    def open(self, name: str, *, version: int | None = None) -> Any | None:
        """The newest or a given version of a table; None if it has no commit."""
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

    def state(self, name: str) -> tuple[int, int, int]:
        """Numbers that change with every commit to a table, also if it was dropped and made anew; zeros without one."""
        table = self.open(name)
        if table is None:
            return 0, 0, 0
        return int(table.version), int(table.count_rows()), self.changed(name)

    def changed(self, name: str) -> int:
        """When a table was committed to last, in ns; 0 without one. Opens no table."""
        try:
            return (self.path / f"{name}.lance" / "_versions").stat().st_mtime_ns
        except FileNotFoundError:
            return 0

    def create(self, name: str, data: pa.RecordBatchReader) -> None:
        """Create a table with this content in one commit, atomically."""
        self._database.create_table(name, data)

    def ensure(self, name: str, schema: pa.Schema) -> Any:
        """The table of this name, created empty if necessary; of several processes, one creates it."""
        table = self.open(name)
        if table is not None:
            return table
        # in lance, a creation may overwrite a table that another process has just created, with its rows
        with Claims(self.path / ".creating").hold(name, wait=_LONGEST_CREATION_SECONDS):
            table = self.open(name)
            return self._database.create_table(name, schema=schema) if table is None else table

    def add(self, name: str, data: pa.RecordBatchReader | pa.Table) -> int:
        """Append rows in one commit; returns the new version."""
        return int(self._database.open_table(name).add(data).version)

    def complete(self, name: str, schema: pa.Schema) -> None:
        """Add the columns of a schema that an existing table lacks, as nulls, in one commit."""
        table = self._database.open_table(name)
        known = table.schema.names
        if absent := [field for field in schema if field.name not in known]:
            table.add_columns(absent)

    def drop(self, name: str) -> None:
        """Delete an existing table with all its versions."""
        self._database.drop_table(name)

    def matching(
        self, name: str, column: str, values: Sequence[str], *, columns: list[str]
    ) -> Iterator[pa.Table]:
        """The rows in which the column has one of the values, as several tables."""
        for start in range(0, len(values), _FILTER_CHUNK):
            chunk = values[start : start + _FILTER_CHUNK]
            table = self.open(name)
            if table is not None:
                yield table.search().where(f"{column} IN ({_quoted(chunk)})").select(columns).to_arrow()

    def column(self, name: str, column: str) -> pa.Array:
        """One column in table order; empty if the table or its column does not exist."""
        table = self.open(name)
        if table is None or column not in table.schema.names:
            return pa.array([], pa.string())
        content = gathered(table.search().select([column]))[column]
        return pa.concat_arrays(content.chunks) if content.num_chunks else pa.array([], content.type)

    def keep_only(self, name: str, column: str, wanted: Callable[[pa.Array], pa.Array]) -> int:
        """Delete the rows with unwanted values in a column; returns the number of these values.

        `wanted` maps the present values to booleans. Rows added in the meantime stay: only values passed to `wanted`
        are deleted.
        """
        present = pc.unique(self.column(name, column))
        gone = present.filter(pc.invert(wanted(present))).to_pylist()
        table = self.open(name)
        for start in range(0, len(gone), _DELETED_AT_ONCE):
            assert table is not None  # it has rows
            table.delete(f"{column} IN ({_quoted(gone[start : start + _DELETED_AT_ONCE])})")
        return len(gone)

    def tidy(self, name: str, *, keep_versions: bool = False, unfinished: bool = False) -> None:
        """Merge small files and drop old versions; `unfinished` also removes the leftovers of failed writes.

        `unfinished` requires that no process writes to the table. Simultaneous calls are safe.
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


def gathered(query: Any) -> pa.Table:
    """The result of a query as one table, fetched in larger batches than `to_arrow` does, which takes half the time."""
    reader = query.to_batches(_BATCH_ROWS)
    return pa.Table.from_batches(list(reader), schema=reader.schema)


def select(
    table: Any, query: Any, columns: Sequence[str], schema: pa.Schema, read: Callable[[Any], pa.Table]
) -> pa.Table:
    """Columns of a schema from a query of a table, `read` at once; those that the table lacks are null."""
    known = table.schema.names
    content = read(query.select([column for column in columns if column in known]))
    for column in columns:
        if column not in known:
            field = schema.field(column)
            content = content.append_column(field, pa.nulls(len(content), field.type))
    return content


def _quoted(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)
