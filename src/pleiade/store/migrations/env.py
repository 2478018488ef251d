"""What Alembic runs: every missing migration, on the connection and in the transaction of `migrate`."""

from alembic import context

from pleiade.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite can, and `migrate` has begun the transaction
    render_as_batch=True,  # SQLite cannot alter a column: later migrations copy the table
)
with context.begin_transaction():
    context.run_migrations()
