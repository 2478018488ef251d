"""The room of the house: its routes, over the way to the database that administration has."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pleiade.gateway.house.doctor import Doctor
from pleiade.gateway.house.persons import Persons
from pleiade.gateway.house.settings import HouseSettings
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.settings import Settings

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class HouseRoom:
    """`/organization/doctor`, `/organization/settings`, and what is kept of a person under `/organization/users`."""

    def __init__(
        self, administration: Administration, settings: Settings, apply: Callable[[Settings], None] = lambda _: None
    ) -> None:
        """`apply` puts settings in force that are changed while the server runs."""
        self._settings = HouseSettings(administration, settings, apply)
        self.stages: Sequence[MakeStage] = ()
        parts = Doctor, Persons
        made = [part(administration, settings) for part in parts]
        self.routes: Sequence[Route] = tuple(route for part in (*made, self._settings) for route in part.routes)

    async def start(self, gateway: "Gateway") -> None:
        """From now on settings are followed."""
        await self._settings.start()

    async def stop(self) -> None:
        """The database belongs to the room of administration."""
        await self._settings.stop()
