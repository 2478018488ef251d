"""Which models a project may call: a list of those allowed, or of those denied; without a list, all of them."""

from collections.abc import Iterable
from typing import Literal

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor
from pleiade.store import bump_version, reading, version_of
from pleiade.store.permissions import model_permissions
from pleiade.tenancy.change import change
from pleiade.tenancy.checks import storable
from pleiade.tenancy.errors import InvalidError, not_found
from pleiade.tenancy.projects import read_project

VERSION = "model_permissions"
MOST = 1000  # names in one list

Mode = Literal["allow_list", "deny_list"]


class ModelPermissions(msgspec.Struct, frozen=True, kw_only=True):
    """A project's list. A name is that of a deployment, an alias or a model."""

    mode: Mode
    models: tuple[str, ...]

    def permits(self, names: Iterable[str]) -> bool:
        """Whether what is reached under `names` may be called: pure."""
        listed = not set(self.models).isdisjoint(names)
        return listed if self.mode == "allow_list" else not listed


def get_permissions(db: sa.Engine, organisation: str, project: str) -> ModelPermissions:
    """The list of a project. Raises NotFoundError where it has none, or is not there."""
    with reading(db) as connection:
        read_project(connection, organisation, project)
        row = connection.execute(sa.select(model_permissions).where(model_permissions.c.project == project)).first()
    if row is None:
        raise not_found("list of models", project)
    return ModelPermissions(mode=row.mode, models=tuple(row.models))


def set_permissions(
    db: sa.Engine, organisation: str, project: str, permissions: ModelPermissions, *, actor: Actor
) -> ModelPermissions:
    """Set or replace the list of a project; gateways follow within a second.

    A name need not exist (yet). Raises NotFoundError, ConflictError (archived), InvalidError.
    """
    if permissions.mode not in ("allow_list", "deny_list"):
        raise InvalidError("the mode is allow_list or deny_list", param="mode")
    if len(permissions.models) > MOST or not all(name and storable(name) for name in permissions.models):
        raise InvalidError(f"name up to {MOST} models, each as clients call it", param="model_ids")
    with change(db, actor) as act:
        read_project(act.connection, organisation, project, active=True)
        act.connection.execute(sa.delete(model_permissions).where(model_permissions.c.project == project))
        row = {"project": project, "mode": permissions.mode, "models": list(permissions.models)}
        act.connection.execute(sa.insert(model_permissions).values(row))
        bump_version(act.connection, VERSION)
        changes = {"model_permissions": msgspec.to_builtins(permissions)}
        act.record("project.updated", organisation, project, project=project, changes_requested=changes)
    return permissions


def remove_permissions(db: sa.Engine, organisation: str, project: str, *, actor: Actor) -> None:
    """Let a project call every model again. Raises NotFoundError where it has no list."""
    with change(db, actor) as act:
        read_project(act.connection, organisation, project)
        gone = act.connection.execute(sa.delete(model_permissions).where(model_permissions.c.project == project))
        if not gone.rowcount:
            raise not_found("list of models", project)
        bump_version(act.connection, VERSION)
        act.record(
            "project.updated", organisation, project, project=project, changes_requested={"model_permissions": None}
        )


def all_permissions(db: sa.Engine) -> dict[str, ModelPermissions]:
    """Every list, by project: what gateways hold in memory."""
    with reading(db) as connection:
        rows = connection.execute(sa.select(model_permissions)).all()
    return {row.project: ModelPermissions(mode=row.mode, models=tuple(row.models)) for row in rows}


def permissions_version(db: sa.Engine) -> int:
    """Grows with every change of a list."""
    return version_of(db, VERSION)
