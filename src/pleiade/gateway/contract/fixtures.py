"""Schema-valid answers for ids that exist nowhere, read from the files of JSON beside this one.

A key is a method and a route as the router has it, parameters written `{}`: `GET /responses/{}`. `"{id}"`
in an answer stands for the id that was asked for. `events` is what a stream tells, where the route has one.
"""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import msgspec


class Fixture(msgspec.Struct, frozen=True):
    """One answer: `body` for a whole one, `events` for a stream (where the route has one)."""

    body: dict[str, Any]
    events: list[dict[str, Any]] = []


def load_fixtures() -> dict[str, Fixture]:
    """All fixtures by key."""
    fixtures: dict[str, Fixture] = {}
    for name in ("fixtures.json", "organization.json", "bulk.json", "evals.json", "fine_tuning.json"):
        text = files("pleiade.gateway.contract").joinpath(name).read_bytes()
        fixtures |= msgspec.json.decode(text, type=dict[str, Fixture])
    return fixtures


def key_of(method: str, route: str) -> str:
    """The key of a fixture: `("GET", "/models/{model}")` gives `GET /models/{}`."""
    return f"{method} {re.sub(r'{[^}]*}', '{}', route)}"


def whole_answer(fixture: Fixture, identifier: str) -> bytes:
    """JSON of the fixture's body for `identifier`."""
    return msgspec.json.encode(_named(fixture.body, identifier))


def stream_answer(fixture: Fixture, identifier: str) -> bytes:
    """The fixture's events as a whole stream of server-sent events."""
    lines = []
    for event in fixture.events:
        kind = event["type"]
        lines.append(f"event: {kind}\ndata: ".encode() + msgspec.json.encode(_named(event, identifier)) + b"\n\n")
    return b"".join(lines)


def _named(value: Any, identifier: str) -> Any:
    if isinstance(value, Mapping):
        return {key: _named(item, identifier) for key, item in value.items()}
    if isinstance(value, list):
        return [_named(item, identifier) for item in value]
    return identifier if value == "{id}" else value
