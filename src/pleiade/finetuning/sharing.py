"""Models that jobs made: whose they are, and which further projects of the same organisation may call them."""

import secrets
import time
from collections.abc import Sequence

import sqlalchemy as sa

from pleiade.files.errors import InvalidError, NotFoundError
from pleiade.finetuning.nouns import Permission
from pleiade.store import bump_version
from pleiade.store.finetuning import fine_tuning_checkpoints, fine_tuning_jobs
from pleiade.store.tables import deployment_projects
from pleiade.store.tenants import projects

_may = deployment_projects.c


def owned(connection: sa.Connection, project: str, model: str) -> bool:
    """Whether a job of the project made that model, as its result or on its way."""
    mine = fine_tuning_jobs.c.project == project
    results = sa.select(fine_tuning_jobs.c.id).where(mine, fine_tuning_jobs.c.model == model)
    ways = (
        sa.select(fine_tuning_jobs.c.id)
        .join(fine_tuning_checkpoints, fine_tuning_checkpoints.c.job == fine_tuning_jobs.c.id)
        .where(mine, fine_tuning_checkpoints.c.model == model)
    )
    return any(connection.scalar(query.limit(1)) is not None for query in (results, ways))


def share(
    connection: sa.Connection, organisation: str, project: str, model: str, others: Sequence[str]
) -> list[Permission]:
    """Let other projects of the organisation call a model. Raises NotFoundError, InvalidError."""
    _check(connection, project, model)
    if not others:
        raise InvalidError("Invalid 'project_ids': name at least one project.", param="project_ids")
    known = sa.select(projects.c.id).where(projects.c.organisation == organisation, projects.c.id.in_(list(others)))
    there = set(connection.scalars(known))
    if unknown := [other for other in others if other not in there]:
        raise NotFoundError("Project", unknown[0])
    has = set(connection.scalars(sa.select(_may.project).where(_may.deployment == model)))
    now = int(time.time())
    for other in dict.fromkeys(others):
        if other not in has:
            row = {"deployment": model, "project": other, "permission": f"cp_{secrets.token_hex(12)}", "created": now}
            connection.execute(sa.insert(deployment_projects).values(row))
    bump_version(connection, "deployments")
    return [one for one in permissions(connection, project, model) if one.project_id in others]


def permissions(connection: sa.Connection, project: str, model: str) -> list[Permission]:
    """Who else may call a model, the latest first. Raises NotFoundError."""
    _check(connection, project, model)
    query = sa.select(deployment_projects).where(_may.deployment == model, _may.permission != "")
    return [
        Permission(id=row.permission, created_at=row.created, project_id=row.project)
        for row in connection.execute(query.order_by(_may.created.desc(), _may.permission))
    ]


def unshare(connection: sa.Connection, project: str, model: str, permission: str) -> None:
    """Take a permission back. Raises NotFoundError."""
    _check(connection, project, model)
    if not permission or "\0" in permission:  # PostgreSQL knows no NUL in a text
        raise NotFoundError("Permission", permission)
    gone = connection.execute(
        sa.delete(deployment_projects).where(_may.deployment == model, _may.permission == permission)
    )
    if not gone.rowcount:
        raise NotFoundError("Permission", permission)
    bump_version(connection, "deployments")


def _check(connection: sa.Connection, project: str, model: str) -> None:
    if "\0" in model or not owned(connection, project, model):
        raise NotFoundError("Checkpoint", model)
