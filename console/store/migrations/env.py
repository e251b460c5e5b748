"""Run by Alembic: applies the steps on the connection that `Database.migrate` hands over."""

from alembic import context

from console.store.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
