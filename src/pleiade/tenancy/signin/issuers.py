"""The issuers that the operator named, in the database."""

import secrets
import time

import msgspec
import sqlalchemy as sa

from pleiade.domain import OPERATOR, Actor
from pleiade.store import bump_version, reading
from pleiade.store.signin import issuers, sessions
from pleiade.tenancy.change import change
from pleiade.tenancy.organisations import read_organisation
from pleiade.tenancy.projects import read_project
from pleiade.tenancy.signin import sessions as browser_sessions
from pleiade.tenancy.signin.issuer import Issuer, IssuerError, check_issuer

VERSION = "issuers"  # the counter that grows with every change


def add_issuer(db: sa.Engine, issuer: Issuer, *, actor: Actor = OPERATOR) -> Issuer:
    """Take the word of one more issuer; its id and time are set here.

    Raises IssuerError, NotFoundError (the organisation, the project), StoreError.
    """
    check_issuer(issuer)
    made = msgspec.structs.replace(issuer, id=f"iss_{secrets.token_hex(8)}", created=int(time.time()))
    try:
        with change(db, actor) as act:
            read_organisation(act.connection, made.organisation, active=True)
            for project in {made.project, *(rule.project for rule in made.rules)} - {""}:
                read_project(act.connection, made.organisation, project, active=True)
            act.connection.execute(sa.insert(issuers).values(**msgspec.to_builtins(made)))
            bump_version(act.connection, VERSION)
            data = {name: value for name, value in msgspec.to_builtins(made).items() if name != "client_secret"}
            act.record("issuer.created", made.organisation, made.id, data=data)
    except sa.exc.IntegrityError as error:
        raise IssuerError(f"the issuer {issuer.issuer!r} is there already: `pleiade issuer list`") from error
    return made


def remove_issuer(db: sa.Engine, issuer_id: str, *, actor: Actor = OPERATOR) -> None:
    """Take its word no more: tokens end within a second, sessions that began there too. Raises IssuerError."""
    with change(db, actor) as act:
        connection = act.connection
        organisation = connection.scalar(sa.select(issuers.c.organisation).where(issuers.c.id == issuer_id))
        if organisation is None:
            raise IssuerError(f"no issuer has the id {issuer_id!r}; `pleiade issuer list` shows them")
        connection.execute(sa.delete(issuers).where(issuers.c.id == issuer_id))
        connection.execute(sa.delete(sessions).where(sessions.c.method == issuer_id))
        bump_version(connection, browser_sessions.VERSION)
        bump_version(connection, VERSION)
        act.record("issuer.deleted", organisation, issuer_id)


def list_issuers(db: sa.Engine) -> list[Issuer]:
    """All issuers, oldest first."""
    with reading(db) as connection:
        return read_issuers(connection)


def read_issuers(connection: sa.Connection) -> list[Issuer]:
    """All issuers, oldest first."""
    rows = connection.execute(sa.select(issuers).order_by(issuers.c.created, issuers.c.id))
    return [msgspec.convert({str(name): value for name, value in row._mapping.items()}, Issuer) for row in rows]
