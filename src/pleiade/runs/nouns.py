"""The nouns: one call as it is remembered, and what was said in it."""

from typing import Literal

import msgspec

Outcome = Literal["completed", "failed", "refused", "cancelled"]
OUTCOMES: tuple[Outcome, ...] = ("completed", "failed", "refused", "cancelled")
FAILED: Outcome = "failed"


class Part(msgspec.Struct, frozen=True, array_like=True):
    """What an engine was asked, and what it said: bytes as they went over the wire, or texts once they are readied."""

    asked: bytes
    said: bytes
    stream: bool
    cut: bool  # more was there than is kept


class Run(msgspec.Struct, frozen=True, array_like=True):
    """One call that a client (or a page of ours) made. Times in milliseconds; 0 = not known."""

    id: str
    time_ms: int  # Unix time at which it came
    organisation: str
    project: str
    key: str  # id of the key; "" = a person who is signed in
    user: str
    route: str  # "/chat/completions"
    operation: str
    deployment: str  # that answered, else the name that was asked for
    model: str
    status: int  # of HTTP
    outcome: Outcome
    error: str  # code of what went wrong, or why it was cut
    stream: bool
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    images: int
    cost: int  # nano units of `currency`
    currency: str
    asked_ms: int  # from its coming to the engine's being asked
    first_ms: int  # to the first token, or the whole answer
    ms: int  # to its end
    response: str = ""  # id of the stored response that it made
    chat: str = ""  # id of the chat that it belongs to
    parts: tuple[Part, ...] = ()
