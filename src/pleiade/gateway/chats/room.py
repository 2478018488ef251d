"""The room of Chat: all its routes, over one way to the records, and what is tended beside them."""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.gateway.chats.answers import Answers
from pleiade.gateway.chats.cabinet import Cabinet
from pleiade.gateway.chats.conversations import Conversations
from pleiade.gateway.chats.files import Files
from pleiade.gateway.chats.moving import Moving
from pleiade.gateway.chats.sharing import Sharing
from pleiade.gateway.desk import Desk
from pleiade.gateway.errors import ApiError
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.responses.room import ResponsesRoom
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.products.chat import chats
from pleiade.settings import Settings
from pleiade.store.object_storage import Objects

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

SWEEP_S = 600.0


class ChatsRoom:
    """`/chats/…` and `/attachments/…`. It stops after the room of responses, whose ends it writes down."""

    def __init__(self, settings: Settings, archive: Archive, responses: ResponsesRoom) -> None:
        self._desk = Desk(archive)
        self._answers = Answers(self._desk, responses)
        self._files = Files(self._desk, Objects(settings.attachments), self._answers, settings.project_files_mb * 2**20)
        self._tending: asyncio.Task[None] | None = None
        sharing = Sharing(self._desk, settings)
        # Fixed paths go first: `/chats/search` is no chat.
        parts = (
            sharing,
            Moving(self._desk, self._files),
            Cabinet(self._desk, self._files),
            Conversations(self._desk, self._answers, self._files, sharing),
            self._files,
        )
        self.routes: Sequence[Route] = tuple(route for part in parts for route in part.routes)
        self.stages: Sequence[MakeStage] = ()

    async def start(self, gateway: "Gateway") -> None:
        """From now on models can be called."""
        self._desk.max_body_mb = gateway.settings.max_body_mb
        self._answers.start(gateway)
        self._tending = asyncio.create_task(self._tend(), name="tend chats")

    async def stop(self) -> None:
        """Write down how the last answers ended."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        await self._answers.stop()

    async def _tend(self) -> None:
        """Remove what has expired, now and then."""
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                gone = await self._desk.write(chats.sweep)
                await self._answers.forget(gone.responses)
                await self._files.remove(gone.objects)
            except ApiError as error:
                logger.error("chats cannot be tended now: %s", error)
