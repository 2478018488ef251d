"""Versions of deployments: what each ran, in order, and the way back."""

import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa

from pleiade.domain import DeploymentVersion
from pleiade.registry.errors import RegistryError
from pleiade.store import bump_version, reading, unit_of_work
from pleiade.store.tables import deployment_versions, deployments, models


def note_version(connection: sa.Connection, row: sa.Row[Any]) -> None:
    """Write what the deployment in `row` runs now, unless that is its newest version already."""
    table = deployment_versions.c
    newest = connection.execute(
        sa.select(deployment_versions).where(table.deployment == row.name).order_by(table.number.desc()).limit(1)
    ).first()
    if newest is not None and (newest.model, newest.engine, newest.options) == (row.model, row.engine, row.options):
        return
    connection.execute(
        sa.insert(deployment_versions).values(
            deployment=row.name,
            number=newest.number + 1 if newest is not None else 1,
            model=row.model,
            engine=row.engine,
            options=row.options,
            created=int(time.time()) if newest is not None else row.created,
        )
    )


def list_versions(db: sa.Engine, name: str) -> list[DeploymentVersion]:
    """What the deployment `name` ran, the newest first; the first one is what it runs now.

    Raises RegistryError for an unknown name.
    """
    with reading(db) as connection:
        row = _deployment(connection, name)
        found = _versions(connection, name)
    if found:
        return found
    return [DeploymentVersion(number=1, model=row.model, engine=row.engine, options=row.options, created=row.created)]


def version_numbers(db: sa.Engine) -> dict[str, int]:
    """The number of the version that each deployment runs; those that never changed may be missing: they run 1."""
    table = deployment_versions.c
    with reading(db) as connection:
        rows = connection.execute(sa.select(table.deployment, sa.func.max(table.number)).group_by(table.deployment))
        return {row[0]: row[1] for row in rows}


def roll_back(
    db: sa.Engine, name: str, number: int = 0, *, record: Callable[[sa.Connection], object] | None = None
) -> DeploymentVersion:
    """Run again what version `number` of a deployment ran; by default the one before what runs now.

    It becomes a new version, so that a way back is never lost; name, aliases, capacity and traffic stay. Its engine
    is started beside the running one, which serves until the other is ready. `record` writes into the audit log.
    Raises RegistryError where there is no such version, it is what runs now, or its model is gone.
    """
    with unit_of_work(db) as connection:
        bump_version(connection, "deployments")  # first: its row is the lock that lets one change follow another
        _deployment(connection, name)
        versions = _versions(connection, name)
        if len(versions) < 2:
            raise RegistryError(f"deployment {name} has run nothing else yet: there is no version to go back to")
        now, wanted = versions[0], versions[1]
        if number:
            known = {version.number: version for version in versions}
            if number not in known:
                raise RegistryError(f"deployment {name} has no version {number}: its versions are 1 to {now.number}")
            wanted = known[number]
        same = (wanted.model, wanted.engine, wanted.options) == (now.model, now.engine, now.options)
        if same:
            raise RegistryError(f"deployment {name} runs what its version {wanted.number} says already")
        if connection.scalar(sa.select(models.c.id).where(models.c.id == wanted.model)) is None:
            raise RegistryError(
                f"version {wanted.number} of {name} ran {wanted.model}, which is registered no more: "
                "add the model again (pleiade model add), then roll back"
            )
        values = {"model": wanted.model, "engine": wanted.engine, "options": wanted.options}
        connection.execute(sa.update(deployments).where(deployments.c.name == name).values(**values))
        note_version(connection, _deployment(connection, name))
        if record is not None:
            record(connection)
    return list_versions(db, name)[0]


def _deployment(connection: sa.Connection, name: str) -> sa.Row[Any]:
    row = connection.execute(sa.select(deployments).where(deployments.c.name == name)).first()
    if row is None:
        raise RegistryError(f"no deployment is called {name!r}: `pleiade deployments` lists them")
    return row


def _versions(connection: sa.Connection, name: str) -> list[DeploymentVersion]:
    table = deployment_versions.c
    rows = connection.execute(
        sa.select(deployment_versions).where(table.deployment == name).order_by(table.number.desc())
    )
    return [
        DeploymentVersion(
            number=row.number, model=row.model, engine=row.engine, options=row.options, created=row.created
        )
        for row in rows
    ]
