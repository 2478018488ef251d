"""/organization/settings: what is in force in the house and where it comes from; some of it changed while it runs."""

import logging
from collections.abc import Callable

import msgspec
import sqlalchemy as sa

from pleiade.gateway.call import Call
from pleiade.gateway.errors import bad_request
from pleiade.gateway.followed import Followed
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.routing import Route
from pleiade.house.adjusting import VERSION, Adjusted, adjust, adjusted, in_force
from pleiade.house.origins import settings_shown
from pleiade.settings import Settings
from pleiade.store import open_database, version_of

Changes = dict[str, Adjusted]


class HouseSettings:
    """The routes of settings, and the changes of others: every gateway takes them up within a second."""

    def __init__(self, administration: Administration, settings: Settings, apply: Callable[[Settings], None]) -> None:
        """`apply` puts settings in force: it is called with those of the start, changed as they are now."""
        self._administration = administration
        self._settings = settings
        self._apply = apply
        self._followed: Followed[Changes] | None = None
        self._db: sa.Engine | None = None  # its own: a gateway serves while the one of administration is away
        self.routes = (
            Route(method="GET", path="/organization/settings", handler=self.show),
            Route(method="POST", path="/organization/settings", handler=self.update),
        )

    async def start(self) -> None:
        """Take up what was changed before, as soon as the database can be asked."""
        self._followed = Followed(
            "settings",
            {},
            version=lambda: version_of(self._opened(), VERSION),
            load=lambda: self._taken_up(adjusted(self._opened())),
        )
        await self._followed.start(patient=True)

    async def stop(self) -> None:
        """Follow no more."""
        if self._followed is not None:
            await self._followed.stop()
        if self._db is not None:
            self._db.dispose()

    async def show(self, call: Call) -> None:
        """Every setting, its value, and where that comes from."""
        self._administration.enter(call)
        await self._tell(call)

    async def update(self, call: Call) -> None:
        """Change settings by their names; null takes up again what the server was started with. Raises ApiError 400."""
        self._administration.enter(call)
        fields = await self._administration.body(call)
        if not fields:
            raise bad_request("Name at least one setting and its value.", code="missing_required_parameter")
        by = call.principal.user or call.principal.key
        actor = await self._administration.actor(call)
        await self._administration.run(adjust, self._settings, fields, by=by, actor=actor)
        if self._followed is not None:
            await self._followed.refresh()
        await self._tell(call)

    def _opened(self) -> sa.Engine:
        if self._db is None:
            self._db = open_database(self._settings.database, tried=False)
        return self._db

    async def _tell(self, call: Call) -> None:
        changed = await self._administration.run(adjusted)
        shown = settings_shown(self._settings, changed)
        await send(call, {"object": "list", "data": msgspec.to_builtins(shown), "has_more": False})

    def _taken_up(self, changed: Changes) -> Changes:
        now = in_force(self._settings, changed)
        logging.getLogger().setLevel(now.log_level.upper())
        self._apply(now)
        return changed
