"""API keys: made, found, listed, changed, revoked. The secret is shown once; the table holds its SHA-256 only."""

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping

import msgspec
import sqlalchemy as sa

from pleiade.domain import ALL_SCOPES, DEFAULT_ORGANISATION, DEFAULT_PROJECT, OPERATOR, Actor, Key, Role
from pleiade.domain.principal import Reach
from pleiade.store import reading, unit_of_work, version_of
from pleiade.store.tables import keys
from pleiade.store.tenants import key_uses, organisation_members, service_accounts
from pleiade.tenancy.change import KEYS, Change, change
from pleiade.tenancy.checks import checked_expiry, checked_name, storable
from pleiade.tenancy.errors import ConflictError, InvalidError, NotFoundError
from pleiade.tenancy.pages import Page, page_rows
from pleiade.tenancy.projects import read_project
from pleiade.tenancy.scopes import checked_scopes

SECRET_PREFIX = "sk-pleiade-"


class KeyNotFoundError(NotFoundError):
    """No key, or more than one, answers to what was asked for; the message says what to do."""


def hash_secret(secret: str) -> str:
    """SHA-256 of a secret, in hex (64 characters).

    A plain hash is enough: a secret has 256 random bits, so there is nothing for a slow hash to protect.
    """
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def new_secret() -> tuple[str, str]:
    """A secret that nobody has seen, and its hash."""
    secret = SECRET_PREFIX + secrets.token_urlsafe(32)  # 43 characters
    return secret, hash_secret(secret)


def create_key(
    db: sa.Engine,
    *,
    name: str,
    role: Role = Role.MEMBER,
    organisation: str = DEFAULT_ORGANISATION,
    project: str = DEFAULT_PROJECT,
    owner: str = "",
    kind: Reach | None = None,
    scopes: Iterable[str] = ALL_SCOPES,
    expires: int = 0,
    actor: Actor = OPERATOR,
) -> tuple[str, Key]:
    """A new key: its secret, to be shown once, and the key as stored.

    `expires` is in Unix seconds, 0 = never. `owner`: a member of the organisation or a service account of the
    project; the key never may more than they may, and ends with them. `kind`: by default "admin" for the roles
    owner and admin without an owner, as of the command line, else "project".
    Raises NotFoundError, InvalidError, ConflictError (an archived project), StoreError.
    """
    with change(db, actor) as act:
        return make_key(
            act,
            Key(
                id="",
                sha256="",
                hint="",
                name=name,
                role=role,
                organisation=organisation,
                project=project,
                owner=owner,
                kind=kind or ("admin" if role in (Role.OWNER, Role.ADMIN) and not owner else "project"),
                scopes=tuple(scopes),
                expires=expires,
            ),
        )


def make_key(act: Change, wanted: Key) -> tuple[str, Key]:
    """A key as `wanted`, with an id, a secret and a time of its own, within a change that does more."""
    now = int(time.time())
    secret, digest = new_secret()
    key = msgspec.structs.replace(
        wanted,
        id=f"key_{secrets.token_hex(8)}",
        name=checked_name(wanted.name),
        sha256=digest,
        hint=secret[-4:],
        scopes=checked_scopes(wanted.scopes),
        created=now,
        expires=checked_expiry(wanted.expires, now),
    )
    read_project(act.connection, key.organisation, key.project, active=True)
    if key.owner:
        _check_owner(act.connection, key)
    act.connection.execute(sa.insert(keys).values(**as_row(key)))
    data = {"scopes": list(key.scopes), "name": key.name, "role": key.role, "kind": key.kind, "owner": key.owner}
    data |= {"slot": key.slot} if key.slot else {}
    act.record("api_key.created", key.organisation, key.id, project=key.project, data=data)
    act.open_again()
    return secret, key


def list_keys(db: sa.Engine) -> list[Key]:
    """All keys of all organisations, the revoked and expired and retired too, oldest first."""
    with reading(db) as connection:
        rows = connection.execute(sa.select(keys).order_by(keys.c.created, keys.c.id))
        return [key_of(row._mapping) for row in rows]


def page_keys(
    db: sa.Engine,
    organisation: str,
    *,
    project: str = "",
    owner: str = "",
    kind: Reach | None = None,
    revoked: bool = False,
    after: str = "",
    limit: int = 100,
    newest_first: bool = False,
) -> Page[Key]:
    """Keys of one organisation that fit, a page at a time; retired secrets are no keys of their own here.

    Expired keys are among them, revoked ones only if asked for. Raises NotFoundError, InvalidError.
    """
    query = sa.select(keys).where(keys.c.organisation == organisation, keys.c.replaced_by == "")
    for column, wanted in ((keys.c.project, project), (keys.c.owner, owner), (keys.c.kind, kind)):
        if wanted:
            query = query.where(column == wanted)
    if not revoked:
        query = query.where(keys.c.revoked == 0)
    if not all(storable(text) for text in (organisation, project, owner)):
        return Page(())
    with reading(db) as connection:
        page = page_rows(
            connection,
            query,
            id=keys.c.id,
            created=keys.c.created,
            what="key",
            after=after,
            limit=limit,
            newest_first=newest_first,
        )
    return Page(tuple(key_of(row) for row in page.items), page.more)


def load_keys(db: sa.Engine) -> dict[str, Key]:
    """SHA-256 of the secret → key, for all keys (the caller decides about revoked and expired ones)."""
    return {key.sha256: key for key in list_keys(db)}


def get_key(db: sa.Engine, organisation: str, key: str, *, project: str = "") -> Key:
    """The key of that id in that organisation (and project), revoked ones too. Raises KeyNotFoundError."""
    with reading(db) as connection:
        return read_key(connection, organisation, key, project=project)


def find_key(db: sa.Engine, wanted: str, *, organisation: str = "") -> Key:
    """The key whose id or name is `wanted`; a revoked key only by its id. Raises KeyNotFoundError.

    For people on the machine itself: it looks in all organisations unless one is named.
    """
    query = sa.select(keys).where(
        sa.or_(
            keys.c.id == wanted,
            sa.and_(keys.c.name == wanted, keys.c.revoked == 0, keys.c.replaced_by == ""),
        )
    )
    if organisation:
        query = query.where(keys.c.organisation == organisation)
    found: list[Key] = []
    if storable(wanted) and storable(organisation):
        with reading(db) as connection:
            rows = connection.execute(query.order_by(keys.c.created, keys.c.id).limit(20)).mappings()
            found = [key_of(row) for row in rows]
    exact = [key for key in found if key.id == wanted] or found
    if len(exact) > 1:
        raise KeyNotFoundError(
            f"{len(exact)} keys are called {wanted!r}; say which by id: {', '.join(key.id for key in exact)}"
        )
    if not exact:
        raise KeyNotFoundError(f"no key has the id or the name {wanted[:80]!r}; `pleiade key list` shows them")
    return exact[0]


def update_key(
    db: sa.Engine,
    organisation: str,
    key: str,
    *,
    actor: Actor,
    project: str = "",
    name: str | None = None,
    scopes: Iterable[str] | None = None,
    expires: int | None = None,
) -> Key:
    """Change what is not None, for the key and the secrets that it replaced.

    Raises KeyNotFoundError, InvalidError, ConflictError (revoked).
    """
    with change(db, actor) as act:
        before = read_key(act.connection, organisation, key, project=project)
        if before.revoked or before.replaced_by:
            raise ConflictError(f"key {before.id} is revoked and cannot be changed; create a new one instead")
        changes: dict[str, object] = {}
        if name is not None and checked_name(name) != before.name:
            changes["name"] = checked_name(name)
        if scopes is not None and checked_scopes(tuple(scopes)) != before.scopes:
            changes["scopes"] = checked_scopes(tuple(scopes))
        if expires is not None and expires != before.expires:
            changes["expires"] = checked_expiry(expires, time.time())
        if not changes:
            return before
        after = msgspec.structs.replace(before, **changes)
        row = as_row(after)
        act.connection.execute(sa.update(keys).where(keys.c.id == key).values({name: row[name] for name in changes}))
        if "scopes" in changes:
            retired = sa.update(keys).where(keys.c.replaced_by == key)
            act.connection.execute(retired.values(scopes=row["scopes"]))
        act.record("api_key.updated", organisation, key, project=before.project, changes_requested=changes)
        act.open_again()
    return after


def revoke_key(
    db: sa.Engine, key_id: str, *, organisation: str = "", project: str = "", actor: Actor = OPERATOR
) -> Key:
    """Put a key and its old secrets out of force for good; gateways refuse it within a second.

    `key_id` may be a name where no organisation is given: the command line. Raises KeyNotFoundError.
    """
    if not organisation:
        found = find_key(db, key_id)
        key_id, organisation = found.id, found.organisation
    with change(db, actor) as act:
        key = read_key(act.connection, organisation, key_id, project=project)
        if key.revoked:
            return key
        return revoke(act, key)


def revoke(act: Change, key: Key) -> Key:
    """The same within a change that does more."""
    revoked = msgspec.structs.replace(key, revoked=int(time.time()))
    query = sa.update(keys).where(sa.or_(keys.c.id == key.id, keys.c.replaced_by == key.id), keys.c.revoked == 0)
    act.connection.execute(query.values(revoked=revoked.revoked))
    act.record("api_key.deleted", key.organisation, key.id, project=key.project)
    act.open_again()
    return revoked


def note_last_use(db: sa.Engine, uses: Mapping[str, int]) -> None:
    """Key id (`Principal.key`) → Unix seconds of its last call; earlier times than those known change nothing.

    For gateways, every few seconds and in one batch, never while a caller waits. Raises StoreError.
    """
    rows = [{"key": key, "time": seconds} for key, seconds in sorted(uses.items()) if key]  # one order: no deadlock
    if rows:
        with unit_of_work(db) as connection:
            connection.execute(_NOTE_USE, rows)


def last_uses(db: sa.Engine, key_ids: Iterable[str]) -> dict[str, int]:
    """Key id → Unix seconds of its last call, for those that were used."""
    wanted = [key for key in key_ids if storable(key)]
    found: dict[str, int] = {}
    with reading(db) as connection:
        for begin in range(0, len(wanted), 500):  # SQLite and PostgreSQL bound the parameters of a statement
            query = sa.select(key_uses.c.key, key_uses.c.time).where(key_uses.c.key.in_(wanted[begin : begin + 500]))
            found |= {row.key: row.time for row in connection.execute(query)}
    return found


def version(db: sa.Engine) -> int:
    """Grows with every change of what keys and people may do: who caches them polls this."""
    return version_of(db, KEYS)


def read_key(connection: sa.Connection, organisation: str, key: str, *, project: str = "") -> Key:
    """The key of that id there, in an open transaction. Raises KeyNotFoundError."""
    query = sa.select(keys).where(keys.c.id == key, keys.c.organisation == organisation)
    if project:
        query = query.where(keys.c.project == project)
    known = storable(key) and storable(organisation) and storable(project)
    row = connection.execute(query).mappings().one_or_none() if known else None
    if row is None:
        raise KeyNotFoundError(f"no key has the id {key[:80]!r}")
    return key_of(row)


def key_of(row: sa.RowMapping) -> Key:
    """A row of the table as a key."""
    fields = {str(name): value for name, value in row.items()}
    fields["scopes"] = tuple(str(fields["scopes"]).split())
    return msgspec.convert(fields, Key)


def as_row(key: Key) -> dict[str, object]:
    """A key as a row of the table."""
    return msgspec.structs.asdict(key) | {"scopes": " ".join(key.scopes), "role": key.role.value}


def _check_owner(connection: sa.Connection, key: Key) -> None:
    if not storable(key.owner):
        raise NotFoundError(f"no user or service account has the id {key.owner[:80]!a}")
    if key.owner.startswith("svc_acct_"):
        query = sa.select(service_accounts.c.id).where(
            service_accounts.c.id == key.owner, service_accounts.c.project == key.project
        )
    else:
        query = sa.select(organisation_members.c.user).where(
            organisation_members.c.user == key.owner, organisation_members.c.organisation == key.organisation
        )
    if connection.scalar(query) is None:
        raise NotFoundError(f"no user or service account has the id {key.owner[:80]!r}")
    if key.slot:
        raise InvalidError("key1 and key2 belong to the project: they have no owner", param="owner")


_NOTE_USE = sa.text(
    "INSERT INTO key_uses (key, time) VALUES (:key, :time) "
    "ON CONFLICT (key) DO UPDATE SET time = excluded.time WHERE key_uses.time < excluded.time"
)
