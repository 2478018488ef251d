"""The routes of the Responses API, and the life of what runs behind them."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec

from pleiade.gateway.body import read_body, read_object
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.responses.asking import ask
from pleiade.gateway.responses.background import Making, Workshop, abandoned, follow_elsewhere, is_stale
from pleiade.gateway.responses.body import parse_body, require_model
from pleiade.gateway.responses.chat import chat_request
from pleiade.gateway.responses.compaction import SUMMARY_TOKENS, compaction_item, compaction_messages
from pleiade.gateway.responses.identifiers import new_id
from pleiade.gateway.responses.items import without_duplicates
from pleiade.gateway.responses.making import answer_stream, answer_whole
from pleiade.gateway.responses.painters import painter_for, with_pictures
from pleiade.gateway.responses.picture_tool import Easel
from pleiade.gateway.responses.plan import lost_response, plan_response, read_conversation
from pleiade.gateway.responses.replay import replay
from pleiade.gateway.responses.resource import TERMINAL, response_usage
from pleiade.gateway.routing import Route
from pleiade.gateway.runs.notes import notes_for
from pleiade.gateway.stored import response_records
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.paging import page_of, parse_page
from pleiade.gateway.stored.response_records import Record

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

_CANCEL_WAIT_S = 5.0  # how long a cancellation waits for another gateway to obey
_CANCEL_POLL_S = 0.1


class ResponsesRoom:
    """`/responses` and everything under it."""

    def __init__(self, archive: Archive, easel: Easel | None = None) -> None:
        self._archive = archive
        self._easel = easel
        self._workshop = Workshop(archive, easel)
        self.stages: Sequence[MakeStage] = ()
        self._gateway: Gateway
        one = "/responses/{response_id}"
        self.routes: Sequence[Route] = (
            Route(method="POST", path="/responses", handler=self.create),
            Route(method="POST", path="/responses/input_tokens", handler=self.count_input),
            Route(method="POST", path="/responses/compact", handler=self.compact),
            Route(method="GET", path=one, handler=self.retrieve),
            Route(method="DELETE", path=one, handler=self.delete),
            Route(method="POST", path=f"{one}/cancel", handler=self.cancel),
            Route(method="GET", path=f"{one}/input_items", handler=self.list_input),
        )

    async def start(self, gateway: "Gateway") -> None:
        """From now on models can be called."""
        self._gateway = gateway

    async def stop(self) -> None:
        """Background responses may finish for as long as other answers may; then they fail."""
        watch = self._gateway.watch
        await self._workshop.close(watch.drain_left_s if watch.draining else self._gateway.settings.drain_s)

    async def create(self, call: Call) -> None:
        """Make a response: whole, as a stream, or in the background. Raises ApiError."""
        raw = await read_object(call, self._gateway.settings.max_body_mb)
        plan = await plan_response(
            self._archive,
            call.principal.project,
            raw,
            engine=self._engine_of(raw),
            painter=self._painter_for,
        )
        call.stream = bool(plan.body.stream)
        if plan.body.stored and not plan.body.background:
            call.notes = notes_for(call, plan.response["id"])
        if plan.body.background:
            making = await self._workshop.begin(call, self._gateway, plan)
            if call.stream:
                await _send_stream(call, making.follow(-1))
            else:
                await _send(call, plan.response)
        elif call.stream:
            await answer_stream(call, self._gateway, self._archive, self._easel, plan)
        else:
            await answer_whole(call, self._gateway, self._archive, self._easel, plan)

    async def begin(self, call: Call, raw: dict[str, Any], patience_s: float = 0.2) -> Making:
        """A background response, for another room. Raises ApiError as `create`, and where it is refused.

        What the engine refuses within `patience_s` is raised too, and nothing is kept of it. Later on, it is told in
        the response.
        """
        engine = self._engine_of(raw)
        plan = await plan_response(self._archive, call.principal.project, raw, engine=engine, painter=self._painter_for)
        making = await self._workshop.begin(call, self._gateway, plan)
        try:
            await making.admitted(patience_s)
        except BaseException:
            await self.forget([plan.response["id"]])
            raise
        return making

    async def forget(self, identifiers: Sequence[str]) -> None:
        """Forget responses for another room; those that are being made end, in another gateway at its next look."""
        for identifier in identifiers:
            await self._workshop.cancel(identifier)
        if identifiers:
            await self._archive.write(partial(response_records.forget, identifiers=identifiers))

    async def look(self, project: str, identifier: str) -> dict[str, Any] | None:
        """A response as it is now, for another room; None where there is none (any more)."""
        record = await self._archive.read(partial(response_records.find, project=project, identifier=identifier))
        return None if record is None else (await self._current(record)).response

    async def retrieve(self, call: Call) -> None:
        """A stored response as it is now, or (`stream=true`) its events after `starting_after`."""
        stream, after = _stream_wanted(call.query)
        record = await self._find(call)
        if not stream:
            await _send(call, await with_pictures(self._easel, call, record.response))
            return
        call.stream = True
        identifier = record.response["id"]
        making = self._workshop.find(identifier)
        if making is not None:
            await _send_stream(call, making.follow(after))
        elif record.response["status"] not in TERMINAL:
            project = call.principal.project
            await _send_stream(call, follow_elsewhere(self._archive, project, identifier, after))
        else:
            frames = await self._archive.read(partial(response_records.events_after, response=identifier, after=-1))
            await _send_stream(call, _all_of((frames or replay(record.response))[after + 1 :]))

    async def delete(self, call: Call) -> None:
        """Forget a response; one that is being made ends."""
        await self._find(call)
        identifier = call.params["response_id"]
        await self._workshop.cancel(identifier)
        await self._archive.write(
            partial(response_records.delete, project=call.principal.project, identifier=identifier)
        )
        await _send(call, {"id": identifier, "object": "response", "deleted": True})

    async def cancel(self, call: Call) -> None:
        """End a background response, wherever it is made; one that is over is given as it is."""
        await read_body(call, self._gateway.settings.max_body_mb)
        record = await self._find(call)
        if not record.response["background"]:
            raise bad_request(
                "Cannot cancel a synchronous response: close its connection instead.", param="response_id"
            )
        if record.response["status"] not in TERMINAL:
            record = await self._cancel(call, record)
        await _send(call, record.response)

    async def list_input(self, call: Call) -> None:
        """Everything that went into a response: the turns before it, then its own input, newest first."""
        page = parse_page(call.query, descending=True)
        project, identifier = call.principal.project, call.params["response_id"]
        records = await self._archive.read(partial(response_records.chain, project=project, identifier=identifier))
        if records is None:  # an earlier response was deleted: its items are gone, these are not
            records = [await self._find(call)]
        earlier = [item for record in records[:-1] for item in [*record.input, *record.response["output"]]]
        await _send(call, page_of(without_duplicates([*earlier, *records[-1].input]), page))

    async def count_input(self, call: Call) -> None:
        """How many tokens an input is, by the model's own count: it reads it all, and says one token."""
        raw = await read_object(call, self._gateway.settings.max_body_mb)
        body, unknown = parse_body(raw)
        model = require_model(body)
        conversation, _ = await read_conversation(self._archive, call.principal.project, body, images=True)
        request = chat_request(body, unknown, conversation, model=model) | {"max_completion_tokens": 1}
        completion = await ask(call, self._gateway, request, truncate=body.truncation == "auto")
        usage = response_usage(completion.get("usage"))
        if usage is None:
            raise ApiError(
                501,
                "The engine of this model does not count tokens.",
                type="server_error",
                code="not_supported",
                param="model",
            )
        await _send(call, {"object": "response.input_tokens", "input_tokens": usage["input_tokens"]})

    async def compact(self, call: Call) -> None:
        """A conversation as one compaction item, which the model itself writes."""
        raw = await read_object(call, self._gateway.settings.max_body_mb)
        body, unknown = parse_body(raw)
        model = require_model(body)
        conversation, _ = await read_conversation(self._archive, call.principal.project, body, images=False)
        request = chat_request(body, unknown, conversation, model=model)
        request["messages"] = compaction_messages(request["messages"])
        request["max_completion_tokens"] = SUMMARY_TOKENS
        completion = await ask(call, self._gateway, request, truncate=True)
        summary = completion["choices"][0]["message"].get("content") or ""
        await _send(
            call,
            {
                "id": new_id("resp"),
                "object": "response.compaction",
                "created_at": int(time.time()),
                "output": [compaction_item(summary)],
                "usage": response_usage(completion.get("usage")) or response_usage({"prompt_tokens": 0}),
            },
        )

    def _engine_of(self, raw: dict[str, Any]) -> str | None:
        """Kind of the engine behind the model that a request names, None where there is none."""
        name = raw.get("model")
        target = self._gateway.directory.find(name) if isinstance(name, str) else None
        return None if target is None else target.endpoint.engine

    def _painter_for(self, name: str) -> str:
        return painter_for(self._gateway.directory, name)

    async def _find(self, call: Call) -> Record:
        """The stored response that the path names. Raises ApiError 404."""
        project, identifier = call.principal.project, call.params["response_id"]
        record = await self._archive.read(partial(response_records.find, project=project, identifier=identifier))
        if record is None:
            raise lost_response(identifier)
        return await self._current(record)

    async def _current(self, record: Record) -> Record:
        """The record, as failed where nobody makes its response any more."""
        identifier = record.response["id"]
        if is_stale(record) and self._workshop.find(identifier) is None:
            frames = await self._archive.read(partial(response_records.events_after, response=identifier, after=-1))
            record = msgspec.structs.replace(record, response=abandoned(record, frames))
            await self._archive.write(partial(response_records.update, response=record.response, first=0, frames=[]))
        return record

    async def _cancel(self, call: Call, record: Record) -> Record:
        identifier = record.response["id"]
        if not await self._workshop.cancel(identifier):
            await self._archive.write(
                partial(response_records.ask_to_cancel, project=call.principal.project, identifier=identifier)
            )
            deadline = time.monotonic() + _CANCEL_WAIT_S
            while record.response["status"] not in TERMINAL and time.monotonic() < deadline:
                await asyncio.sleep(_CANCEL_POLL_S)
                record = await self._find(call)
        return await self._find(call)


def _stream_wanted(query: bytes) -> tuple[bool, int]:
    """Whether events are wanted, and after which number (-1 = all). Raises ApiError."""
    values = parse_qs(query.decode("latin-1"))
    stream = values.get("stream", ["false"])[-1].lower()
    if stream not in ("true", "false"):
        raise bad_request(
            f"Invalid type for 'stream': expected a boolean, but got '{stream[:40]}' instead.",
            param="stream",
            code="invalid_type",
        )
    text = values.get("starting_after", ["-1"])[-1]
    try:
        after = int(text)
    except ValueError:
        raise bad_request(
            f"Invalid type for 'starting_after': expected an integer, but got '{text[:40]}' instead.",
            param="starting_after",
            code="invalid_type",
        ) from None
    return stream == "true", max(-1, after)


async def _send(call: Call, value: Any) -> None:
    await call.answer.whole(200, msgspec.json.encode(value))


async def _send_stream(call: Call, events: AsyncIterator[bytes]) -> None:
    await call.answer.begin()
    async for data in events:
        await call.answer.write(data)
    await call.answer.end()


async def _all_of(frames: list[bytes]) -> AsyncIterator[bytes]:
    yield b"".join(frames)
