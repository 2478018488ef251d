"""The list of registered models."""

import re
import time
from collections.abc import Callable

import msgspec
import sqlalchemy as sa

from pleiade.domain import Model, ModelFormat
from pleiade.registry.errors import RegistryError
from pleiade.store import bump_version, reading, unit_of_work
from pleiade.store.tables import deployments, models

VALID_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,199}")


def add_model(db: sa.Engine, model: Model, *, record: Callable[[sa.Connection], object] | None = None) -> Model:
    """Register `model`; an adapter's base is looked up among the registered ones. Returns it as stored.

    `record` writes into the audit log, in the same transaction.

    Raises RegistryError for an id that is taken or not usable, or an adapter whose base is not registered.
    """
    if not VALID_ID.fullmatch(model.id):
        raise RegistryError(
            f"{model.id!r} cannot be a model's name: letters, digits and . _ : @ / - only, "
            "letters or digits first. Give one with --name."
        )
    model = msgspec.structs.replace(model, created=model.created or int(time.time()))
    if model.format is ModelFormat.ADAPTER:
        model = msgspec.structs.replace(model, base=_find_base(db, model).id)
    try:
        with unit_of_work(db) as connection:
            connection.execute(sa.insert(models).values(**_full(model)))
            bump_version(connection, "models")
            if record is not None:
                record(connection)
    except sa.exc.IntegrityError as error:
        raise RegistryError(
            f"a model called {model.id!r} is registered already. Give another name with --name, "
            f"or remove it: pleiade model remove {model.id}"
        ) from error
    return model


def replace_model(db: sa.Engine, model: Model) -> None:
    """Register `model`, or bring its row up to date: bundled models move and change with upgrades."""
    model = msgspec.structs.replace(model, created=model.created or int(time.time()))
    values = _full(model)
    with unit_of_work(db) as connection:
        known = connection.execute(sa.select(models).where(models.c.id == model.id)).first()
        if known is None:
            connection.execute(sa.insert(models).values(**values))
        else:
            values["created"] = known.created
            if all(getattr(known, name) == value for name, value in values.items()):
                return
            connection.execute(sa.update(models).where(models.c.id == model.id).values(**values))
        bump_version(connection, "models")


def list_models(db: sa.Engine) -> list[Model]:
    """All registered models, the oldest first."""
    with reading(db) as connection:
        rows = connection.execute(sa.select(models).order_by(models.c.created, models.c.id))
        return [_model(row) for row in rows]


def get_model(db: sa.Engine, model_id: str) -> Model:
    """One model. Raises RegistryError that lists what there is."""
    with reading(db) as connection:
        row = connection.execute(sa.select(models).where(models.c.id == model_id)).first()
    if row is None:
        there = ", ".join(model.id for model in list_models(db)) or "none yet"
        raise RegistryError(f"no model is called {model_id!r} (registered: {there}). Add it: pleiade model add …")
    return _model(row)


def remove_model(db: sa.Engine, model_id: str, *, record: Callable[[sa.Connection], object] | None = None) -> Model:
    """Forget a model; its files stay. `record` writes into the audit log, in the same transaction.

    Raises RegistryError while a deployment or an adapter needs it.
    """
    model = get_model(db, model_id)
    with unit_of_work(db) as connection:
        users = connection.scalars(sa.select(deployments.c.name).where(deployments.c.model == model_id)).all()
        if users:
            raise RegistryError(
                f"{model_id!r} is deployed as {', '.join(users)}. Remove that first: "
                + "; ".join(f"pleiade undeploy {name}" for name in users)
            )
        adapters = connection.scalars(sa.select(models.c.id).where(models.c.base == model_id)).all()
        if adapters:
            raise RegistryError(f"{model_id!r} is the base of {', '.join(adapters)}. Remove that first.")
        connection.execute(sa.delete(models).where(models.c.id == model_id))
        bump_version(connection, "models")
        if record is not None:
            record(connection)
    return model


def _find_base(db: sa.Engine, adapter: Model) -> Model:
    """The registered model that `adapter` says it adapts: by id, by path, or by its name on the hub."""
    wanted = adapter.base
    everything = [model for model in list_models(db) if model.format is not ModelFormat.ADAPTER]
    for model in everything:
        on_hub = model.source.removeprefix("hf:").split("@")[0]
        if wanted and wanted in (model.id, model.path, on_hub):
            return model
    short = wanted.rstrip("/").rsplit("/", 1)[-1]
    named = [model for model in everything if model.id == short]
    if named:
        return named[0]
    raise RegistryError(
        f"the adapter {adapter.id!r} adapts {wanted or 'an unnamed model'!r}, which is not registered. "
        "Add that model first, or say which registered one it is with --base."
    )


def _full(model: Model) -> dict[str, object]:
    """All columns of a row, defaults too."""
    return {name: _plain(value) for name, value in msgspec.structs.asdict(model).items()}


def _plain(value: object) -> object:
    return str(value) if isinstance(value, str) else value


def _model(row: sa.Row[tuple[object, ...]]) -> Model:
    return msgspec.convert({str(name): value for name, value in row._mapping.items()}, Model)
