"""The run index: of each run what a list shows of it, so that a list opens no folder of a run that has ended.

The run's folder is the truth, and a row is a copy of what the folder said when its `status.json` had the time `seen`.
A row may call a run active that has ended meanwhile: whoever reads asks the folders of active runs. A row never calls a
run ended that is active: `Catalogue.set_queue_state` marks a resumed run as queued here in the transaction that queues
it, and `write` leaves a row alone that was changed since the writer read it.
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
        """All runs, or those of one kind, oldest first, each with its entry if it has one; a single query."""
        return self._found() if kind is None else self._found(schema.runs.c.kind == kind)

    def run(self, run_id: str) -> Indexed:
        """One run and its entry; a `StoreError` if there is no such run."""
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
        """Put entries in place of older ones, or where there was none.

        `read` is the `seen` by run that the caller found before it looked at the folders (None: no entry). An entry
        that somebody has changed since stays; so does a key, where the new entry has none.
        """
        with self._database.writing() as connection:
            for entry in entries:
                current = connection.scalar(select(_INDEX.seen).where(_INDEX.run_id == entry.run_id))
                if current == read[entry.run_id] and _exists(connection, entry.run_id):
                    put(connection, entry)

    def forget(self, run_ids: Iterable[str]) -> None:
        """Drop the entries of these runs: their folders are asked until an entry is written again."""
        with self._database.writing() as connection:
            connection.execute(delete(schema.run_index).where(_INDEX.run_id.in_(list(run_ids))))

    def clear(self) -> None:
        """Drop every entry."""
        with self._database.writing() as connection:
            connection.execute(delete(schema.run_index))

    def write_keys(self, keys: Mapping[str, str]) -> None:
        """Note by run the key of what it trains."""
        with self._database.writing() as connection:
            for run_id, key in keys.items():
                changed = update(schema.run_index).where(_INDEX.run_id == run_id)
                connection.execute(changed.values(training_key=key))


def put(connection: Connection, entry: IndexEntry) -> None:
    """Write an entry within somebody's transaction; a key is kept where the new entry has none."""
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
