"""The stage that makes contract mode: it stands around authentication, and only where the setting is on."""

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from pleiade.domain import ModelKind
from pleiade.gateway.body import read_body
from pleiade.gateway.call import Call, Receive
from pleiade.gateway.contract.changes import NO_PICTURE, mend, prepare
from pleiade.gateway.contract.fixtures import key_of, load_fixtures, stream_answer, whole_answer
from pleiade.gateway.contract.request import ContractRequest
from pleiade.gateway.errors import ApiError
from pleiade.gateway.stages.resolve import KINDS

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

# The keys that the SDK's suite sends (its tests/conftest.py): in contract mode they mean the first admin key.
SUITE_KEYS = (b"My API Key", b"My Admin API Key")

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
        changes: list[str] = []
        request = await self._read(call, changes) if call.scope["method"] == "POST" else None
        while True:
            try:
                await self._next(call)
                return
            except ApiError as error:
                if call.edge.started:
                    raise
                model = self._any_model(KINDS.get(call.engine_path, ModelKind.TEXT))
                change = _change(call.route.path, error, request, model) if request is not None else ""
                if request is not None and change and change not in changes:
                    changes.append(change)
                    if error.code == "model_not_found":
                        call.params = dict.fromkeys(call.params, model)  # a new one: calls share their route's
                    self._give(call, request.encode(), changes)
                elif not await self._answer_fixture(call, error):
                    raise
                else:
                    return

    async def _read(self, call: Call, changes: list[str]) -> ContractRequest | None:
        """The request, which production code reads again; None where it will refuse it anyway."""
        raw = await read_body(call, self._settings.max_body_mb)
        self._give(call, raw, changes)
        try:
            request = ContractRequest(raw, call.headers.get(b"content-type", b""))
        except ApiError:
            return None
        change = prepare(call.route.path, request.fields)
        if change:
            changes.append(change)
            self._give(call, request.encode(), changes)
        return request

    @staticmethod
    def _give(call: Call, raw: bytes, changes: list[str]) -> None:
        """Let production code receive `raw` as if the client had sent it; the answer tells of `changes`."""
        call.edge.extra[:] = [(CHANGED_HEADER, ", ".join(changes).encode())] if changes else []
        call.receive = _replay(raw, call.receive)
        call.body_read = False  # the watch must not take a replayed body for news of the client

    def _accept_suite_keys(self, call: Call) -> None:
        """The suite's keys become the home's admin key, which production code then judges."""
        headers = call.scope["headers"]
        for index, (name, value) in enumerate(headers):
            if name == b"authorization" and value.removeprefix(b"Bearer ") in SUITE_KEYS:
                admin = (self._settings.home_path / "admin.key").read_text().strip()
                headers[index] = (name, b"Bearer " + admin.encode())

    def _any_model(self, kind: ModelKind) -> str:
        """The name of a deployed model of `kind`; "" where there is none."""
        for name, target in self._directory.names().items():
            if target.endpoint.kind == kind:
                return name
        return ""

    async def _answer_fixture(self, call: Call, error: ApiError) -> bool:
        """Answer for an id or a cursor that production code does not know; False without a fixture."""
        if error.status != 404 and error.param not in ("after", "page"):
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


def _change(route: str, error: ApiError, request: ContractRequest, model: str) -> str:
    """Change the request so that production code may take it; what was changed, "" if nothing is to be."""
    if error.code == NO_PICTURE:
        return "with pictures" if request.replace_files() else ""
    return mend(route, error, request.fields, model)


class _Replay:
    """A `receive` that gives a body that was read already, then whatever the client sends after it."""

    def __init__(self, raw: bytes, rest: Receive) -> None:
        self._raw: bytes | None = raw
        self._rest = rest

    async def __call__(self) -> MutableMapping[str, Any]:
        """The next ASGI message."""
        if self._raw is None:
            return await self._rest()
        raw, self._raw = self._raw, None
        return {"type": "http.request", "body": raw, "more_body": False}

    @property
    def rest(self) -> Receive:
        """The client's own."""
        return self._rest


def _replay(raw: bytes, receive: Receive) -> Receive:
    return _Replay(raw, receive.rest if isinstance(receive, _Replay) else receive)
