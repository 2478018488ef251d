"""The room of deployments: both of Azure's shapes and our own, over the way to the database that administration has."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.gateway.deployments.data_plane import DataPlane
from pleiade.gateway.deployments.filters import Filters
from pleiade.gateway.deployments.house import House
from pleiade.gateway.deployments.placing import Placing
from pleiade.gateway.deployments.resource_manager import ResourceManager
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class DeploymentsRoom:
    """`/openai/deployments`, `/subscriptions/…/deployments` and `/organization/deployments`."""

    stages: Sequence[MakeStage] = ()

    def __init__(self, administration: Administration) -> None:
        self._placing = Placing(administration)
        self._filters = Filters(administration, self._placing)
        azure = DataPlane(self._placing), ResourceManager(self._placing)
        parts = *azure, House(administration, self._placing), self._filters
        self.routes: Sequence[Route] = tuple(route for part in parts for route in part.routes)

    async def start(self, gateway: "Gateway") -> None:
        """The gateway starts: from now on it is known which engines answer, and texts can be judged."""
        self._placing.directory = gateway.directory
        self._filters.start(gateway)

    async def stop(self) -> None:
        """Nothing is left to do: the database belongs to the room of administration."""
