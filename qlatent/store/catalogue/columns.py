"""The columns of each record: without internal marks, and with links only to existing records."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Label, Table, select

from qlatent.store.catalogue import schema


def _columns(table: Table) -> list[Column[Any] | Label[Any]]:
    linked = {"dataset_id": schema.datasets, "run_id": schema.runs}
    own = [column for column in table.c if column.name not in ("removed", "token")]
    return [_link(column, linked[column.name]) if column.name in linked else column for column in own]


def _link(column: Column[Any], to: Table) -> Label[Any]:
    """The link column, null where the target was removed."""
    there = select(to.c.id).where(to.c.id == column, to.c.removed.is_(None))
    return there.correlate(column.table).scalar_subquery().label(column.name)


COLUMNS = {
    table: _columns(table) for table in (schema.datasets, schema.runs, schema.heads, schema.collections)
}
RUN = COLUMNS[schema.runs]
