"""The run index: what lists show of each run, so that a list opens no folder of an ended run.

The run folder is authoritative. A row is a copy of the folder's content when its `status.json` had the modification
time `seen`. A row may show an ended run as active, so readers check the folders of active runs. A row never shows an
active run as ended: `Catalogue.set_queue_state` marks a resumed run as queued here in the same transaction, and
`write` skips a row that changed since the writer read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields

from sqlalchemy import Connection, Row, delete, insert, select, update

from qlatent.errors import AbsentError
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.columns import RUN
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import Indexed, IndexEntry, RunRecord

_INDEX = schema.run_index.c
_RECORD_FIELDS = [field.name for field in fields(RunRecord)]
_ENTRY_FIELDS = [field.name for field in fields(IndexEntry)]
_ENTRY = [_INDEX[name].label(f"index_{name}") for name in _ENTRY_FIELDS]


class RunIndex:
    """The run index of a catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def runs(self, kind: str | None = None) -> list[Indexed]:
        """All runs, or those of one kind, oldest first, with their entries, by a single query."""
        return self._found() if kind is None else self._found(schema.runs.c.kind == kind)

    def run(self, run_id: str) -> Indexed:
        """One run and its entry; an unknown id raises `StoreError`."""
        found = self._found(schema.runs.c.id == run_id)
        if not found:
            raise AbsentError(f"There is no run {run_id!r}.", remedy="Choose one from the list of runs.")
        return found[0]

    def _found(self, *conditions: object) -> list[Indexed]:
        runs = schema.runs
        query = select(*RUN, *_ENTRY).outerjoin(schema.run_index, _INDEX.run_id == runs.c.id)
        query = query.where(runs.c.removed.is_(None), *conditions)  # type: ignore[arg-type]
        return [_indexed(row) for row in self._database.rows(query.order_by(runs.c.created, runs.c.id))]

    def write(self, entries: Iterable[IndexEntry], *, read: Mapping[str, int | None]) -> None:
        """Insert or replace entries.

        `read` has the `seen` of each run's entry that the caller read before the folders (None: no entry). An entry
        that has changed since then stays, as does a key if the new entry has none.
        """
        with self._database.writing() as connection:
            for entry in entries:
                current = connection.scalar(select(_INDEX.seen).where(_INDEX.run_id == entry.run_id))
                if current == read[entry.run_id] and _exists(connection, entry.run_id):
                    put(connection, entry)

    def forget(self, run_ids: Iterable[str]) -> None:
        """Delete the entries of these runs; their folders are read until an entry is written again."""
        with self._database.writing() as connection:
            connection.execute(delete(schema.run_index).where(_INDEX.run_id.in_(list(run_ids))))

    def clear(self) -> None:
        """Delete all entries."""
        with self._database.writing() as connection:
            connection.execute(delete(schema.run_index))

    def write_keys(self, keys: Mapping[str, str]) -> None:
        """Write the training keys of these runs."""
        with self._database.writing() as connection:
            for run_id, key in keys.items():
                changed = update(schema.run_index).where(_INDEX.run_id == run_id)
                connection.execute(changed.values(training_key=key))


def put(connection: Connection, entry: IndexEntry) -> None:
    """Write an entry within the caller's transaction; a key is kept if the new entry has none."""
    values = asdict(entry)
    known = {name: value for name, value in values.items() if name != "training_key" or value}
    changed = connection.execute(update(schema.run_index).where(_INDEX.run_id == entry.run_id).values(known))
    if changed.rowcount == 0:
        connection.execute(insert(schema.run_index).values(values))


def _exists(connection: Connection, run_id: str) -> bool:
    return connection.scalar(select(schema.runs.c.id).where(schema.runs.c.id == run_id)) is not None


def _indexed(row: Row[tuple[object, ...]]) -> Indexed:
    values = row._mapping
    record = RunRecord(*(values[name] for name in _RECORD_FIELDS))
    if values["index_run_id"] is None:
        return record, None
    return record, IndexEntry(*(values[f"index_{name}"] for name in _ENTRY_FIELDS))
