"""A supervisor over scripted engines and gateways, in the test's own event loop."""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from supervisor_launcher import GATEWAY, ScriptedEngine

from pleiade.domain import Endpoint, EndpointState, Model, ModelFormat, ModelKind
from pleiade.registry import add_model, deploy
from pleiade.settings import load_settings
from pleiade.supervisor import Home, Supervisor, bind, prepare_home, url_of
from pleiade.supervisor.table import read_table


class House:
    """A home with one model, a database, and the means to look at what runs."""

    def __init__(self, home: Home, db: sa.Engine) -> None:
        self.home = home
        self.db = db
        self.url = ""
        self.supervisor: Supervisor | None = None

    def deploy(self, name: str, aliases: tuple[str, ...] = (), model: str = "toy", **options: Any) -> None:
        """Write a deployment on the scripted engine, as `pleiade deploy` does."""
        deploy(self.db, name, model=model, engine="scripted", aliases=aliases, options=options)

    def endpoint(self, name: str) -> Endpoint | None:
        """What gateways read about a deployment."""
        table = read_table(self.home.endpoints)
        return next((endpoint for endpoint in table.endpoints if endpoint.deployment == name), None)

    def add_model(self, model_id: str, **fields: Any) -> None:
        """Register a model; scripted engines look at no weights."""
        values = {"kind": ModelKind.TEXT, "format": ModelFormat.SAFETENSORS, "path": "/nowhere", **fields}
        add_model(self.db, Model(id=model_id, **values))

    def ask(self, name: str) -> dict[str, Any]:
        """What the scripted engine of a deployment answers: its pid and its adapters."""
        endpoint = self.endpoint(name)
        assert endpoint is not None
        return self.ask_at(endpoint)

    def ask_at(self, endpoint: Endpoint) -> dict[str, Any]:
        """The same at an endpoint that may be published no more."""
        request = urllib.request.Request(endpoint.url + "/models", headers=endpoint.headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return dict(json.load(answer))

    def alive(self, pid: int) -> bool:
        """Whether a process exists and is no zombie."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except FileNotFoundError:
            return False

    async def eventually(self, holds: Callable[[], bool]) -> None:
        """Wait until something holds; fail after half a minute."""
        async with asyncio.timeout(30):
            while not holds():  # noqa: ASYNC110 - files and processes tell nobody
                await asyncio.sleep(0.02)

    async def until(self, name: str, holds: Callable[[Endpoint], bool]) -> Endpoint:
        """Wait until the published endpoint is as wanted."""
        await self.eventually(lambda: (endpoint := self.endpoint(name)) is not None and holds(endpoint))
        endpoint = self.endpoint(name)
        assert endpoint is not None
        return endpoint

    async def until_ready(self, name: str) -> Endpoint:
        """Wait until a deployment can be called."""
        return await self.until(name, lambda endpoint: endpoint.state is EndpointState.READY)


@pytest.fixture
async def house(tmp_path: Path, sqlite_db: sa.Engine) -> AsyncIterator[House]:
    """A home whose supervisor is not started yet: `await start(house)`."""
    home = prepare_home(tmp_path / "home")
    house = House(home, sqlite_db)
    house.add_model("toy", context_length=128, licence="MIT")
    yield house
    if house.supervisor is not None:
        house.supervisor.kill()
        await house.supervisor.stop()


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Start the house's supervisor and wait until everything is ready or has failed."""
    monkeypatch.setenv("PLEIADE_DATABASE_URL", "postgresql+psycopg://not-for-engines")

    async def start_now(house: House, *, workers: int = 1, drain_s: float = 5.0, **watching: float) -> Supervisor:
        settings = load_settings(
            {"home": str(house.home.path), "port": 0, "workers": workers, "drain_s": drain_s}, environ={}
        )
        listener = bind("127.0.0.1", 0)
        house.url = url_of(listener)
        house.supervisor = Supervisor(
            settings,
            house.home,
            house.db,
            listener,
            engines={"scripted": ScriptedEngine()},
            gateway_command=GATEWAY,
            **watching,
        )
        await house.supervisor.start()
        await house.supervisor.settled()
        return house.supervisor

    return start_now
