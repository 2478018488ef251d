"""Deployments: models made callable under a name, with aliases; each name reaches one deployment only."""

import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import Deployment, Traffic
from pleiade.domain.policy import FilterPolicy
from pleiade.registry.bundled import CHAT_MODEL, EMBEDDING_MODEL, IMAGE_MODEL, MODERATION_MODEL
from pleiade.registry.catalogue import get_model, list_models
from pleiade.registry.errors import RegistryError
from pleiade.registry.versions import note_version
from pleiade.store import bump_version, reading, unit_of_work, version_of
from pleiade.store.tables import (
    deployment_names,
    deployment_policies,
    deployment_projects,
    deployment_traffic,
    deployments,
    versions,
)

# A deployment's own name stands in Azure's paths, /openai/deployments/NAME/…; an alias may have slashes.
VALID_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}")
VALID_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}")

# What a first start deploys, where the bundled model is installed.
DEFAULTS = (
    Deployment(name="pleiade-chat", model=CHAT_MODEL, engine="text_openvino"),
    Deployment(name="pleiade-embed", model=EMBEDDING_MODEL, engine="embed_openvino"),
    Deployment(name="pleiade-image", model=IMAGE_MODEL, engine="image_openvino"),
    # Under OpenAI's own names too, of today and of 2023: what is not named in a request is one of these.
    Deployment(
        name="pleiade-moderation",
        model=MODERATION_MODEL,
        engine="moderation",
        aliases=(
            "omni-moderation-latest",
            "omni-moderation-2024-09-26",
            "text-moderation-latest",
            "text-moderation-stable",
        ),
    ),
)


def deploy(
    db: sa.Engine,
    name: str,
    *,
    model: str,
    engine: str,
    aliases: Sequence[str] = (),
    options: Mapping[str, str | int | float | bool] | None = None,
    project: str = "",
    record: Callable[[sa.Connection], object] | None = None,
) -> Deployment:
    """Make `model` callable as `name` and as each of `aliases`; a deployment of that name is changed.

    A changed deployment keeps its creation time and its traffic; its aliases and options become exactly those given.
    `project`: whose alone it is; "" = everybody may call it, or whoever could before.
    `record` writes into the audit log, in the same transaction.
    Raises RegistryError for an unknown model, an unusable name, or a name that reaches another deployment.
    """
    _require_usable(name, aliases)
    get_model(db, model)
    deployment = Deployment(
        name=name,
        model=model,
        engine=engine,
        aliases=tuple(dict.fromkeys(aliases)),
        options=dict(options or {}),
        created=int(time.time()),
    )
    try:
        with unit_of_work(db) as connection:
            _write(connection, deployment)
            if project:
                _own(connection, name, project)
            bump_version(connection, "deployments")
            if record is not None:
                record(connection)
    except sa.exc.IntegrityError as error:
        raise RegistryError(_conflict(db, deployment)) from error
    return get_deployment(db, name)


def undeploy(db: sa.Engine, name: str, *, record: Callable[[sa.Connection], object] | None = None) -> Deployment:
    """Remove a deployment with its aliases; the model stays. `record` writes into the audit log, with it.

    Raises RegistryError for an unknown name, and for a deployment to which another one sends calls.
    """
    deployment = get_deployment(db, name)
    with unit_of_work(db) as connection:
        bump_version(connection, "deployments")  # first: its row is the lock that lets one change follow another
        traffic = deployment_traffic.c
        sender = connection.scalar(sa.select(traffic.deployment).where(traffic.canary == deployment.name))
        if sender is not None:
            raise RegistryError(
                f"deployment {sender} sends calls to {name}: take that back first (pleiade traffic {sender} --alone)"
            )
        connection.execute(sa.delete(deployments).where(deployments.c.name == deployment.name))
        if record is not None:
            record(connection)
    return deployment


def get_deployment(db: sa.Engine, name: str) -> Deployment:
    """The deployment of that name (not alias). Raises RegistryError that lists what there is."""
    everything = list_deployments(db)
    for deployment in everything:
        if deployment.name == name:
            return deployment
    aliased = [deployment.name for deployment in everything if name in deployment.aliases]
    if aliased:
        raise RegistryError(f"{name!r} is an alias of the deployment {aliased[0]!r}: say that name")
    there = ", ".join(deployment.name for deployment in everything) or "none"
    raise RegistryError(f"no deployment is called {name!r} (there are: {there})")


def list_deployments(db: sa.Engine) -> list[Deployment]:
    """All deployments with their aliases, the oldest first."""
    with reading(db) as connection:
        rows = connection.execute(sa.select(deployments).order_by(deployments.c.created, deployments.c.name)).all()
        names = connection.execute(
            sa.select(deployment_names).where(deployment_names.c.position > 0).order_by(deployment_names.c.position)
        ).all()
        traffic = {row.deployment: row for row in connection.execute(sa.select(deployment_traffic))}
        projects = connection.execute(
            sa.select(deployment_projects).order_by(deployment_projects.c.created, deployment_projects.c.project)
        ).all()
        policies = {row.deployment: row.policy for row in connection.execute(sa.select(deployment_policies))}
    return [
        Deployment(
            name=row.name,
            model=row.model,
            engine=row.engine,
            aliases=tuple(entry.name for entry in names if entry.deployment == row.name),
            options=row.options,
            created=row.created,
            traffic=_traffic(traffic.get(row.name)),
            projects=tuple(one.project for one in projects if one.deployment == row.name),
            policy=msgspec.convert(policies[row.name], FilterPolicy) if row.name in policies else None,
            restarts=traffic[row.name].restarts if row.name in traffic else 0,
        )
        for row in rows
    ]


def deployments_version(db: sa.Engine) -> int:
    """Grows with every change of a deployment or a model: the supervisor polls it."""
    return version_of(db, "deployments") + version_of(db, "models")


def adopt_defaults(db: sa.Engine) -> list[Deployment]:
    """Create each default deployment once in the life of a database, as soon as its model is registered.

    One that an operator removed stays removed. Returns those created now.
    """
    registered = {model.id for model in list_models(db)}
    created = []
    for default in DEFAULTS:
        marker = f"default:{default.name}"
        if default.model not in registered or version_of(db, marker):
            continue
        with unit_of_work(db) as connection:
            bump_version(connection, marker)
            wanted = deployment_names.c.name.in_((default.name, *default.aliases))
            taken = set(connection.scalars(sa.select(deployment_names.c.name).where(wanted)))
            first = connection.scalar(sa.select(versions.c.value).where(versions.c.name == marker)) == 1
            if first and default.name not in taken:  # not while another process creates it at this moment
                free = tuple(alias for alias in default.aliases if alias not in taken)
                created.append(_write(connection, msgspec.structs.replace(default, aliases=free)))
                bump_version(connection, "deployments")
    return created


def _traffic(row: sa.Row[Any] | None) -> Traffic:
    return Traffic() if row is None else Traffic(drained=row.drained, canary=row.canary, percent=row.percent)


def _write(connection: sa.Connection, deployment: Deployment) -> Deployment:
    """Insert or change rows. Raises IntegrityError where one of the names is another deployment's."""
    existing = connection.execute(sa.select(deployments).where(deployments.c.name == deployment.name)).first()
    if existing:
        note_version(connection, existing)  # deployments are older than their versions in the database
    created = existing.created if existing else deployment.created or int(time.time())
    values = {
        "model": deployment.model,
        "engine": deployment.engine,
        "options": deployment.options,
        "created": created,
    }
    if existing:
        connection.execute(sa.update(deployments).where(deployments.c.name == deployment.name).values(**values))
        connection.execute(sa.delete(deployment_names).where(deployment_names.c.deployment == deployment.name))
    else:
        connection.execute(sa.insert(deployments).values(name=deployment.name, **values))
    names = [
        {"name": name, "deployment": deployment.name, "position": position}
        for position, name in enumerate((deployment.name, *deployment.aliases))
    ]
    connection.execute(sa.insert(deployment_names), names)
    note_version(
        connection, connection.execute(sa.select(deployments).where(deployments.c.name == deployment.name)).one()
    )
    return msgspec.structs.replace(deployment, created=created)


def _own(connection: sa.Connection, name: str, project: str) -> None:
    there = deployment_projects.c
    mine = sa.and_(there.deployment == name, there.project == project)
    if connection.scalar(sa.select(there.project).where(mine)) is None:
        row = {"deployment": name, "project": project, "permission": "", "created": int(time.time())}
        connection.execute(sa.insert(deployment_projects).values(row))


def _require_usable(name: str, aliases: Sequence[str]) -> None:
    if not VALID_NAME.fullmatch(name):
        raise RegistryError(
            f"{name!r} cannot be a deployment's name: letters, digits and . _ : @ - only, "
            "letters or digits first, at most 200"
        )
    for alias in aliases:
        if not VALID_ALIAS.fullmatch(alias):
            raise RegistryError(
                f"{alias!r} cannot be an alias: letters, digits and . _ : @ / - only, "
                "letters or digits first, at most 200"
            )
        if alias == name:
            raise RegistryError(f"{alias!r} is the deployment's own name: it needs no alias")


def _conflict(db: sa.Engine, deployment: Deployment) -> str:
    with reading(db) as connection:
        taken = connection.execute(
            sa.select(deployment_names).where(
                deployment_names.c.name.in_((deployment.name, *deployment.aliases)),
                deployment_names.c.deployment != deployment.name,
            )
        ).first()
    if taken is None:
        return f"the deployment {deployment.name!r} was changed by someone else at the same moment: try again"
    what = "the name of another deployment" if taken.position == 0 else f"an alias of {taken.deployment!r}"
    return (
        f"{taken.name!r} is already {what}. Choose another name, or free it first: pleiade undeploy {taken.deployment}"
    )
