"""Self-registration: off until an operator opens it, then with approval, by a waiting list, or to everybody."""

import time

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor, Registration, RegistrationRule, Role, User
from pleiade.domain.tenants import RegistrationState
from pleiade.store import reading
from pleiade.store.tenants import registration_rule, registrations
from pleiade.tenancy.change import Change, change
from pleiade.tenancy.checks import (
    checked_currency,
    checked_email,
    checked_name,
    checked_note,
    checked_role,
    new_id,
    storable,
)
from pleiade.tenancy.errors import ConflictError, InvalidError, not_found
from pleiade.tenancy.members import is_member, join
from pleiade.tenancy.organisations import make_organisation, read_organisation
from pleiade.tenancy.pages import Page, page_rows
from pleiade.tenancy.projects import read_project
from pleiade.tenancy.rows import struct_of
from pleiade.tenancy.users import ensure_user

MODES = ("off", "approval", "waiting-list", "open")


def get_rule(db: sa.Engine) -> RegistrationRule:
    """The rule in force; "off" where nobody set one."""
    with reading(db) as connection:
        return _read_rule(connection)


def set_rule(db: sa.Engine, rule: RegistrationRule, *, actor: Actor) -> RegistrationRule:
    """Open or close self-registration. Raises InvalidError, NotFoundError, ConflictError (archived)."""
    if rule.mode not in MODES:
        raise InvalidError(f"{rule.mode!r} is no way to register: use one of {', '.join(MODES)}", param="mode")
    checked_role(rule.role)
    checked_currency(rule.currency)
    with change(db, actor) as act:
        if rule.organisation:
            if checked_role(rule.role) in (Role.OWNER, Role.ADMIN):
                raise InvalidError(f"whoever registers cannot become {rule.role} of {rule.organisation}", param="role")
            read_organisation(act.connection, rule.organisation, active=True)
            if rule.project:
                read_project(act.connection, rule.organisation, rule.project, active=True)
        encoded = msgspec.json.encode(rule).decode()
        act.connection.execute(sa.delete(registration_rule))
        act.connection.execute(sa.insert(registration_rule).values(name="rule", rule=encoded))
        act.record(
            "registration.updated",
            DEFAULT_ORGANISATION,
            "registration",
            changes_requested=msgspec.to_builtins(rule),
        )
    return rule


def register(db: sa.Engine, *, email: str, name: str, actor: Actor, note: str = "") -> Registration:
    """Somebody asks to be let in: they wait, or (where the rule is "open") are in at once.

    The caller makes sure that the address is theirs before they can sign in with it. Asking again changes nothing
    and tells what became of the first time. Raises InvalidError; ConflictError where registration is off.
    """
    asked = Registration(
        id=new_id("reg_"),
        email=checked_email(email),
        name=checked_name(name),
        note=checked_note(note),
        state="waiting",
        created=int(time.time()),
    )
    with change(db, actor) as act:
        rule = _read_rule(act.connection)
        if rule.mode == "off":
            raise ConflictError("nobody can register here by themselves: ask the operator for an invitation")
        query = sa.select(registrations).where(registrations.c.email == asked.email)
        known = act.connection.execute(query).mappings().one_or_none()
        if known is not None:
            return struct_of(known, Registration)
        act.connection.execute(sa.insert(registrations).values(**msgspec.structs.asdict(asked)))
        act.record("registration.requested", DEFAULT_ORGANISATION, asked.id, data={"email": asked.email})
        return _let_in(act, rule, asked)[1] if rule.mode == "open" else asked


def list_registrations(
    db: sa.Engine, *, state: RegistrationState = "waiting", after: str = "", limit: int = 100
) -> Page[Registration]:
    """Those who wait (or were approved, or refused), first come first. Raises NotFoundError, InvalidError."""
    with reading(db) as connection:
        page = page_rows(
            connection,
            sa.select(registrations).where(registrations.c.state == state),
            id=registrations.c.id,
            created=registrations.c.created,
            what="registration",
            after=after,
            limit=limit,
        )
    return Page(tuple(struct_of(row, Registration) for row in page.items), page.more)


def approve(db: sa.Engine, registration: str, *, actor: Actor) -> tuple[User, Registration]:
    """Let somebody in who waits, or who was refused before. Raises NotFoundError, ConflictError (approved already)."""
    with change(db, actor) as act:
        found = _read(act.connection, registration)
        if found.state == "approved":
            raise ConflictError(f"{found.email} was let in already: user {found.user}")
        return _let_in(act, _read_rule(act.connection), found)


def refuse(db: sa.Engine, registration: str, *, actor: Actor) -> Registration:
    """Do not let somebody in. Raises NotFoundError, ConflictError (approved already)."""
    with change(db, actor) as act:
        found = _read(act.connection, registration)
        if found.state == "approved":
            raise ConflictError(f"{found.email} was let in already: remove the user {found.user} instead")
        return _decide(act, found, "refused", "")


def open_batch(db: sa.Engine, count: int, *, actor: Actor) -> list[Registration]:
    """Let in the `count` people who have waited longest, all or none. Raises InvalidError."""
    if not 1 <= count <= 10_000:
        raise InvalidError(f"a batch of {count} is not between 1 and 10,000 people", param="count")
    query = sa.select(registrations).where(registrations.c.state == "waiting")
    with change(db, actor) as act:
        rows = act.connection.execute(
            query.order_by(registrations.c.created, registrations.c.id).limit(count)
        ).mappings()
        waiting = [struct_of(row, Registration) for row in rows]
        rule = _read_rule(act.connection)
        return [_let_in(act, rule, one)[1] for one in waiting]


def _let_in(act: Change, rule: RegistrationRule, asked: Registration) -> tuple[User, Registration]:
    user = ensure_user(act, asked.email, asked.name)
    if not rule.organisation:
        own = make_organisation(act, asked.name, rule.storefront, rule.billing, rule.currency)
        join(act, own.id, user.id, Role.OWNER)
    else:
        if not is_member(act.connection, rule.organisation, user.id):
            join(act, rule.organisation, user.id, Role(rule.role))
        if rule.project and not is_member(act.connection, rule.organisation, user.id, project=rule.project):
            join(act, rule.organisation, user.id, Role(rule.role), project=rule.project)
    return user, _decide(act, asked, "approved", user.id)


def _decide(act: Change, asked: Registration, state: RegistrationState, user: str) -> Registration:
    decided = msgspec.structs.replace(asked, state=state, decided=int(time.time()), user=user)
    query = sa.update(registrations).where(registrations.c.id == asked.id)
    act.connection.execute(query.values(**msgspec.structs.asdict(decided)))
    act.record(f"registration.{state}", DEFAULT_ORGANISATION, asked.id, data={"email": asked.email})
    return decided


def _read_rule(connection: sa.Connection) -> RegistrationRule:
    encoded = connection.scalar(sa.select(registration_rule.c.rule))
    return RegistrationRule() if encoded is None else msgspec.json.decode(encoded, type=RegistrationRule)


def _read(connection: sa.Connection, registration: str) -> Registration:
    query = sa.select(registrations).where(registrations.c.id == registration)
    row = connection.execute(query).mappings().one_or_none() if storable(registration) else None
    if row is None:
        raise not_found("registration", registration)
    return struct_of(row, Registration)
