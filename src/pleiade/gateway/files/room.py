"""The room of files and uploads, and what is tended beside its routes."""

import asyncio
import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.files.contents import Contents
from pleiade.files.records import ARRIVING_S
from pleiade.gateway.errors import ApiError
from pleiade.gateway.files.routes import FileRoutes
from pleiade.gateway.files.upload_routes import UploadRoutes
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.settings import Settings
from pleiade.store.object_storage import ObjectsError

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

SWEEP_S = 600.0


class FilesRoom:
    """`/files` and `/uploads`."""

    def __init__(self, settings: Settings, archive: Archive) -> None:
        self._contents = Contents(settings.files)
        self._files = FileRoutes(settings, archive, self._contents)
        self._uploads = UploadRoutes(settings, archive, self._contents)
        self._tending: asyncio.Task[None] | None = None
        self.routes: Sequence[Route] = (*self._files.routes, *self._uploads.routes)
        self.stages: Sequence[MakeStage] = ()

    async def start(self, gateway: "Gateway") -> None:
        """From now on files can be taken in."""
        self._uploads.desk.max_body_mb = gateway.settings.max_body_mb
        self._tending = asyncio.create_task(self._tend(), name="tend files")

    async def stop(self) -> None:
        """Nothing more is tended."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)

    async def sweep(self) -> None:
        """Remove what has expired, was deleted, or died on its way. Raises ApiError, ObjectsError."""
        await self._files.sweep()
        await self._uploads.sweep()
        await asyncio.to_thread(self._contents.objects.clear_unfinished, ARRIVING_S)

    async def _tend(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await self.sweep()
            except (ApiError, ObjectsError, OSError) as error:
                logger.error("files cannot be tended now: %s", error)
