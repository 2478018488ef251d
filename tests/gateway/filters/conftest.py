"""Gateways whose deployments filter."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from scripted_engine import ScriptedEngine
from scripted_filters import judge_by_words
from scripted_gateway import Serve, Served, endpoint

from pleiade.domain.policy import FilterPolicy


@pytest.fixture
async def judge() -> AsyncIterator[ScriptedEngine]:
    judge = ScriptedEngine(script=judge_by_words)
    await judge.start()
    yield judge
    await judge.stop()


Filtered = Callable[..., Awaitable[Served]]


@pytest.fixture
def filtered(serve: Serve, engine: ScriptedEngine, judge: ScriptedEngine) -> Filtered:
    """Starts a gateway whose deployment `chat` filters by a policy."""

    async def start(policy: FilterPolicy, **more: Any) -> Served:
        asked = endpoint(judge, deployment="pleiade-moderation", model="judge-1", kind="moderation", aliases=())
        drawing = endpoint(engine, deployment="draw", model="pix-1", kind="image", aliases=(), policy=policy)
        return await serve(endpoints=[endpoint(engine, policy=policy), drawing, asked], **more)

    return start
