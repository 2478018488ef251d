"""The stage that keeps chat completions whose request says `store: true`; for others it is one look-up."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import msgspec

from pleiade.domain import Principal
from pleiade.gateway.answer import EVENT_STREAM, JSON, Answer
from pleiade.gateway.body import read_field
from pleiade.gateway.call import Call
from pleiade.gateway.errors import Header
from pleiade.gateway.stored import completion_records
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.completion import StreamedCompletion, stored_completion, stored_messages
from pleiade.gateway.stored.metadata import check_metadata

_DONE = b"data: [DONE]\n\n"


class Keep:
    """Writes a chat completion down before the end of its answer is told."""

    def __init__(self, next: Callable[[Call], Awaitable[None]], archive: Archive) -> None:
        self._next = next
        self._archive = archive

    async def __call__(self, call: Call) -> None:
        """Raises ApiError: 400 where `store` or `metadata` is wrong, 500 where keeping fails."""
        wanted = "store" in call.body and call.operation == "chat"
        if wanted and read_field(call.body, "store", bool, "a boolean"):
            request = msgspec.json.decode(call.raw)
            check_metadata(request.get("metadata"))
            call.answer = KeepingAnswer(call.answer, self._archive, call.principal, request)
        await self._next(call)


class KeepingAnswer:
    """An answer that is kept on its way."""

    def __init__(self, inner: Answer, archive: Archive, principal: Principal, request: dict[str, Any]) -> None:
        self._inner = inner
        self._archive = archive
        self._principal = principal
        self._request = request
        self._streamed = StreamedCompletion()
        self.started = False
        self.finished = False

    async def whole(self, status: int, body: bytes, headers: Sequence[Header] = (), content_type: bytes = JSON) -> None:
        """Keep the completion, then send it."""
        self.started = True
        if status == 200:
            await self._keep(msgspec.json.decode(body))
        await self._inner.whole(status, body, headers, content_type)
        self.finished = True

    async def begin(
        self, status: int = 200, headers: Sequence[Header] = (), content_type: bytes = EVENT_STREAM
    ) -> None:
        """A stream starts."""
        self.started = True
        await self._inner.begin(status, headers, content_type)

    async def write(self, data: bytes) -> None:
        """Pass events on; `[DONE]` waits until the completion is kept: clients stop reading there."""
        self._streamed.feed(data)
        if data.endswith(_DONE):
            completion = self._streamed.completion()
            if completion is not None:
                if len(data) > len(_DONE):
                    await self._inner.write(data[: -len(_DONE)])
                await self._keep(completion)
                data = _DONE
        await self._inner.write(data)

    async def end(self) -> None:
        """The stream is complete."""
        await self._inner.end()
        self.finished = True

    def break_off(self) -> None:
        """Drop the reader."""
        self._inner.break_off()
        self.finished = True

    async def _keep(self, completion: dict[str, Any]) -> None:
        await self._archive.write(
            partial(
                completion_records.insert,
                project=self._principal.project,
                owner=self._principal.user,
                completion=stored_completion(self._request, completion),
                messages=stored_messages(self._request, completion["id"]),
            )
        )
