"""Fixtures of the gateway's tests: real sockets on both sides."""

from collections.abc import AsyncIterator

import pytest
import uvloop
from scripted_engine import ScriptedEngine
from scripted_gateway import Gateways, Serve, Served


@pytest.fixture(scope="session")
def event_loop_policy() -> uvloop.EventLoopPolicy:
    """The event loop that serves is the one that is tested."""
    return uvloop.EventLoopPolicy()


@pytest.fixture
async def engine() -> AsyncIterator[ScriptedEngine]:
    """An engine that behaves well until the test gives it another script."""
    engine = ScriptedEngine()
    await engine.start()
    yield engine
    await engine.stop()


@pytest.fixture
async def serve(engine: ScriptedEngine) -> AsyncIterator[Serve]:
    """Starts gateways over `engine`: see Gateways.start."""
    gateways = Gateways(engine)
    yield gateways.start
    await gateways.stop()


@pytest.fixture
async def served(serve: Serve) -> Served:
    """A gateway with default settings over the well-behaved engine."""
    return await serve()
