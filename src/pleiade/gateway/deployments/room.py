"""The room of deployments: both shapes, over the way to the database that administration has."""

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

    def __init__(self, administration: Administration) -> None:
        self._placing = Placing(administration)
        self.routes: Sequence[Route] = (*DataPlane(self._placing).routes, *ResourceManager(self._placing).routes)

    async def start(self, gateway: "Gateway") -> None:
        """The gateway starts: from now on it is known which engines answer."""
        self._placing.directory = gateway.directory

    async def stop(self) -> None:
        """Nothing is left to do: the database belongs to the room of administration."""
