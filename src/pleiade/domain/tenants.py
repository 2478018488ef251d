"""Who Pleiade serves: organisations, their projects and people, and what is written down about changes."""

from enum import StrEnum
from typing import Any, Literal

import msgspec

DEFAULT_ORGANISATION = "default"  # the house's own, there from the first start
DEFAULT_PROJECT = "default"


class Storefront(StrEnum):
    """Whose customer an organisation is; it decides the price list, whatever URL the organisation calls."""

    OPENAI = "openai"
    AZURE = "azure"


class Billing(StrEnum):
    """How an organisation pays: not at all (own use), by invoice after the month, or by credits before."""

    INTERNAL = "internal"
    INVOICED = "invoiced"
    PREPAID = "prepaid"


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """A customer, or the house itself."""

    id: str  # "org-…"
    name: str
    storefront: Storefront = Storefront.OPENAI
    billing: Billing = Billing.INTERNAL
    currency: str = "USD"  # ISO 4217
    created: int = 0  # Unix seconds
    archived: int = 0  # Unix seconds; 0 = active
    deleted: int = 0  # Unix seconds; the row stays for the books, and nobody finds it by its id any more


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an organisation with its own keys, limits and usage."""

    id: str  # "proj_…"
    organisation: str
    name: str
    created: int = 0  # Unix seconds
    archived: int = 0  # Unix seconds; 0 = active

    @property
    def status(self) -> Literal["active", "archived"]:
        """As OpenAI's API says it."""
        return "archived" if self.archived else "active"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person, known by their email address."""

    id: str  # "user-…"
    email: str  # in lower case
    name: str
    created: int = 0  # Unix seconds


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A person's place in an organisation (`project` is "") or in one of its projects."""

    user: str
    email: str
    name: str
    organisation: str
    project: str
    role: str  # a Role's value
    created: int = 0  # Unix seconds: since when


class ServiceAccount(msgspec.Struct, frozen=True, kw_only=True):
    """A program that owns keys of a project."""

    id: str  # "svc_acct_…"
    organisation: str
    project: str
    name: str
    role: str  # a Role's value
    created: int = 0  # Unix seconds


class Place(msgspec.Struct, frozen=True):
    """A project with the role in it that an invitation gives."""

    project: str
    role: str  # a Role's value


class Invite(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation into an organisation, to be accepted once, before it expires."""

    id: str  # "invite-…"
    organisation: str
    email: str
    role: str  # a Role's value
    projects: tuple[Place, ...] = ()
    created: int = 0  # Unix seconds
    expires: int = 0  # Unix seconds
    accepted: int = 0  # Unix seconds; 0 = not yet

    def status(self, now: float) -> Literal["accepted", "expired", "pending"]:
        """As OpenAI's API says it; `now` is in Unix seconds."""
        if self.accepted:
            return "accepted"
        return "expired" if self.expires <= now else "pending"


RegistrationMode = Literal["off", "approval", "waiting-list", "open"]
RegistrationState = Literal["waiting", "approved", "refused"]


class RegistrationRule(msgspec.Struct, frozen=True, kw_only=True):
    """Whether people may register themselves, and what they then belong to."""

    mode: RegistrationMode = "off"
    organisation: str = DEFAULT_ORGANISATION  # "" = each gets an organisation of their own, as its owner
    role: str = "member"  # in `organisation`, and in its project `project`
    project: str = DEFAULT_PROJECT  # "" = none
    storefront: Storefront = Storefront.OPENAI  # of an organisation of their own, as are the next two
    billing: Billing = Billing.PREPAID
    currency: str = "USD"


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who asked to be let in."""

    id: str  # "reg_…"
    email: str
    name: str
    note: str  # what they wrote about themselves
    state: RegistrationState
    created: int  # Unix seconds
    decided: int = 0  # Unix seconds; 0 = not yet
    user: str = ""  # once approved


class Actor(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who changes something, as the audit log remembers them."""

    type: Literal["operator", "session", "api_key", "self"]  # operator: the command line on the machine itself
    user: str = ""  # user or service account behind it
    email: str = ""
    key: str = ""
    ip_address: str = ""
    user_agent: str = ""


OPERATOR = Actor(type="operator")


class AuditEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One administrative act; `sha256` covers all other fields, `previous` among them."""

    sequence: int  # 1, 2, … without a gap
    id: str  # "audit_log-…"
    time: int  # Unix seconds
    organisation: str
    project: str  # "" = not about one project
    type: str  # as OpenAI's audit log names it: "project.created", …
    actor: Actor
    details: dict[str, Any]  # what OpenAI's object holds under the name of the type: id, data, changes_requested
    previous: str  # sha256 of the event before, 64 zeros for the first
    sha256: str
