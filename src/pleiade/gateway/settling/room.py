"""The room of settlements, over the way to the database that administration has."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pleiade.gateway.billing.books import Books
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.gateway.settling.agreements import Agreements
from pleiade.gateway.settling.settlements import Settlements

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class SettlingRoom:
    """`/organization/agreements`."""

    stages: Sequence[MakeStage] = ()

    def __init__(self, administration: Administration) -> None:
        books = Books(administration)
        agreements = Agreements(books)
        self.routes: Sequence[Route] = (*agreements.routes, *Settlements(books, agreements).routes)

    async def start(self, gateway: "Gateway") -> None:
        """Nothing runs beside the calls."""

    async def stop(self) -> None:
        """Nothing is left to do: the database belongs to the room of administration."""
