"""What a deployment filters, kept beside it."""

from collections.abc import Callable

import msgspec
import sqlalchemy as sa

from pleiade.domain import Deployment
from pleiade.domain.policy import FilterPolicy
from pleiade.registry.deployments import get_deployment
from pleiade.store import bump_version, unit_of_work
from pleiade.store.tables import deployment_policies


def set_policy(
    db: sa.Engine,
    name: str,
    policy: FilterPolicy | None,
    *,
    record: Callable[[sa.Connection], object] | None = None,
) -> Deployment:
    """Filter by `policy`, or nothing. Gateways follow within a second; no engine is started.

    `record` writes into the audit log, in the same transaction. Raises RegistryError for an unknown name.
    """
    deployment = get_deployment(db, name)
    table = deployment_policies
    with unit_of_work(db) as connection:
        bump_version(connection, "deployments")
        connection.execute(sa.delete(table).where(table.c.deployment == deployment.name))
        if policy is not None:
            row = {"deployment": deployment.name, "policy": msgspec.to_builtins(policy)}
            connection.execute(sa.insert(table).values(row))
        if record is not None:
            record(connection)
    return get_deployment(db, name)
