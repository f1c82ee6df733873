"""The catalogue: records of datasets, imports, runs and heads in SQLite or PostgreSQL.

A removed record keeps its row for a day, marked; lists and look-ups skip it (see `store/catalogue/bin.py`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Row, Table, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from qlatent.errors import AbsentError, StoreError
from qlatent.store.catalogue import run_index, schema
from qlatent.store.catalogue.bin import Bin
from qlatent.store.catalogue.classes import Classes
from qlatent.store.catalogue.collections import Collections
from qlatent.store.catalogue.columns import COLUMNS, RUN
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.job_events import JobEvents
from qlatent.store.catalogue.records import DatasetRecord, HeadRecord, ImportRecord, IndexEntry, RunRecord
from qlatent.store.catalogue.saved_searches import SavedSearches
from qlatent.store.catalogue.saved_views import SavedViews
from qlatent.store.catalogue.triage_cases import TriageCases
from qlatent.store.catalogue.triage_events import TriageEvents
from qlatent.store.catalogue.triage_queues import TriageQueues
from qlatent.store.catalogue.turns import in_turn


class Catalogue:
    """The catalogue of one workspace; safe to use from several threads and processes at once."""

    def __init__(self, url: str) -> None:
        """Connect to an SQLAlchemy URL and migrate the database; one of a newer version raises `StoreError`."""
        self._database = Database(url)

    def close(self) -> None:
        """Close all connections."""
        self._database.close()

    @property
    def problem(self) -> str:
        """The reason why the catalogue is read-only at present, as a sentence; "" if it can be written."""
        return self._database.problem

    @cached_property
    def bin(self) -> Bin:
        """The removed records that can still be restored."""
        return Bin(self._database)

    @cached_property
    def run_index(self) -> run_index.RunIndex:
        """The run index, which holds what lists show of each run."""
        return run_index.RunIndex(self._database)

    @cached_property
    def collections(self) -> Collections:
        """The collections of items."""
        return Collections(self._database)

    @cached_property
    def saved_searches(self) -> SavedSearches:
        """The saved searches."""
        return SavedSearches(self._database)

    @cached_property
    def saved_views(self) -> SavedViews:
        """The saved views of pages."""
        return SavedViews(self._database)

    @cached_property
    def job_events(self) -> JobEvents:
        """The events of hardware jobs, and the budgets of accounts."""
        return JobEvents(self._database)

    @cached_property
    def queues(self) -> TriageQueues:
        """The queues of cases, and the analysts who work on them."""
        return TriageQueues(self._database)

    @cached_property
    def cases(self) -> TriageCases:
        """The cases of queues, and what analysts do with them."""
        return TriageCases(self._database)

    @cached_property
    def triage_events(self) -> TriageEvents:
        """What happened in queues."""
        return TriageEvents(self._database)

    @cached_property
    def classes(self) -> Classes:
        """The classes that follow lessons, their students and answers."""
        return Classes(self._database)

    # --- datasets -----------------------------------------------------------------------------------------

    def add_dataset(self, record: DatasetRecord) -> DatasetRecord:
        """Add a dataset; a taken id raises `StoreError`."""
        self._add(schema.datasets, asdict(record), what=f"dataset {record.id!r}")
        return record

    def datasets(self) -> list[DatasetRecord]:
        """All datasets, oldest first."""
        return [_dataset(row) for row in self._all(schema.datasets)]

    def dataset(self, dataset_id: str) -> DatasetRecord:
        """One dataset; an unknown id raises `StoreError`."""
        return _dataset(self._one(schema.datasets, dataset_id, what="dataset"))

    def update_dataset(self, dataset_id: str, **changes: Any) -> DatasetRecord:
        """Change name, kind, rows, modalities, note or roles; returns the updated record."""
        record = replace(self.dataset(dataset_id), **changes)
        statement = update(schema.datasets).where(schema.datasets.c.id == dataset_id)
        with self._database.writing() as connection:
            connection.execute(statement.values(**changes))
        return record

    def has_dataset(self, dataset_id: str) -> bool:
        """Whether the id is taken, also by a removed dataset that can still be restored.

        Waits for concurrent write transactions.
        """
        with self._database.writing() as connection:
            return connection.scalar(_id_of(schema.datasets, dataset_id)) is not None

    def remove_dataset(self, dataset_id: str) -> None:
        """Delete a dataset and its imports; runs and heads stay and lose their link to it."""
        self._remove(schema.datasets, dataset_id)

    # --- imports ------------------------------------------------------------------------------------------

    def add_import(self, record: ImportRecord) -> ImportRecord:
        """Add an import; returns it with its number."""
        number = self._add(schema.imports, _import(record), what=f"the import of {record.source_name!r}")
        return replace(record, id=number)

    def record_import(self, dataset: DatasetRecord, record: ImportRecord, *, new: bool) -> None:
        """Add an import together with the new state of its dataset, in one transaction; repeating it is harmless.

        `new`: the dataset has no other imports; earlier records of it are replaced.
        """
        table, imports = schema.datasets, schema.imports.c
        with self._database.writing() as connection:
            if connection.scalar(_id_of(table, dataset.id)) is None:
                connection.execute(insert(table).values(asdict(dataset)))
            else:
                kept = ("rows", "modalities", "note", "roles")
                changes = {name: getattr(dataset, name) for name in kept}
                connection.execute(update(table).where(table.c.id == dataset.id).values(changes))
            same = [imports.dataset_id == dataset.id]
            if not new:
                same += [imports.source_hash == record.source_hash, imports.created == record.created]
            connection.execute(delete(schema.imports).where(*same))
            connection.execute(insert(schema.imports).values(_import(record)))

    def find_import(self, source_hash: str, dataset: str | None = None) -> ImportRecord | None:
        """The first import of a source with this hash, into one dataset or any, or None."""
        table, datasets = schema.imports, schema.datasets.c
        query = select(table).join(schema.datasets, table.c.dataset_id == datasets.id)
        query = query.where(table.c.source_hash == source_hash, datasets.removed.is_(None))
        query = query.order_by(table.c.id).limit(1)
        if dataset is not None:
            query = query.where(table.c.dataset_id == dataset)
        rows = self._rows(query)
        return ImportRecord(**rows[0]._mapping) if rows else None

    def imports(self, dataset: str) -> list[ImportRecord]:
        """The imports into a dataset, oldest first."""
        table = schema.imports
        rows = self._rows(select(table).where(table.c.dataset_id == dataset).order_by(table.c.id))
        return [ImportRecord(**row._mapping) for row in rows]

    # --- runs and their queue -----------------------------------------------------------------------------

    def add_run(
        self, record: RunRecord, *, token: str | None = None, entry: IndexEntry | None = None
    ) -> RunRecord:
        """Queue a run and return it; a taken id or a removed dataset raises `StoreError`.

        Of several runs with one token, only the first is queued; the others return it. `entry` is added to the run
        index in the same transaction.
        """
        runs, datasets = schema.runs.c, schema.datasets.c
        try:
            with self._database.writing() as connection:
                gone = select(datasets.id).where(
                    datasets.id == record.dataset_id, datasets.removed.is_not(None)
                )
                if record.dataset_id is not None and connection.scalar(gone) is not None:
                    raise _absent("dataset", record.dataset_id)
                known = connection.execute(select(*RUN).where(runs.token == token)).first()
                if token is not None and known is not None:
                    return RunRecord(**known._mapping)
                connection.execute(insert(schema.runs).values(asdict(record) | {"token": token}))
                if entry is not None:
                    run_index.put(connection, entry)
        except IntegrityError as err:
            raise _taken(f"run {record.id!r}") from err
        return record

    def runs(self, kind: str | None = None) -> list[RunRecord]:
        """All runs, or those of one kind, oldest first."""
        condition = [] if kind is None else [schema.runs.c.kind == kind]
        return [RunRecord(**row._mapping) for row in self._all(schema.runs, *condition)]

    def run(self, run_id: str) -> RunRecord:
        """One run; an unknown id raises `StoreError`."""
        return RunRecord(**self._one(schema.runs, run_id, what="run")._mapping)

    def remove_run(self, run_id: str) -> None:
        """Delete a run; heads trained by it stay."""
        self._remove(schema.runs, run_id)

    def set_queue_state(self, run_id: str, state: str) -> None:
        """Set the queue state of a run; an unknown run raises `StoreError`.

        A run that is queued again is marked as queued in the run index too.
        """
        values: dict[str, Any] = {"queue_state": state}
        if state == "queued":
            values["claimed"] = None
        with self._database.writing() as connection:
            there = (schema.runs.c.id == run_id, schema.runs.c.removed.is_(None))
            changed = connection.execute(update(schema.runs).where(*there).values(values))
            if changed.rowcount == 0:
                raise _absent("run", run_id)
            if state == "queued":
                outdated = {"state": "queued", "seen": -time.time_ns()}  # unique
                index = schema.run_index
                connection.execute(update(index).where(index.c.run_id == run_id).values(outdated))

    def claim_run(
        self,
        limit: int,
        alive: Callable[[str], bool],
        *,
        beside: Collection[str] = (),
        now: float | None = None,
    ) -> str | None:
        """Mark the queued run whose turn it is as running and return its id, unless `limit` running runs are alive.

        Owners take turns (`turns.in_turn`); of one owner's runs the oldest comes first.
        Runs `beside` the others (ids) compute elsewhere: they neither wait for the limit nor count towards it. One
        exclusive write transaction: however many processes claim at once, no run is claimed twice, and never more than
        `limit`. `alive` is called in it for each run marked running; it should count a run claimed just now, whose
        worker has not yet written its status, as alive (`RunRecord.claimed` is the time).
        """
        runs = schema.runs.c
        claimed = time.time() if now is None else now
        with self._database.writing() as connection:
            there = runs.removed.is_(None)
            marked = connection.execute(
                select(runs.id, runs.owner).where(runs.queue_state == "running", there)
            ).all()
            running = [each for each in marked if each.id not in beside and alive(each.id)]
            full = len(running) >= limit
            if full and not beside:
                return None
            oldest = select(runs.id, runs.owner).where(runs.queue_state == "queued", there)
            if full:
                oldest = oldest.where(runs.id.in_(list(beside)))
            oldest = oldest.order_by(runs.created, runs.id).with_for_update()
            waiting = [(each.id, each.owner) for each in connection.execute(oldest)]
            started = select(runs.owner, func.max(runs.claimed)).where(runs.claimed.is_not(None))
            served = {each[0]: each[1] for each in connection.execute(started.group_by(runs.owner))}
            run_id = next(in_turn(waiting, served=served, running=[each.owner for each in running]), None)
            if run_id is not None:
                statement = update(schema.runs).where(runs.id == run_id)
                connection.execute(statement.values(queue_state="running", claimed=claimed))
            return run_id

    # --- heads --------------------------------------------------------------------------------------------

    def add_head(self, record: HeadRecord) -> HeadRecord:
        """Add a kept head and return it; a taken id raises `StoreError`.

        If its run or dataset was deleted in the meantime, the head has no link to it, as after a later deletion.
        """
        try:
            with self._database.writing() as connection:
                kept = replace(
                    record,
                    run_id=connection.scalar(_id_of(schema.runs, record.run_id)),
                    dataset_id=connection.scalar(_id_of(schema.datasets, record.dataset_id)),
                )
                connection.execute(insert(schema.heads).values(asdict(kept)))
        except IntegrityError as err:
            raise _taken(f"head {record.id!r}") from err
        return kept

    def heads(self) -> list[HeadRecord]:
        """All kept heads, oldest first."""
        return [HeadRecord(**row._mapping) for row in self._all(schema.heads)]

    def head(self, head_id: str) -> HeadRecord:
        """One kept head; an unknown id raises `StoreError`."""
        return HeadRecord(**self._one(schema.heads, head_id, what="head")._mapping)

    def rename_head(self, head_id: str, name: str) -> None:
        """Rename a kept head; an unknown id raises `StoreError`."""
        self.head(head_id)
        with self._database.writing() as connection:
            connection.execute(update(schema.heads).where(schema.heads.c.id == head_id).values(name=name))

    def remove_head(self, head_id: str) -> None:
        """Delete a kept head."""
        self._remove(schema.heads, head_id)

    # --- shared by all four -------------------------------------------------------------------------------

    def _add(self, table: Table, values: dict[str, Any], *, what: str) -> int:
        try:
            with self._database.writing() as connection:
                key = connection.execute(insert(table).values(values)).inserted_primary_key
        except IntegrityError as err:
            raise _taken(what) from err
        return int(key[0]) if key is not None and isinstance(key[0], int) else 0

    def _rows(self, query: Any) -> list[Row[Any]]:
        return self._database.rows(query)

    def _all(self, table: Table, *conditions: Any) -> list[Row[Any]]:
        query = select(*COLUMNS[table]).where(table.c.removed.is_(None), *conditions)
        return self._rows(query.order_by(table.c.created, table.c.id))

    def _one(self, table: Table, key: str, *, what: str) -> Row[Any]:
        rows = self._rows(select(*COLUMNS[table]).where(table.c.id == key, table.c.removed.is_(None)))
        if not rows:
            raise _absent(what, key)
        return rows[0]

    def _remove(self, table: Table, key: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(table).where(table.c.id == key))


def _id_of(table: Table, key: str | None) -> Any:
    return select(table.c.id).where(table.c.id == key)


def _import(record: ImportRecord) -> dict[str, Any]:
    values = asdict(record)
    del values["id"]
    return values


def _taken(what: str) -> StoreError:
    return StoreError(
        f"{what} cannot be recorded: its id is taken, or it refers to something that does not exist.",
        remedy="Check the lists of datasets and runs, and try again.",
    )


def _absent(what: str, key: str) -> AbsentError:
    return AbsentError(f"There is no {what} {key!r}.", remedy=f"Choose one from the list of {what}s.")


def _dataset(row: Row[Any]) -> DatasetRecord:
    values = dict(row._mapping)
    return DatasetRecord(**{**values, "modalities": tuple(values["modalities"])})
