"""Where each deployment answers right now: the supervisor's table of endpoints, followed as it changes."""

import asyncio
import logging
from collections.abc import Mapping
from pathlib import Path

import msgspec
from yarl import URL

from pleiade.domain import Endpoint, EndpointTable

logger = logging.getLogger(__name__)

POLL_S = 0.1
_decoder = msgspec.json.Decoder(EndpointTable)


class Target:
    """An endpoint with all that can be prepared once instead of per request."""

    __slots__ = ("_urls", "endpoint", "headers", "remote")

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.headers: dict[str, str] = {**endpoint.headers, "content-type": "application/json"}
        self.remote = endpoint.engine == "upstream" or endpoint.rewrite_model  # by whatever engine it was planned
        self._urls: dict[str, URL] = {}

    def url(self, path: str) -> URL:
        """The engine's URL for a route such as `/chat/completions`."""
        known = self._urls.get(path)
        if known is None:
            query = f"?{self.endpoint.query}" if self.endpoint.query else ""
            known = self._urls[path] = URL(self.endpoint.url + path + query, encoded=True)
        return known


class Directory:
    """Resolves a name (deployment, else alias, else the id of a deployed model) to its target.

    `path` is the table that the supervisor replaces atomically; without it, `replace` sets the table (tests).
    """

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._stamp: tuple[int, int, int] | None = None
        self._targets: dict[str, Target] = {}
        self._by_name: dict[str, Target] = {}
        self._task: asyncio.Task[None] | None = None
        self._failing = False
        self.loaded = False

    def find(self, name: str) -> Target | None:
        """The target of `name`, None if there is none."""
        return self._by_name.get(name)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """All endpoints, ready or not, in the table's order."""
        return tuple(target.endpoint for target in self._targets.values())

    def names(self) -> Mapping[str, Target]:
        """Every callable name with its target: deployments and aliases, not bare model ids."""
        names = dict(self._targets)
        for target in self._targets.values():
            for alias in target.endpoint.aliases:
                names.setdefault(alias, target)
        return names

    def replace(self, table: EndpointTable) -> None:
        """Use `table` from now on; targets of endpoints that did not change are kept."""
        targets = {}
        for endpoint in table.endpoints:
            old = self._targets.get(endpoint.deployment)
            targets[endpoint.deployment] = old if old is not None and old.endpoint == endpoint else Target(endpoint)
        self._targets = targets
        by_name = dict(self.names())
        for target in targets.values():
            by_name.setdefault(target.endpoint.model, target)
        self._by_name = by_name
        self.loaded = True

    def refresh(self) -> None:
        """Read the table again if its file was replaced. Raises OSError or msgspec.DecodeError."""
        if self._path is None:
            return
        status = self._path.stat()
        stamp = (status.st_mtime_ns, status.st_ino, status.st_size)
        if stamp != self._stamp:
            self.replace(_decoder.decode(self._path.read_bytes()))
            self._stamp = stamp

    async def start(self) -> None:
        """Follow the table in the background. It may not exist yet: then no name is known."""
        self._try_refresh()
        if self._path is not None:
            self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(POLL_S)
            self._try_refresh()

    def _try_refresh(self) -> None:
        try:
            self.refresh()
            self._failing = False
        except (OSError, msgspec.DecodeError) as error:
            if not self._failing:
                logger.warning("the table of endpoints %s cannot be read (%s); the last one stays", self._path, error)
            self._failing = True
