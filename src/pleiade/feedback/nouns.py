"""The nouns: feedback as it stands in the inbox, what it is about, and which of it is wanted."""

from typing import Literal

import msgspec

Verdict = Literal["up", "down"]
State = Literal["new", "seen", "done"]
VERDICTS: tuple[Verdict, ...] = ("up", "down")
STATES: tuple[State, ...] = ("new", "seen", "done")


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody thought of an answer, and what was done about it. Times are Unix microseconds."""

    id: str
    product: str
    project: str
    owner: str  # a user, or a key that is nobody's
    run: str  # "" = the answer was not made by this server
    chat: str  # "" = not of a chat
    message: str
    deployment: str
    verdict: Verdict
    reasons: list[str]
    correction: str
    consent: bool
    state: State
    note: str
    handled_by: str
    created: int
    updated: int


class Turn(msgspec.Struct, frozen=True):
    """One message of what was asked."""

    role: str
    content: str


class About(msgspec.Struct, frozen=True, omit_defaults=True):
    """What feedback is about: the messages that were asked with, and the answer to them."""

    messages: tuple[Turn, ...]
    answer: str
    whole: bool = True  # false = some of it was too long to be kept


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which feedback: of one organisation, and of that what fits everything that is said."""

    organisation: str
    projects: tuple[str, ...] = ()  # none = all
    products: tuple[str, ...] = ()
    deployments: tuple[str, ...] = ()
    verdicts: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()  # at least one of them
    states: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    consent: bool | None = None
    since: int = 0  # Unix seconds
    until: int = 0  # 0 = no end
