"""Who does something to bills, as the ledger and the audit log remember it."""

import sqlalchemy as sa

from pleiade.domain.tenants import Actor
from pleiade.tenancy import audit


def name_of(actor: Actor) -> str:
    """Who answers for a posting: a user, a key, or the machine's operator."""
    return actor.user or actor.key or actor.type


def note(connection: sa.Connection, actor: Actor, act: str, organisation: str, resource: str, **data: str) -> None:
    """Write an act into the audit log, in the act's own transaction and as its last lock. `resource`: its subject."""
    details: dict[str, object] = {"id": resource, **({"data": data} if data else {})}
    audit.append(connection, actor=actor, type=act, organisation=organisation, details=details)
