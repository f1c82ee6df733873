"""Collections of items in the catalogue: their ids, and their last changes, of which the last can be undone."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from qlatent.errors import AbsentError, StoreError
from qlatent.store.catalogue import schema
from qlatent.store.catalogue.columns import COLUMNS
from qlatent.store.catalogue.connection import Database
from qlatent.store.catalogue.records import Change, CollectionChange, CollectionRecord

KEPT_CHANGES = 50  # of each collection
_TABLE, _ITEMS, _CHANGES = schema.collections, schema.collection_items, schema.collection_changes
_WITHOUT_COUNT = ("made", "name_before", "name_after", "undone")


class Collections:
    """The collections of a catalogue; a removed one is in the `Bin`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: CollectionRecord, ids: Collection[str]) -> CollectionRecord:
        """Add a collection with these ids; a taken id or an unknown dataset raises `StoreError`."""
        kept = replace(record, count=len(set(ids)))
        try:
            with self._database.writing() as connection:
                connection.execute(insert(_TABLE).values(asdict(kept)))
                _put(connection, record.id, set(ids))
        except IntegrityError as err:
            raise StoreError(
                f"The collection {record.id!r} cannot be recorded: its id is taken, or its dataset does not exist.",
                remedy="Choose another name, and check the list of datasets.",
            ) from err
        return kept

    def all(self) -> list[CollectionRecord]:
        """All collections, oldest first."""
        columns = COLUMNS[_TABLE]
        query = select(*columns).where(_TABLE.c.removed.is_(None)).order_by(_TABLE.c.created, _TABLE.c.id)
        return [CollectionRecord(**row._mapping) for row in self._database.rows(query)]

    def one(self, collection: str) -> CollectionRecord:
        """One collection; an unknown id raises `AbsentError`."""
        there = (_TABLE.c.id == collection, _TABLE.c.removed.is_(None))
        rows = self._database.rows(select(*COLUMNS[_TABLE]).where(*there))
        if not rows:
            raise _absent(collection)
        return CollectionRecord(**rows[0]._mapping)

    def taken(self, collection: str) -> bool:
        """Whether an id is taken, also by a removed collection that can still be restored."""
        return bool(self._database.rows(select(_TABLE.c.id).where(_TABLE.c.id == collection)))

    def ids(self, collection: str) -> list[str]:
        """The ids of a collection's items, sorted."""
        query = select(_ITEMS.c.item_id).where(_ITEMS.c.collection_id == collection)
        return sorted(row[0] for row in self._database.rows(query))

    def change(self, collection: str, change: Change) -> CollectionChange:
        """Make a change in one transaction and return what it changed; an unknown id raises `AbsentError`.

        Ids that are there already are not added, and ids that are not there are not taken out. A change without effect
        is not recorded.
        """
        with self._database.writing() as connection:
            row = _row(connection, collection)
            present = _present(connection, collection)
            add, take = set(change.add) - present, set(change.take) & present
            name = change.name or row.name
            made = CollectionChange(change.made, len(add), len(take), row.name, name)
            if not add and not take and name == row.name:
                return made
            values = asdict(made) | {"added": sorted(add), "taken": sorted(take), "undone": None}
            connection.execute(insert(_CHANGES).values(values | {"collection_id": collection}))
            _forget_old(connection, collection)
            _apply(connection, row, add=add, take=take, name=name, made=change.made)
            if change.version is not None:
                changed = update(_TABLE).where(_TABLE.c.id == collection)
                connection.execute(changed.values(dataset_version=change.version))
        return made

    def undo(self, collection: str, *, now: float) -> CollectionChange:
        """Undo the last change that is not undone yet, and return it; without one raises `StoreError`."""
        with self._database.writing() as connection:
            row = _row(connection, collection)
            open_ = (_CHANGES.c.collection_id == collection, _CHANGES.c.undone.is_(None))
            last = connection.execute(
                select(_CHANGES).where(*open_).order_by(_CHANGES.c.id.desc()).limit(1)
            ).first()
            if last is None:
                raise StoreError(
                    f"The collection {row.name!r} has no change that could be undone.",
                    remedy="Remove it if it is no longer needed.",
                )
            add, take = set(last.taken), set(last.added)
            _apply(connection, row, add=add, take=take, name=last.name_before, made=now)
            connection.execute(update(_CHANGES).where(_CHANGES.c.id == last.id).values(undone=now))
        return replace(_change(last), undone=True)

    def changes(self, collection: str) -> list[CollectionChange]:
        """The kept changes of a collection, newest first."""
        query = select(_CHANGES).where(_CHANGES.c.collection_id == collection)
        return [_change(row) for row in self._database.rows(query.order_by(_CHANGES.c.id.desc()))]

    def delete(self, collection: str) -> None:
        """Delete a collection and its changes."""
        with self._database.writing() as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.id == collection))


def _absent(collection: str) -> AbsentError:
    return AbsentError(
        f"There is no collection {collection!r}.", remedy="Choose one from `qlatent collections list`."
    )


def _row(connection: Connection, collection: str) -> Row[Any]:
    there = (_TABLE.c.id == collection, _TABLE.c.removed.is_(None))
    row = connection.execute(select(_TABLE).where(*there)).first()
    if row is None:
        raise _absent(collection)
    return row


def _present(connection: Connection, collection: str) -> set[str]:
    query = select(_ITEMS.c.item_id).where(_ITEMS.c.collection_id == collection)
    return set(connection.scalars(query))


def _put(connection: Connection, collection: str, ids: Iterable[str]) -> None:
    rows = [{"collection_id": collection, "item_id": each} for each in sorted(ids)]
    if rows:
        connection.execute(insert(_ITEMS), rows)


def _apply(
    connection: Connection, row: Row[Any], *, add: set[str], take: set[str], name: str, made: float
) -> None:
    """Change ids, name and count of a collection; `undo` may meet ids that a later import made equal."""
    present = _present(connection, row.id)
    gone, put = take & present, add - present
    here = _ITEMS.c.collection_id == row.id
    if 2 * len(gone) > len(present):  # all at once and the rest again, which is faster than one by one
        connection.execute(delete(_ITEMS).where(here))
        put = (present - gone) | add
    elif gone:
        statement = delete(_ITEMS).where(here, _ITEMS.c.item_id == bindparam("gone"))
        connection.execute(statement, [{"gone": each} for each in gone])
    _put(connection, row.id, put)
    count = len((present - take) | add)
    connection.execute(
        update(_TABLE).where(_TABLE.c.id == row.id).values(name=name, changed=made, count=count)
    )


def _forget_old(connection: Connection, collection: str) -> None:
    """Delete all but the newest changes, since each holds the ids it changed."""
    numbers = select(_CHANGES.c.id).where(_CHANGES.c.collection_id == collection)
    kept = connection.scalars(numbers.order_by(_CHANGES.c.id.desc()).limit(KEPT_CHANGES)).all()
    old = (_CHANGES.c.collection_id == collection, _CHANGES.c.id < kept[-1])
    connection.execute(delete(_CHANGES).where(*old))


def _change(row: Row[Any]) -> CollectionChange:
    values = {name: row._mapping[name] for name in _WITHOUT_COUNT} | {"undone": row.undone is not None}
    return CollectionChange(added=len(row.added), taken=len(row.taken), **values)
