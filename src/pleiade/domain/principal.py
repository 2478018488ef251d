"""Who calls: a key as stored, and the principal that a request acts as once its credential is known."""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """What a key may do. Tenancy grows finer roles; the two that matter to the gateway are these."""

    ADMIN = "admin"
    MEMBER = "member"


class Key(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An API key as it rests in the database: the secret itself is shown once and never stored."""

    id: str
    name: str
    sha256: str  # hex digest of the secret
    hint: str  # last four characters, for people to recognise it
    role: Role = Role.MEMBER
    project: str = "default"
    created: int = 0  # Unix seconds
    expires: int = 0  # Unix seconds; 0 = never
    revoked: int = 0  # Unix seconds; 0 = in force


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of one request, as every stage after authentication sees it."""

    key: str  # Key.id
    project: str
    role: Role


ANONYMOUS = Principal(key="", project="", role=Role.MEMBER)
