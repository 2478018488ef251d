"""One administrative act: a transaction that holds the end of the audit log from its first statement to its last."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from pleiade.domain import Actor, AuditEvent
from pleiade.store import bump_version, unit_of_work
from pleiade.tenancy import audit

KEYS = "keys"  # the counter that gateways poll; see tenancy/opening.py


class Change:
    """What a function that changes tenants works with: `connection` to read and write, `record` to say what it did."""

    def __init__(self, connection: sa.Connection, actor: Actor) -> None:
        self.connection = connection
        self.actor = actor
        self.recorded: list[AuditEvent] = []

    def record(
        self, type: str, organisation: str, resource: str, *, project: str = "", **details: Mapping[str, Any]
    ) -> None:
        """Write one event; `details` are OpenAI's `data` and `changes_requested`."""
        self.recorded.append(
            audit.append(
                self.connection,
                actor=self.actor,
                type=type,
                organisation=organisation,
                project=project,
                details={"id": resource, **{name: dict(value) for name, value in details.items()}},
            )
        )

    def open_again(self) -> None:
        """What some secret opens has changed: gateways read the keys again within a second."""
        bump_version(self.connection, KEYS)


@contextmanager
def change(db: sa.Engine, actor: Actor) -> Iterator[Change]:
    """Within it, a change of tenants and its audit events are made together, or not at all.

    Changes of tenants happen one after the other, in all processes: each first locks the end of the audit log.
    So "is there another owner?" stays true until the change is made, and the log has one order. They are rare
    and short; nothing that a model's caller waits for comes through here. Raises StoreError.
    """
    with unit_of_work(db) as connection:
        audit.lock(connection)
        yield Change(connection, actor)
