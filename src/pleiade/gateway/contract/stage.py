"""The stage that makes contract mode: it stands around authentication, and only where the setting is on."""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

import msgspec

from pleiade.domain import ModelKind
from pleiade.gateway.body import parse_object, read_body
from pleiade.gateway.call import Body, Call, Receive
from pleiade.gateway.contract.fixtures import key_of, load_fixtures, stream_answer, whole_answer
from pleiade.gateway.errors import ApiError
from pleiade.gateway.stages.resolve import KINDS

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

# The keys that the SDK's suite sends (its tests/conftest.py): in contract mode they mean the first admin key.
SUITE_KEYS = (b"My API Key", b"My Admin API Key")

# References to things that exist nowhere: where production code refuses one, the request is made without it.
REFERENCES = ("prompt", "conversation", "previous_response_id")

FIXTURE_HEADER = (b"x-pleiade-fixture", b"true")
CHANGED_HEADER = b"x-pleiade-contract"


class Contract:
    """Production first: a fixture answers only where production code says that an id is unknown.

    Answers from fixtures carry `x-pleiade-fixture: true`; real answers to a request that had to be changed
    carry `x-pleiade-contract`, which names the changes.
    """

    def __init__(self, next: Callable[[Call], Awaitable[None]], gateway: "Gateway") -> None:
        self._next = next
        self._settings = gateway.settings
        self._directory = gateway.directory
        self._fixtures = load_fixtures()
        logger.warning(
            "CONTRACT MODE, never for production: unknown ids get made-up answers, and anybody who knows the "
            "keys of a public test-suite is an administrator."
        )

    async def __call__(self, call: Call) -> None:
        """The production answer, the one to a changed request, or a fixture; ApiError where there is none."""
        self._accept_suite_keys(call)
        body: Body = {}
        rest = call.receive
        if call.scope["method"] == "POST":
            raw = await read_body(call, self._settings.max_body_mb)
            call.receive = _replay(raw, rest)
            call.body_read = False  # the watch must not take the replayed body for news of the client
            body = self._fields(raw)
        changes: list[str] = []
        while True:
            try:
                await self._next(call)
                return
            except ApiError as error:
                if call.edge.started:
                    raise
                change = self._change(call, error, body)
                if change and change not in changes:
                    changes.append(change)
                    call.receive = _replay(msgspec.json.encode(body), rest)
                    call.body_read = False
                    call.edge.extra[:] = [(CHANGED_HEADER, ", ".join(changes).encode())]
                    continue
                if not await self._answer_fixture(call, error):
                    raise

    def _accept_suite_keys(self, call: Call) -> None:
        """The suite's keys become the home's admin key, which production code then judges."""
        headers = call.scope["headers"]
        for index, (name, value) in enumerate(headers):
            if name == b"authorization" and value.removeprefix(b"Bearer ") in SUITE_KEYS:
                admin = (self._settings.home_path / "admin.key").read_text().strip()
                headers[index] = (name, b"Bearer " + admin.encode())

    @staticmethod
    def _fields(raw: bytes) -> Body:
        """The body's fields, none where production code will refuse it anyway."""
        try:
            return parse_object(raw)
        except ApiError:
            return {}

    def _change(self, call: Call, error: ApiError, body: Body) -> str:
        """Change `body` so that production code may take it; what was changed, "" if nothing can be."""
        param = error.param or ""
        if error.code == "model_not_found" and call.scope["method"] == "POST":
            # Any name reaches a deployed model of the kind that the route needs.
            name = self._any_model(KINDS.get(call.engine_path, ModelKind.TEXT))
            body["model"] = msgspec.Raw(msgspec.json.encode(name))
            call.params = dict.fromkeys(call.params, name)  # a new one: routes share theirs between calls
            return f"model {name}"
        if not call.route.path.startswith("/responses"):
            return ""
        if param in REFERENCES and param in body:
            del body[param]
            return f"without {param}"
        # The schema lets both be left out, because a prompt template might bring them.
        if error.code == "missing_required_parameter" and param in ("model", "input") and param not in body:
            value = self._any_model(ModelKind.TEXT) if param == "model" else "Hello!"
            body[param] = msgspec.Raw(msgspec.json.encode(value))
            return f"with {param}"
        return ""

    def _any_model(self, kind: ModelKind) -> str:
        """The name of a deployed model of `kind`; "" where there is none."""
        for name, target in self._directory.names().items():
            if target.endpoint.kind == kind:
                return name
        return ""

    async def _answer_fixture(self, call: Call, error: ApiError) -> bool:
        """Answer for an id or a cursor that production code does not know; False without a fixture."""
        if error.status != 404 and error.param != "after":
            return False
        fixture = self._fixtures.get(key_of(call.route.method, call.route.path))
        if fixture is None:
            return False
        identifier = next(iter(call.params.values()), "")
        call.status = 200
        if fixture.events and b"stream=true" in call.query:
            await call.edge.begin(200, [FIXTURE_HEADER])
            await call.edge.write(stream_answer(fixture, identifier))
            await call.edge.end()
        else:
            await call.edge.whole(200, whole_answer(fixture, identifier), [FIXTURE_HEADER])
        return True


def _replay(raw: bytes, rest: Receive) -> Receive:
    """A `receive` that gives a body that was read already, then whatever follows it."""
    given = False

    async def receive() -> MutableMapping[str, Any]:
        nonlocal given
        if given:
            return await rest()
        given = True
        return {"type": "http.request", "body": raw, "more_body": False}

    return receive
