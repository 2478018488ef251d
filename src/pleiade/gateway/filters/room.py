"""What filters need of the database: the index of protected texts, followed as it changes."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import sqlalchemy as sa

from pleiade.gateway.followed import Followed
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.registry.protected import load_index, protected_version
from pleiade.safety.protected import ProtectedIndex
from pleiade.settings import Settings
from pleiade.store import open_database

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class FiltersRoom:
    """No route and no stage: it gives the gateway its `protected`."""

    stages: Sequence[MakeStage] = ()
    routes: Sequence[Route] = ()

    def __init__(self, settings: Settings) -> None:
        self._url = settings.database
        self._database: sa.Engine | None = None  # there once it was asked
        self._index = Followed(
            "protected texts",
            ProtectedIndex(),
            version=lambda: protected_version(self._opened()),
            load=lambda: load_index(self._opened()),
        )

    async def start(self, gateway: "Gateway") -> None:
        """From now on protected texts are followed; a database that is away is waited for."""
        gateway.protected = self._index
        await self._index.start(patient=True)

    async def stop(self) -> None:
        """Follow no more."""
        await self._index.stop()
        if self._database is not None:
            self._database.dispose()

    def _opened(self) -> sa.Engine:
        if self._database is None:
            self._database = open_database(self._url, tried=False)
        return self._database
