"""The room of bills, over the way to the database that administration has."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.gateway.billing.books import Books
from pleiade.gateway.billing.issuing import Issuing
from pleiade.gateway.billing.reading import Reading
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.settings import Settings

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class BillingRoom:
    """`/organization/invoices`, `/organization/adjustments` and `/organization/customers`."""

    stages: Sequence[MakeStage] = ()

    def __init__(self, settings: Settings, administration: Administration) -> None:
        books = Books(administration)
        reading = Reading(books, settings.home_path)
        self.routes: Sequence[Route] = (*reading.routes, *Issuing(books, reading).routes)

    async def start(self, gateway: "Gateway") -> None:
        """Nothing runs beside the calls."""

    async def stop(self) -> None:
        """Nothing is left to do: the database belongs to the room of administration."""
