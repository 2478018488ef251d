"""The room of deployments: both shapes over one way to the database."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.gateway.deployments.data_plane import DataPlane
from pleiade.gateway.deployments.placing import Placing
from pleiade.gateway.deployments.resource_manager import ResourceManager
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class DeploymentsRoom:
    """`/openai/deployments` and `/subscriptions/…/deployments`."""

    stages: Sequence[MakeStage] = ()

    def __init__(self, database_url: str) -> None:
        self._administration = Administration(database_url)
        self._placing = Placing(self._administration)
        self.routes: Sequence[Route] = (*DataPlane(self._placing).routes, *ResourceManager(self._placing).routes)

    async def start(self, gateway: "Gateway") -> None:
        """The gateway starts: from now on it is known which engines answer."""
        self._administration.max_body_mb = gateway.settings.max_body_mb
        self._placing.directory = gateway.directory

    async def stop(self) -> None:
        """Let go of the database."""
        await asyncio.to_thread(self._administration.close)
