"""What keys and people of runs are called now, for those who may know."""

from collections.abc import Collection, Iterable
from typing import Any

import sqlalchemy as sa

from pleiade.domain import Principal
from pleiade.runs import Run
from pleiade.store.tables import keys
from pleiade.store.tenants import service_accounts, users
from pleiade.tenancy.rights import may

Names = dict[str, str]


def names_of(connection: sa.Connection, principal: Principal, runs: Iterable[Run]) -> Names:
    """Names by id: of keys, revoked ones too, where `principal` may list those of the project; of people likewise."""
    key_ids, user_ids = set(), set()
    for run in runs:
        place = run.organisation, run.project
        if run.key and may(principal, "api.keys.read", *place):
            key_ids.add(run.key)
        if run.user and may(principal, "api.members.read", *place):
            user_ids.add(run.user)
    names: Names = {}
    if key_ids:
        names.update(_read(connection, sa.select(keys.c.id, keys.c.name).where(keys.c.id.in_(key_ids))))
    return names | people_named(connection, user_ids)


def people_named(connection: sa.Connection, ids: Collection[str]) -> Names:
    """Names of people and service accounts; whoever is not there any more has none."""
    if not ids:
        return {}
    bots = sa.select(service_accounts.c.id, service_accounts.c.name).where(service_accounts.c.id.in_(ids))
    named = sa.func.coalesce(sa.func.nullif(users.c.name, ""), users.c.email)
    people = sa.select(users.c.id, named).where(users.c.id.in_(ids))
    return _read(connection, bots) | _read(connection, people)


def _read(connection: sa.Connection, query: sa.Select[Any]) -> Names:
    return {row[0]: row[1] for row in connection.execute(query)}
