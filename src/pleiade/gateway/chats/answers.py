"""Answers: background responses of the room of responses, begun here, whose ends are written into the chat."""

import asyncio
import logging
import time
from collections.abc import Collection
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from pleiade.domain import Endpoint, ModelKind
from pleiade.gateway.call import Call
from pleiade.gateway.chats.bodies import NewAnswer
from pleiade.gateway.desk import Desk, Told, owner_of
from pleiade.gateway.errors import ApiError, bad_request, model_not_found
from pleiade.gateway.problems import missing
from pleiade.gateway.responses.background import OPENING, Making
from pleiade.gateway.responses.painters import painter_for, painters_of
from pleiade.gateway.responses.resource import TERMINAL
from pleiade.gateway.responses.room import ResponsesRoom
from pleiade.gateway.runs.notes import Notes
from pleiade.products.chat import attachments, chats, folders, messages
from pleiade.products.chat.asking import Asked, Wish, ask
from pleiade.products.chat.calls import calls_of
from pleiade.products.chat.commands import PictureWish, picture_wish
from pleiade.products.chat.drawing import TOOL, draw
from pleiade.products.chat.messages import Turn
from pleiade.products.chat.nouns import Chat, Message

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

_SHARES = (1.0, 0.5, 0.2)  # of the space that files may take: less after an engine has found the first too long
_LOST = {"code": "server_error", "message": "The response that made this answer was deleted before its end."}


class Answers:
    """Makes answers, and brings their messages up to date."""

    def __init__(self, desk: Desk, responses: ResponsesRoom) -> None:
        self._desk = desk
        self._responses = responses
        self._gateway: Gateway
        self._attending: dict[str, asyncio.Task[None]] = {}  # by message

    def start(self, gateway: "Gateway") -> None:
        """From now on models can be called."""
        self._gateway = gateway

    async def stop(self) -> None:
        """Write down the ends of what the room of responses, which stops first, has ended."""
        await asyncio.gather(*self._attending.values(), return_exceptions=True)

    async def make(self, call: Call, chat: Chat, wanted: NewAnswer) -> Message:
        """Begin an answer; its message. Raises ApiError as POST /responses does, and then leaves nothing behind."""
        owner = owner_of(call)
        question = chat.current if wanted.parent is msgspec.UNSET else wanted.parent
        if not question:
            raise missing("parent")
        turns = await self._desk.read(messages.branch, chat.id, question)
        if turns[-1].role != "user":
            raise bad_request("An answer stands under a question: name one as 'parent'.", param="parent")
        if (picture := picture_wish(turns[-1].content)) is not None:
            deployment = self._painter(wanted.deployment)
            options = _picture_options(wanted.tools)
            compose = partial(_compose_picture, turns, picture, deployment, options, not chat.temporary)
        else:
            wish = await self._wish(call, chat, wanted)
            deployment = wish.deployment
            documents = await self._desk.read(attachments.documents, [turn.id for turn in turns])
            compose = partial(ask, turns, documents, wish)
        call.notes = Notes(chat=chat.id, private=chat.temporary)
        making, asked = await self._begin(call, compose)
        try:
            message = await self._desk.write(
                _insert,
                owner,
                chat,
                asked=asked,
                parent=question,
                response=making.maker.response["id"],
                deployment=deployment,
            )
        except BaseException:
            await self._responses.forget([making.maker.response["id"]])
            raise
        task = asyncio.create_task(self._attend(message.id, making, call.started_at))
        self._attending[message.id] = task
        task.add_done_callback(lambda _: self._attending.pop(message.id, None))
        return message

    async def refresh(self, call: Call, chat: str, seen: Collection[str] = ()) -> bool:
        """Write down answers that have ended unseen, as where their gateway died.

        Whether any has ended, of those too that a reader has just `seen` unfinished (ids of messages).
        """
        unfinished = await self._desk.read(messages.unfinished, chat)
        ended = not set(seen) <= {message for message, _ in unfinished}
        for message, identifier in unfinished:
            response = await self._responses.look(call.principal.project, identifier)
            if response is None:
                response = {"status": "failed", "error": _LOST, "output": [], "usage": None}
            if response["status"] in TERMINAL:
                if (attending := self._attending.get(message)) is not None:
                    await asyncio.wait({attending})  # it is about to write, and knows how long the answer took
                await self._finish(message, response, None)
                ended = True
        return ended

    async def forget(self, responses: list[str]) -> None:
        """Forget responses whose messages are gone; those that are being made end."""
        await self._responses.forget(responses)

    def endpoint(self, name: str) -> Endpoint:
        """The model that answers under a name. Raises ApiError 404."""
        target = self._gateway.directory.find(name)
        if target is None:
            raise model_not_found(name)
        return target.endpoint

    async def _wish(self, call: Call, chat: Chat, wanted: NewAnswer) -> Wish:
        """How to answer: what the request says, else the chat, else its folder, else the one model there is."""
        folder = await self._desk.read(folders.find, owner_of(call), chat.folder) if chat.folder else None
        name = wanted.deployment or chat.deployment or (folder.deployment if folder else None) or self._only()
        own = chat.instructions if wanted.instructions is None else wanted.instructions
        told = [text for text in (folder.instructions if folder else "", own) if text]
        options = {name: getattr(wanted, name) for name in ("temperature", "top_p", "max_output_tokens", "tools")}
        return Wish(
            deployment=name,
            context=self.endpoint(name).context_length,
            instructions="\n\n".join(told),
            options=options,
        )

    def _painter(self, wanted: str | None) -> str:
        """Who draws: what the request says, where that can, else the first deployment that can. Raises ApiError."""
        painters = painters_of(self._gateway.directory)
        if wanted in painters:
            return str(wanted)
        return painters[0] if painters else painter_for(self._gateway.directory, "")

    def _only(self) -> str:
        there = self._gateway.directory.endpoints
        names = [one.deployment for one in there if one.kind == ModelKind.TEXT and not one.projects]
        if len(names) == 1:
            return names[0]
        known = ", ".join(names) or "none is deployed"
        raise bad_request(
            f"Say which deployment shall answer: {known}.", param="deployment", code="missing_required_parameter"
        )

    async def _begin(self, call: Call, compose: Any) -> tuple[Making, Asked]:
        """Ask with what came since the last answer; with the whole branch where that one's response is gone."""
        chained, shares = True, iter(_SHARES)
        share = next(shares)
        while True:
            with Told():
                asked: Asked = compose(chained=chained, share=share)
            try:
                return await self._responses.begin(call, asked.body), asked
            except ApiError as error:
                if error.param == "previous_response_id" and chained:
                    chained = False
                elif error.code == "context_length_exceeded" and any(asked.read.values()):
                    share = next(shares, 0.0)
                    if not share:
                        raise
                else:
                    raise

    async def _attend(self, message: str, making: Making, started: float) -> None:
        """Wait for the end of an answer, and write it down."""
        first = 0.0
        async for _ in making.follow(OPENING - 1):
            first = first or time.perf_counter()
        response = making.maker.response
        timings = {
            "first_token_ms": round((first - started) * 1000) if response["output"] else None,
            "total_ms": round((time.perf_counter() - started) * 1000),
        }
        try:
            await self._finish(message, response, timings)
        except ApiError as error:  # the next read of the chat tries again
            logger.error("the end of message %s could not be written down: %s", message, error)

    async def _finish(self, message: str, response: dict[str, Any], timings: dict[str, Any] | None) -> None:
        await self._desk.write(
            messages.finish,
            message,
            content=text_of(response).replace("\0", "\ufffd"),
            calls=calls_of(response),
            status=response["status"],
            error=response["error"],
            usage=response["usage"],
            timings=timings,
            filters=response.get("content_filters"),
        )


def text_of(response: dict[str, Any]) -> str:
    """What a response says, its refusals included."""
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part.get("text") or part.get("refusal") or "" for part in parts)


def _picture_options(tools: list[Any] | None) -> dict[str, Any]:
    """How the picture is wanted, as the request's tool says; {} without one."""
    given = next((tool for tool in tools or () if isinstance(tool, dict) and tool.get("type") == TOOL), {})
    return {name: value for name, value in given.items() if name not in ("action", "store", "model")}


def _compose_picture(
    turns: list[Turn],
    wish: PictureWish,
    deployment: str,
    options: dict[str, Any],
    kept: bool,
    *,
    chained: bool,
    share: float,
) -> Asked:
    """The request for a picture; files take no space in it (`share`)."""
    return draw(turns, wish, deployment, options, kept=kept, chained=chained)


def _insert(connection: Any, owner: Any, chat: Chat, *, asked: Asked, **fields: Any) -> Message:
    """The message of an answer that is being made; the chat as it is now, since it may have changed meanwhile."""
    now = chats.find(connection, owner, chat.id)
    for message, read in asked.read.items():
        attachments.note_read(connection, message, read)
    return messages.insert(
        connection, owner, now, role="assistant", content="", status="in_progress", request=asked.body, **fields
    )
