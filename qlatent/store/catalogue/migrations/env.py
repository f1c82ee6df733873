"""Run by alembic inside the transaction that `qlatent.store.catalogue.database` opened for it."""

from alembic import context

from qlatent.store.catalogue.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite changes a table by copying it
    render_as_batch=True,
)
context.run_migrations()
