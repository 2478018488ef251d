"""The routes of stored chat completions: list, retrieve, update, delete, messages."""

import asyncio
import re
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import msgspec

from pleiade.gateway.body import read_object
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.gateway.stored import completion_records
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.completion_records import Filter
from pleiade.gateway.stored.keep import Keep
from pleiade.gateway.stored.metadata import check_metadata
from pleiade.gateway.stored.paging import page_of, parse_page

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

_METADATA = re.compile(r"metadata\[(.*)\]")


class CompletionsRoom:
    """`GET /chat/completions`, all under `/chat/completions/{completion_id}`, and the stage that keeps.

    The archive is its own: it is closed at the end, after the rooms that came later.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._max_body_mb = 0
        self.stages: Sequence[MakeStage] = (lambda next, _: Keep(next, archive),)
        one = "/chat/completions/{completion_id}"
        self.routes: Sequence[Route] = (
            Route(method="GET", path="/chat/completions", handler=self.list_all),
            Route(method="GET", path=one, handler=self.retrieve),
            Route(method="POST", path=one, handler=self.update),
            Route(method="DELETE", path=one, handler=self.delete),
            Route(method="GET", path=f"{one}/messages", handler=self.list_messages),
        )

    async def start(self, gateway: "Gateway") -> None:
        """The gateway starts."""
        self._max_body_mb = gateway.settings.max_body_mb

    async def stop(self) -> None:
        """Write what is queued, and let go of the database."""
        await asyncio.to_thread(self._archive.close)

    async def list_all(self, call: Call) -> None:
        """The project's completions, filtered by `model` and `metadata[key]`, oldest first."""
        page = parse_page(call.query, descending=False)
        wanted = parse_filter(call.query)
        await _send(
            call,
            await self._archive.read(
                partial(completion_records.list_page, project=call.principal.project, wanted=wanted, page=page)
            ),
        )

    async def retrieve(self, call: Call) -> None:
        """One completion. Raises ApiError 404."""
        found = await self._archive.read(self._of(call, completion_records.find))
        await _send(call, _known(found, call))

    async def update(self, call: Call) -> None:
        """Replace a completion's metadata. Raises ApiError 400, 404."""
        fields = await read_object(call, self._max_body_mb)
        if "metadata" not in fields:
            raise bad_request(
                "Missing required parameter: 'metadata'.", param="metadata", code="missing_required_parameter"
            )
        metadata = check_metadata(fields["metadata"]) or {}
        found = await self._archive.write(self._of(call, completion_records.set_metadata, metadata=metadata))
        await _send(call, _known(found, call))

    async def delete(self, call: Call) -> None:
        """Forget a completion. Raises ApiError 404."""
        done = await self._archive.write(self._of(call, completion_records.delete))
        _known(done or None, call)
        await _send(
            call,
            {"id": call.params["completion_id"], "object": "chat.completion.deleted", "deleted": True},
        )

    async def list_messages(self, call: Call) -> None:
        """The messages that a completion answered, in their order. Raises ApiError 400, 404."""
        page = parse_page(call.query, descending=False)
        messages = _known(await self._archive.read(self._of(call, completion_records.find_messages)), call)
        await _send(call, page_of(messages, page))

    @staticmethod
    def _of(call: Call, function: Any, **more: Any) -> Any:
        """`function` for the completion that the path names."""
        return partial(function, project=call.principal.project, identifier=call.params["completion_id"], **more)


def parse_filter(query: bytes) -> Filter:
    """The conditions in a listing's query string: `model=…`, `metadata[key]=value`."""
    model, metadata = "", {}
    for name, value in parse_qsl(query.decode("latin-1"), keep_blank_values=True):
        if name == "model":
            model = value
        elif match := _METADATA.fullmatch(name):
            metadata[match[1]] = value
    return Filter(model=model, metadata=metadata)


def _known(found: Any, call: Call) -> Any:
    if found is None:
        identifier = call.params["completion_id"]
        raise ApiError(404, f"Chat completion with id '{identifier[:100]}' not found.")
    return found


async def _send(call: Call, value: Any) -> None:
    await call.answer.whole(200, msgspec.json.encode(value))
