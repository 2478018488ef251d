"""The room of runs: it records calls, leaves them to the keeper, and tells what was recorded."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.gateway.runs.listing import Listing
from pleiade.gateway.runs.overview import Overview
from pleiade.gateway.runs.recorder import Recorder
from pleiade.runs.redaction import readied
from pleiade.runs.spool import Spool
from pleiade.settings import Settings

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

FOLDER = "runs"  # of the home
FLUSH_S = 0.5


class RunsRoom:
    """`/organization/overview` and `/organization/runs`, over the way to the database that administration has."""

    def __init__(self, settings: Settings, administration: Administration) -> None:
        self._recorder = Recorder(Spool(settings.home_path / FOLDER))
        self._overview = Overview(administration)
        self._listing = Listing(administration)
        self.apply(settings)
        self.stages: Sequence[MakeStage] = (self._recorder.stage,)
        self.routes: Sequence[Route] = (*self._overview.routes, *self._listing.routes)
        self._task: asyncio.Task[None] | None = None

    def apply(self, settings: Settings) -> None:
        """Keep what `settings` say from the next call on."""
        contents = settings.runs == "content"
        self._recorder.spool.ready = partial(readied, redacting=settings.runs_redact) if contents else None
        self._recorder.contents = contents
        self._listing.kept = {
            "recording": settings.runs,
            "days": settings.runs_days,
            "redaction": settings.runs_redact,
        }

    async def start(self, gateway: "Gateway") -> None:
        """From now on calls are recorded."""
        self._overview.gateway = gateway
        gateway.recorder = self._recorder
        self._task = asyncio.create_task(self._flush_forever())

    async def stop(self) -> None:
        """Write the rest; the database belongs to the room of administration."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await asyncio.to_thread(self._recorder.spool.flush)

    async def _flush_forever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            if self._recorder.spool.waiting:
                await asyncio.to_thread(self._recorder.spool.flush)
