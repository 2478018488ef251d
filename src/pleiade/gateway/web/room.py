"""The web app at `/`: its files, one page for all its spaces, and a plain page that says how to build it."""

import asyncio
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pleiade.gateway.call import Call
from pleiade.gateway.errors import unknown_url
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.gateway.web.files import BUILT, WebFile, WebFiles, list_files, version_of
from pleiade.gateway.web.headers import ASK_AGAIN, FOR_EVER, SAFE, accepted_coding, knows, wants_page

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

# First segments of the app's own addresses (web/src/App.tsx): a page of theirs exists, whatever follows.
SPACES = frozenset({"", "chat", "images", "console", "settings", "signin", "join", "s"})
_HTML = b"text/html; charset=utf-8"
_NOT_BUILT = Path(__file__).with_name("not_built.html").read_bytes()


class WebRoom:
    """`/`, and every address at the root that no other route knows."""

    stages: Sequence[MakeStage] = ()

    def __init__(self, folder: Path = BUILT) -> None:
        self._folder = folder
        self._files = WebFiles({}, 0)
        self.routes: Sequence[Route] = (
            Route(method="GET", path="/", handler=self.serve, root=True, public=True),
            Route(method="GET", path="/*", handler=self.serve, root=True, public=True, fallback=True),
        )

    async def start(self, gateway: "Gateway") -> None:
        """List the files."""
        self._files = await asyncio.to_thread(list_files, self._folder)
        if self._files.index is None:
            logger.warning("the web app is not built: / says how to build it")

    async def stop(self) -> None:
        """Nothing is open."""

    async def serve(self, call: Call) -> None:
        """A file, or the page whose script reads the address. Raises ApiError 404 for programs."""
        name = call.path.lstrip("/")
        found = self._files.by_name.get(name)
        if found is not None and found.immutable:
            return await _send(call, found, 200)
        await self._follow_build()
        if found is not None:
            return await _send(call, self._files.by_name.get(name, found), 200)
        known = name.partition("/")[0] in SPACES
        if not known and not wants_page(call.headers):
            raise unknown_url(call.scope["method"], call.path[:200])
        page = self._files.index
        if page is not None:
            return await _send(call, page, 200 if known else 404)
        call.status = 503
        await call.answer.whole(503, _NOT_BUILT, (*SAFE, ASK_AGAIN), _HTML)

    async def _follow_build(self) -> None:
        """In a checkout the app may be built again while we serve."""
        if version_of(self._folder) != self._files.version:
            self._files = await asyncio.to_thread(list_files, self._folder)


async def _send(call: Call, file: WebFile, status: int) -> None:
    """The file in the client's best coding, or 304 where it has it already."""
    coding = accepted_coding(call.headers, file.codings)
    etag = f'"{file.etag}-{coding}"' if coding else f'"{file.etag}"'
    headers = [*SAFE, FOR_EVER if file.immutable else ASK_AGAIN, (b"etag", etag.encode())]
    if status == 200 and knows(call.headers, etag):
        call.status = 304
        return await call.answer.whole(304, b"", headers, file.content_type)
    if coding:
        headers.append((b"content-encoding", coding.encode()))
    try:
        body = await asyncio.to_thread(file.read, coding)
    except FileNotFoundError:  # a newer build took it away
        raise unknown_url(call.scope["method"], call.path[:200]) from None
    call.status = status
    await call.answer.whole(status, body, headers, file.content_type)
