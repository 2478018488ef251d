"""Is there such a key, project or organisation? A limit on a misspelt name would silently limit nobody."""

import sqlalchemy as sa

from pleiade.domain.limits import Scope
from pleiade.quota.errors import LimitsError
from pleiade.store import tables, tenants

_TABLES = {Scope.KEY: tables.keys, Scope.PROJECT: tenants.projects, Scope.ORGANISATION: tenants.organisations}
_LISTS = {Scope.KEY: "pleiade key list", Scope.PROJECT: "pleiade project list", Scope.ORGANISATION: "pleiade org list"}


def require_subject(connection: sa.Connection, scope: Scope, subject: str) -> None:
    """Raises LimitsError where `subject` is no id of that scope."""
    table = _TABLES.get(scope)
    if table is None:
        raise LimitsError(f"a {scope} has a capacity, not a rate or budget: pleiade quota capacity {subject} UNITS")
    if connection.scalar(sa.select(table.c.id).where(table.c.id == subject)) is None:
        raise LimitsError(f"there is no {scope} with the id {subject!r}: `{_LISTS[scope]}` shows them")


def require_model(connection: sa.Connection, model: str) -> None:
    """Raises LimitsError where `model` is neither "" (all of them) nor registered."""
    if model and connection.scalar(sa.select(tables.models.c.id).where(tables.models.c.id == model)) is None:
        raise LimitsError(f"no model is called {model!r}: `pleiade model list` shows them")
