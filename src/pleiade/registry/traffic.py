"""Which calls a deployment answers itself: draining, canaries, and new engines in place of running ones."""

from collections.abc import Callable

import msgspec
import sqlalchemy as sa

from pleiade.domain import Deployment, ModelKind, Traffic
from pleiade.registry.catalogue import get_model, list_models
from pleiade.registry.deployments import get_deployment, list_deployments
from pleiade.registry.errors import RegistryError
from pleiade.registry.hosts import host_of, is_adapter
from pleiade.store import bump_version, unit_of_work
from pleiade.store.tables import deployment_traffic

# What is compared with what was made before: two models' vectors, or scores, in one index would be worth nothing.
_ONE_MODEL = (ModelKind.EMBEDDING, ModelKind.REWARD, ModelKind.MODERATION)


def set_traffic(
    db: sa.Engine, name: str, traffic: Traffic, *, record: Callable[[sa.Connection], object] | None = None
) -> Deployment:
    """Say which calls the deployment `name` answers itself. Gateways follow within a second; no engine is started.

    `record` writes into the audit log, in the same transaction. Raises RegistryError for an unknown name or canary, one
    that leads nowhere, or back, and a share that is none.
    """
    deployment = get_deployment(db, name)
    if traffic.canary:
        _require_canary(db, deployment, traffic)
    elif traffic.percent:
        raise RegistryError(f"{traffic.percent} % of the calls for {name}, to whom? Name the canary that takes them")
    with unit_of_work(db) as connection:
        bump_version(connection, "deployments")
        _require_end(connection, name, traffic)
        _write(connection, msgspec.structs.replace(deployment, traffic=traffic))
        if record is not None:
            record(connection)
    return get_deployment(db, name)


def restart(db: sa.Engine, name: str, *, record: Callable[[sa.Connection], object] | None = None) -> Deployment:
    """Have a new engine started for a deployment; the running one serves until the other is ready.

    Both are in memory for that time. Raises RegistryError for an unknown name, and for an adapter in the engine of
    another deployment.
    """
    deployment = get_deployment(db, name)
    known = {model.id: model for model in list_models(db)}
    if is_adapter(deployment, known) and (host := host_of(deployment, list_deployments(db), known).name) != name:
        raise RegistryError(f"deployment {name} runs in the engine of {host}: restart that")
    with unit_of_work(db) as connection:
        bump_version(connection, "deployments")
        restarts = connection.scalar(
            sa.select(deployment_traffic.c.restarts).where(deployment_traffic.c.deployment == name)
        )
        _write(connection, msgspec.structs.replace(deployment, restarts=(restarts or 0) + 1))
        if record is not None:
            record(connection)
    return get_deployment(db, name)


def _require_canary(db: sa.Engine, deployment: Deployment, traffic: Traffic) -> None:
    if not 0 <= traffic.percent <= 100:
        raise RegistryError(f"a share of {traffic.percent} %: choose between 0 and 100")
    if traffic.canary == deployment.name:
        raise RegistryError(f"deployment {deployment.name} cannot be its own canary: name another deployment")
    canary = get_deployment(db, traffic.canary)
    mine, theirs = get_model(db, deployment.model), get_model(db, canary.model)
    if mine.kind is not theirs.kind:
        raise RegistryError(
            f"deployment {canary.name} is a {theirs.kind} model, and {deployment.name} a {mine.kind} model"
        )
    if mine.kind in _ONE_MODEL and mine.id != theirs.id:
        raise RegistryError(
            f"deployment {canary.name} serves {theirs.id}, and {deployment.name} serves {mine.id}: what two "
            f"{mine.kind} models make cannot be compared, so a canary must serve the same model"
        )


def _require_end(connection: sa.Connection, name: str, traffic: Traffic) -> None:
    """A call goes to a canary once: where that has a canary too, it would not be clear who answers."""
    table = deployment_traffic.c
    if traffic.canary:
        onward = connection.scalar(sa.select(table.canary).where(table.deployment == traffic.canary))
        if onward:
            raise RegistryError(f"deployment {traffic.canary} has a canary itself, {onward}: take that away first")
        sender = connection.scalar(sa.select(table.deployment).where(table.canary == name, table.deployment != name))
        if sender is not None:
            raise RegistryError(f"deployment {name} is the canary of {sender}: it cannot have one")
        drained = connection.scalar(sa.select(table.drained).where(table.deployment == traffic.canary))
        if drained:
            raise RegistryError(f"deployment {traffic.canary} is drained: let it take calls again first")
    if traffic.drained:
        sender = connection.scalar(sa.select(table.deployment).where(table.canary == name))
        if sender is not None:
            raise RegistryError(
                f"deployment {name} is the canary of {sender}: take it away there, and nothing new comes here"
            )


def _write(connection: sa.Connection, deployment: Deployment) -> None:
    connection.execute(sa.delete(deployment_traffic).where(deployment_traffic.c.deployment == deployment.name))
    connection.execute(
        sa.insert(deployment_traffic).values(
            deployment=deployment.name,
            drained=deployment.traffic.drained,
            canary=deployment.traffic.canary,
            percent=deployment.traffic.percent,
            restarts=deployment.restarts,
        )
    )
