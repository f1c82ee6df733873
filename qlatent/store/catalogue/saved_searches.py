"""Saved searches in the catalogue: a name and a definition, for one dataset."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from qlatent.errors import AbsentError, StoreError
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import SearchRecord

_TABLE = schema.saved_searches


class SavedSearches:
    """The saved searches of a catalogue; they go with their dataset."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: SearchRecord) -> SearchRecord:
        """Add a search and return it; a taken id or an unknown dataset raises `StoreError`."""
        try:
            with self._database.writing() as connection:
                connection.execute(insert(_TABLE).values(asdict(record)))
        except IntegrityError as err:
            raise StoreError(
                f"The search {record.name!r} cannot be saved: its dataset {record.dataset_id!r} does not exist.",
                remedy="Choose one from the list of datasets.",
            ) from err
        return record

    def of(self, dataset: str) -> list[SearchRecord]:
        """The saved searches of a dataset, oldest first."""
        query = select(_TABLE).where(_TABLE.c.dataset_id == dataset).order_by(_TABLE.c.created, _TABLE.c.id)
        return [SearchRecord(**row._mapping) for row in self._database.rows(query)]

    def one(self, search: str) -> SearchRecord:
        """One saved search; an unknown id raises `AbsentError`."""
        rows = self._database.rows(select(_TABLE).where(_TABLE.c.id == search))
        if not rows:
            raise _absent(search)
        return SearchRecord(**rows[0]._mapping)

    def delete(self, search: str) -> None:
        """Delete a saved search; an unknown id raises `AbsentError`."""
        with self._database.writing() as connection:
            if connection.execute(delete(_TABLE).where(_TABLE.c.id == search)).rowcount == 0:
                raise _absent(search)


def _absent(search: str) -> AbsentError:
    return AbsentError(
        f"There is no saved search {search!r}.", remedy="Choose one from the list of saved searches."
    )
