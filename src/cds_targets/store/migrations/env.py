"""Run by alembic: the changes, in the transaction of the connection that `store.migrate` hands over."""

from alembic import context

from cds_targets.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,
    transactional_ddl=True,
)
context.run_migrations()
