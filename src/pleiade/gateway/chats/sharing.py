"""The routes of shared snapshots, ratings and search."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import msgspec

from pleiade.gateway.base_url import base_of
from pleiade.gateway.call import Call
from pleiade.gateway.chats.bodies import NewFeedback, NewShare
from pleiade.gateway.desk import Desk, asked_for, owner_of, send, send_deleted
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.paging import parse_page
from pleiade.products.chat import chats, feedback, search, shares
from pleiade.products.chat.nouns import Chat, Deleted, Feedback, FoundList, Share
from pleiade.products.chat.shares import SharedChat

if TYPE_CHECKING:
    from pleiade.settings import Settings

PAGE = "/s/"  # of the web app: it reads the snapshot and shows it
_PRIVATE = ((b"x-robots-tag", b"noindex, nofollow"), (b"referrer-policy", b"no-referrer"))

AnyChat = TypeVar("AnyChat", bound=Chat)


class Sharing:
    """`/chats/{chat_id}/share`, `/chats/shared/…`, feedback, `/chats/search`."""

    def __init__(self, desk: Desk, settings: "Settings") -> None:
        self._desk = desk
        self._settings = settings
        link, rating = "/chats/{chat_id}/share", "/chats/{chat_id}/messages/{message_id}/feedback"
        post, get, delete = (partial(Route, method=method) for method in ("POST", "GET", "DELETE"))
        self.routes: Sequence[Route] = (
            get(path="/chats/search", handler=self.search, gives=FoundList, query=("q", "limit")),
            get(path="/chats/shared/{share_id}", handler=self.show, gives=SharedChat, public=True),
            post(path=link, handler=self.share, takes=NewShare, gives=Share),
            delete(path=link, handler=self.revoke, gives=Deleted),
            post(path=rating, handler=self.rate, takes=NewFeedback, gives=Feedback),
            delete(path=rating, handler=self.take_back, gives=Deleted),
        )

    def linked(self, call: Call, chat: AnyChat) -> AnyChat:
        """`chat`, with the URL of its link as its reader reaches this server."""
        if chat.shared is None:
            return chat
        return msgspec.structs.replace(chat, shared=self._with_url(call, chat.shared))

    async def search(self, call: Call) -> None:
        """Where the words of `q` stand, the last of which may be unfinished: titles first, then messages."""
        limit = min(parse_page(call.query, descending=True).limit, search.MOST)
        found = await self._desk.read(search.search, owner_of(call), asked_for(call, "q") or "", limit)
        await send(call, FoundList(data=found))

    async def share(self, call: Call) -> None:
        """Make a link to the branch that is shown, in place of an earlier one. Raises ApiError 400, 404."""
        wanted = await self._desk.body(call, NewShare)
        made = await self._desk.write(shares.share, owner_of(call), call.params["chat_id"], wanted.expires_in_seconds)
        await send(call, self._with_url(call, made))

    async def revoke(self, call: Call) -> None:
        """Let the link stop working. Raises ApiError 404."""
        await self._desk.write(shares.revoke, owner_of(call), call.params["chat_id"])
        await send_deleted(call, call.params["chat_id"], "chat.share")

    async def show(self, call: Call) -> None:
        """The snapshot that a link opens, without an account; search engines are told to leave it. ApiError 404."""
        await send(call, await self._desk.read(shares.find, call.params["share_id"]), headers=_PRIVATE)

    async def rate(self, call: Call) -> None:
        """Rate an answer, or rate it anew. Raises ApiError 400, 404."""
        wanted = await self._desk.body(call, NewFeedback)
        owner = owner_of(call)
        chat = await self._desk.read(chats.find, owner, call.params["chat_id"])
        made = await self._desk.write(
            feedback.rate,
            owner,
            chat.id,
            call.params["message_id"],
            verdict=wanted.verdict,
            reasons=wanted.reasons,
            correction=wanted.correction or "",
            consent=wanted.consent,
        )
        await send(call, made)

    async def take_back(self, call: Call) -> None:
        """Forget a rating. Raises ApiError 404."""
        chat = await self._desk.read(chats.find, owner_of(call), call.params["chat_id"])
        await self._desk.write(feedback.take_back, chat.id, call.params["message_id"])
        await send_deleted(call, call.params["message_id"], "chat.feedback")

    def _with_url(self, call: Call, link: Share) -> Share:
        return msgspec.structs.replace(link, url=f"{base_of(call, self._settings)}{PAGE}{link.id}")
