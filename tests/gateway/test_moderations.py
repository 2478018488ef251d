"""`POST /moderations` at the gateway: who names no model, who names a wrong one, who pays nothing."""

from pathlib import Path

import pytest
from scripted_books import Books, paying
from scripted_engine import Exchange, ScriptedEngine
from scripted_gateway import Serve, endpoint, openai_error

ALIASES = ("omni-moderation-latest", "text-moderation-latest")


async def answers(exchange: Exchange) -> None:
    await exchange.whole(200, {"id": "modr-1", "model": "m", "results": [{"flagged": False}]})


@pytest.mark.parametrize("prefix", ["/v1", "/openai/v1", "/openai"])
@pytest.mark.parametrize(
    ("named", "asked"),
    [({}, ALIASES[0]), ({"model": None}, ALIASES[0]), ({"model": ALIASES[1]}, ALIASES[1])],
)
async def test_who_names_no_model_gets_the_current_one(
    serve: Serve, engine: ScriptedEngine, prefix: str, named: dict[str, object], asked: str
) -> None:
    engine.script = answers
    judge = endpoint(engine, deployment="pleiade-moderation", model="m", kind="moderation", aliases=ALIASES)
    served = await serve(endpoints=[judge])
    path = f"{prefix}/moderations" + ("?api-version=2024-10-21" if prefix == "/openai" else "")
    answer = await served.post(path, {"input": "hi", **named})
    assert answer.status == 200
    assert (engine.seen[0].path, engine.seen[0].body) == ("/v1/moderations", {"input": "hi", "model": asked})


async def test_a_model_of_another_kind_is_refused_and_told(serve: Serve, engine: ScriptedEngine) -> None:
    served = await serve()
    error = await openai_error(await served.post("/v1/moderations", {"input": "hi", "model": "chat"}))
    assert "of the kind text" in error["message"]


async def test_moderation_costs_nothing_unless_it_has_a_price(
    serve: Serve, engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.script = answers
    books = Books(tmp_path)
    judge = endpoint(engine, deployment="pleiade-moderation", model="m", kind="moderation", aliases=ALIASES)
    served = await serve(endpoints=[judge], commerce=books.commerce, keys=paying())
    assert (await served.post("/v1/moderations", {"input": "hi"})).status == 200
    (entry,) = await books.settled(1)
    assert entry.cost == 0
