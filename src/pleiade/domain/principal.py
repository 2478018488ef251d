"""Who calls: a key as stored, and the principal that a request acts as once its credential is known."""

from enum import StrEnum
from typing import Literal

import msgspec

from pleiade.domain.tenants import DEFAULT_ORGANISATION, DEFAULT_PROJECT, Billing, Storefront

ALL_SCOPES = ("all",)  # a key that may do whatever its role may


class Role(StrEnum):
    """What somebody may do in an organisation or a project, from most to least; the table is in tenancy/rights.py."""

    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    MEMBER = "member"
    VIEWER = "viewer"

    @property
    def rank(self) -> int:
        """5 for an owner down to 1 for a viewer: a higher role may all that a lower one may."""
        return _RANKS[self.value]


_RANKS = {"owner": 5, "admin": 4, "developer": 3, "member": 2, "viewer": 1}

# "project": acts in its project. "admin": acts in its whole organisation, as far as its role goes.
Reach = Literal["project", "admin"]


class Key(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An API key as it rests in the database: the secret itself is shown once and never stored.

    A key keeps its id when it is rotated. Its old secret then becomes a key of its own, whose `replaced_by`
    is that id, and which opens until it expires: the grace period.
    """

    id: str
    name: str
    sha256: str  # hex digest of the secret
    hint: str  # last four characters, for people to recognise it
    role: Role = Role.MEMBER
    organisation: str = DEFAULT_ORGANISATION
    project: str = DEFAULT_PROJECT
    owner: str = ""  # id of a user or of a service account; "" = nobody's, as the ones of the command line
    kind: Reach = "project"
    scopes: tuple[str, ...] = ALL_SCOPES
    slot: str = ""  # "key1" or "key2": the two that an Azure resource has; "" = any other
    created: int = 0  # Unix seconds
    expires: int = 0  # Unix seconds; 0 = never
    revoked: int = 0  # Unix seconds; 0 = in force
    replaced_by: str = ""  # a retired secret of that key; "" = a key itself


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The caller of one request, as every stage after authentication sees it."""

    key: str  # Key.id, the same before and after a rotation; "" for a person who signed in
    project: str  # "" for a person who acts in an organisation and in no project of it
    role: Role  # in the project; in the organisation where kind is "admin"
    organisation: str = DEFAULT_ORGANISATION
    user: str = ""  # id of the user or service account that acts; "" = nobody in particular
    kind: Reach = "project"
    scopes: tuple[str, ...] = ALL_SCOPES
    storefront: Storefront = Storefront.OPENAI  # whose customer the organisation is
    billing: Billing = Billing.INTERNAL


class OpenKey(msgspec.Struct, frozen=True):
    """What a secret opens, and until when."""

    principal: Principal
    expires: int = 0  # Unix seconds; 0 = never


ANONYMOUS = Principal(key="", project="", organisation="", role=Role.VIEWER)
