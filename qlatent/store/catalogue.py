"""Datasets, imports, runs and heads: small facts in a database, SQLite or PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Row, Table, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from qlatent.errors import StoreError
from qlatent.store import database, schema
from qlatent.store.records import DatasetRecord, HeadRecord, ImportRecord, RunRecord


class Catalogue:
    """The catalogue of one workspace; safe to use from several threads and processes at once."""

    def __init__(self, url: str) -> None:
        """Connects to an SQLAlchemy address and migrates it; `StoreError` if a newer version made it."""
        self._engine = database.connect(url)

    def close(self) -> None:
        """Gives back every connection."""
        self._engine.dispose()

    # --- datasets -----------------------------------------------------------------------------------------

    def add_dataset(self, record: DatasetRecord) -> DatasetRecord:
        """Records a dataset; a `StoreError` if its id is taken."""
        self._add(schema.datasets, asdict(record), what=f"dataset {record.id!r}")
        return record

    def datasets(self) -> list[DatasetRecord]:
        """All datasets, oldest first."""
        return [_dataset(row) for row in self._all(schema.datasets)]

    def dataset(self, dataset_id: str) -> DatasetRecord:
        """One dataset; a `StoreError` if there is none."""
        return _dataset(self._one(schema.datasets, dataset_id, what="dataset"))

    def update_dataset(self, dataset_id: str, **changes: Any) -> DatasetRecord:
        """Changes name, kind, rows, modalities or note, and returns the record as it is then."""
        record = replace(self.dataset(dataset_id), **changes)
        statement = update(schema.datasets).where(schema.datasets.c.id == dataset_id)
        with database.writing(self._engine) as connection:
            connection.execute(statement.values(**changes))
        return record

    def remove_dataset(self, dataset_id: str) -> None:
        """Forgets a dataset and its imports; runs and heads stay and lose their link to it."""
        self._remove(schema.datasets, dataset_id)

    # --- imports ------------------------------------------------------------------------------------------

    def add_import(self, record: ImportRecord) -> ImportRecord:
        """Records an import and returns it with its number."""
        values = asdict(record)
        del values["id"]
        number = self._add(schema.imports, values, what=f"the import of {record.source_name!r}")
        return replace(record, id=number)

    def find_import(self, source_hash: str, dataset: str | None = None) -> ImportRecord | None:
        """The first import of a source with this hash, into one dataset or any."""
        table = schema.imports
        query = select(table).where(table.c.source_hash == source_hash).order_by(table.c.id).limit(1)
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

    def add_run(self, record: RunRecord) -> RunRecord:
        """Puts a run into the queue; a `StoreError` if its id is taken."""
        self._add(schema.runs, asdict(record), what=f"run {record.id!r}")
        return record

    def runs(self, kind: str | None = None) -> list[RunRecord]:
        """All runs, or those of one kind, oldest first."""
        condition = [] if kind is None else [schema.runs.c.kind == kind]
        return [RunRecord(**row._mapping) for row in self._all(schema.runs, *condition)]

    def run(self, run_id: str) -> RunRecord:
        """One run; a `StoreError` if there is none."""
        return RunRecord(**self._one(schema.runs, run_id, what="run")._mapping)

    def remove_run(self, run_id: str) -> None:
        """Forgets a run; heads that came from it stay."""
        self._remove(schema.runs, run_id)

    def set_queue_state(self, run_id: str, state: str) -> None:
        """Sets where a run stands in the queue; a run that is not there is a `StoreError`."""
        values: dict[str, Any] = {"queue_state": state}
        if state == "queued":
            values["claimed"] = None
        with database.writing(self._engine) as connection:
            changed = connection.execute(update(schema.runs).where(schema.runs.c.id == run_id).values(values))
            if changed.rowcount == 0:
                raise _absent("run", run_id)

    def claim_run(self, limit: int, alive: Callable[[str], bool], *, now: float | None = None) -> str | None:
        """The oldest queued run, now marked running, unless `limit` runs that are marked so are alive.

        One write transaction that lets nobody else in: however many processes claim at once, no run is handed
        out twice and never more than `limit`. `alive` is asked inside it for each run marked running; a run
        handed out a moment ago, whose worker has not written its status yet, should count as alive
        (`RunRecord.claimed` tells when that was).
        """
        runs = schema.runs.c
        claimed = time.time() if now is None else now
        with database.writing(self._engine) as connection:
            database.lock(connection)
            running = connection.scalars(select(runs.id).where(runs.queue_state == "running")).all()
            if sum(alive(run_id) for run_id in running) >= limit:
                return None
            oldest = select(runs.id).where(runs.queue_state == "queued").order_by(runs.created, runs.id)
            run_id: str | None = connection.scalars(oldest.limit(1).with_for_update()).first()
            if run_id is not None:
                statement = update(schema.runs).where(runs.id == run_id)
                connection.execute(statement.values(queue_state="running", claimed=claimed))
            return run_id

    # --- heads --------------------------------------------------------------------------------------------

    def add_head(self, record: HeadRecord) -> HeadRecord:
        """Records a kept head; a `StoreError` if its id is taken."""
        self._add(schema.heads, asdict(record), what=f"head {record.id!r}")
        return record

    def heads(self) -> list[HeadRecord]:
        """All kept heads, oldest first."""
        return [HeadRecord(**row._mapping) for row in self._all(schema.heads)]

    def head(self, head_id: str) -> HeadRecord:
        """One kept head; a `StoreError` if there is none."""
        return HeadRecord(**self._one(schema.heads, head_id, what="head")._mapping)

    def remove_head(self, head_id: str) -> None:
        """Forgets a kept head."""
        self._remove(schema.heads, head_id)

    # --- what the four have in common ---------------------------------------------------------------------

    def _add(self, table: Table, values: dict[str, Any], *, what: str) -> int:
        try:
            with database.writing(self._engine) as connection:
                key = connection.execute(insert(table).values(values)).inserted_primary_key
        except IntegrityError as err:
            raise StoreError(
                f"{what} cannot be recorded: its id is taken, or what it refers to is not there.",
                remedy="Look at the lists of datasets and runs, and try again.",
            ) from err
        return int(key[0]) if key is not None and isinstance(key[0], int) else 0

    def _rows(self, query: Any) -> list[Row[Any]]:
        with database.database_errors(self._engine), self._engine.connect() as connection:
            return list(connection.execute(query).all())

    def _all(self, table: Table, *conditions: Any) -> list[Row[Any]]:
        return self._rows(select(table).where(*conditions).order_by(table.c.created, table.c.id))

    def _one(self, table: Table, key: str, *, what: str) -> Row[Any]:
        rows = self._rows(select(table).where(table.c.id == key))
        if not rows:
            raise _absent(what, key)
        return rows[0]

    def _remove(self, table: Table, key: str) -> None:
        with database.writing(self._engine) as connection:
            connection.execute(delete(table).where(table.c.id == key))


def _absent(what: str, key: str) -> StoreError:
    return StoreError(f"There is no {what} {key!r}.", remedy=f"Choose one from the list of {what}s.")


def _dataset(row: Row[Any]) -> DatasetRecord:
    values = dict(row._mapping)
    return DatasetRecord(**{**values, "modalities": tuple(values["modalities"])})
