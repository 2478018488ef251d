"""Deployments: models made callable under a name, with aliases; each name reaches one deployment only."""

import re
import time
from collections.abc import Callable, Mapping, Sequence

import sqlalchemy as sa

from pleiade.domain import Deployment
from pleiade.registry.bundled import CHAT_MODEL, EMBEDDING_MODEL, IMAGE_MODEL
from pleiade.registry.catalogue import get_model, list_models
from pleiade.registry.errors import RegistryError
from pleiade.store import bump_version, reading, unit_of_work, version_of
from pleiade.store.tables import deployment_names, deployments, versions

# A deployment's own name stands in Azure's paths, /openai/deployments/NAME/…; an alias may have slashes.
VALID_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@-]{0,199}")
VALID_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}")

# What a first start deploys, where the bundled model is installed.
DEFAULTS = (
    Deployment(name="pleiade-chat", model=CHAT_MODEL, engine="text_openvino"),
    Deployment(name="pleiade-embed", model=EMBEDDING_MODEL, engine="embed_openvino"),
    Deployment(name="pleiade-image", model=IMAGE_MODEL, engine="image_openvino"),
)


def deploy(
    db: sa.Engine,
    name: str,
    *,
    model: str,
    engine: str,
    aliases: Sequence[str] = (),
    options: Mapping[str, str | int | float | bool] | None = None,
    record: Callable[[sa.Connection], object] | None = None,
) -> Deployment:
    """Make `model` callable as `name` and as each of `aliases`; a deployment of that name is changed.

    A changed deployment keeps its creation time; its aliases and options become exactly those given. `record` writes
    into the audit log, in the same transaction.
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
            deployment = _write(connection, deployment)
            bump_version(connection, "deployments")
            if record is not None:
                record(connection)
    except sa.exc.IntegrityError as error:
        raise RegistryError(_conflict(db, deployment)) from error
    return deployment


def undeploy(db: sa.Engine, name: str, *, record: Callable[[sa.Connection], object] | None = None) -> Deployment:
    """Remove a deployment with its aliases; the model stays. `record` writes into the audit log, with it.

    Raises RegistryError for an unknown name.
    """
    deployment = get_deployment(db, name)
    with unit_of_work(db) as connection:
        connection.execute(sa.delete(deployments).where(deployments.c.name == deployment.name))
        bump_version(connection, "deployments")
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
    return [
        Deployment(
            name=row.name,
            model=row.model,
            engine=row.engine,
            aliases=tuple(entry.name for entry in names if entry.deployment == row.name),
            options=row.options,
            created=row.created,
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
            taken = connection.scalar(sa.select(deployment_names.c.name).where(deployment_names.c.name == default.name))
            first = connection.scalar(sa.select(versions.c.value).where(versions.c.name == marker)) == 1
            if first and not taken:  # not while another process creates it at this moment
                created.append(_write(connection, default))
                bump_version(connection, "deployments")
    return created


def _write(connection: sa.Connection, deployment: Deployment) -> Deployment:
    """Insert or change rows. Raises IntegrityError where one of the names is another deployment's."""
    existing = connection.execute(sa.select(deployments).where(deployments.c.name == deployment.name)).first()
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
    return Deployment(
        name=deployment.name,
        model=deployment.model,
        engine=deployment.engine,
        aliases=deployment.aliases,
        options=deployment.options,
        created=created,
    )


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
