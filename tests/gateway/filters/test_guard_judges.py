"""A guard that is a chat model judges for a filter: prompts and answers, streams, and what is no verdict."""

import pytest
from scripted_engine import Exchange, ScriptedEngine, usage
from scripted_filters import check_wire, content_of, events_of, says
from scripted_gateway import AZURE, CHAT, OPENAI, Serve, Served, endpoint

from pleiade.domain.policy import FilterPolicy, Screen

WORDS = {"STAB": ("S9", "illicit_violent"), "PUNCH": ("S1", "violence"), "SLUR": ("S10", "hate")}


def asks(text: str) -> dict[str, object]:
    return CHAT | {"messages": [{"role": "user", "content": text}]}


async def complete(exchange: Exchange, text: str) -> None:
    message = {"role": "assistant", "content": text, "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    head = {"id": "chatcmpl-2", "object": "chat.completion", "created": 1700000000, "model": "guard"}
    await exchange.whole(200, head | {"choices": [choice], "usage": usage(1)})


async def llama_guard(exchange: Exchange) -> None:
    """Judges the last turn, as Llama Guard does."""
    text = exchange.body["messages"][-1]["content"]
    codes = [code for word, (code, _) in WORDS.items() if word in text]
    await complete(exchange, "\n\nunsafe\n" + ",".join(codes) if codes else "\n\nsafe")


async def safeguard(exchange: Exchange) -> None:
    """Judges by the policy that it is told."""
    system, user = exchange.body["messages"]
    assert "illicit_violent" in system["content"]
    found = [harm for word, (_, harm) in WORDS.items() if word in user["content"]]
    told = '{"violation": %d, "categories": [%s]}' % (bool(found), ", ".join(f'"{harm}"' for harm in found))  # noqa: UP031
    await complete(exchange, told)


async def rambles(exchange: Exchange) -> None:
    await complete(exchange, "What a lovely day.")


async def guarded(serve: Serve, engine: ScriptedEngine, judge: ScriptedEngine, policy: FilterPolicy) -> Served:
    name = "gpt-oss-safeguard-20b" if policy.judge == "sage" else "llama-guard-3-1b"
    asked = endpoint(judge, deployment=policy.judge, model=name, aliases=())
    return await serve(endpoints=[endpoint(engine, policy=policy), asked])


@pytest.mark.parametrize(("name", "script"), [("guard", llama_guard), ("sage", safeguard)])
async def test_prompts_and_answers_are_judged(serve: Serve, engine, judge, name, script) -> None:
    judge.script = script
    engine.script = says("I will PUNCH you.")
    served = await guarded(serve, engine, judge, FilterPolicy(judge=name))
    refused = await served.post(AZURE, asks("STAB him"))
    assert refused.status == 400
    found = (await refused.json())["error"]["innererror"]["content_filter_result"]
    assert found["violence"] == {"filtered": True, "severity": "high"}
    assert engine.seen == []
    emptied = await (await served.post(AZURE, asks("hi"))).json()
    assert emptied["choices"][0]["finish_reason"] == "content_filter"
    assert emptied["choices"][0]["content_filter_results"]["violence"] == {"filtered": True, "severity": "medium"}


async def test_shapes_are_those_of_the_contract(serve: Serve, engine, judge) -> None:
    judge.script = llama_guard
    engine.script = says("Hello there.")
    served = await guarded(serve, engine, judge, FilterPolicy(judge="guard"))
    check_wire("whole", await (await served.post(AZURE, asks("hi"))).json())


async def test_a_stream_is_held_back_until_the_guard_has_read_it(serve: Serve, engine, judge) -> None:
    judge.script = llama_guard
    engine.script = says("one two three four five six PUNCH eight nine ten eleven twelve")
    served = await guarded(serve, engine, judge, FilterPolicy(judge="guard", window=20))
    events = events_of(await (await served.post(OPENAI, asks("hi") | {"stream": True})).text())
    assert "PUNCH" not in content_of(events)
    assert events[-1]["choices"][0]["finish_reason"] == "content_filter"


@pytest.mark.parametrize("form", ["", "safeguard"])
async def test_a_guard_that_gives_no_verdict_is_an_outage(serve: Serve, engine, judge, form) -> None:
    judge.script = rambles if not form else llama_guard  # who is asked in another form answers in none
    engine.script = says("I will PUNCH you.")
    served = await guarded(serve, engine, judge, FilterPolicy(judge="guard", judge_form=form))
    answer = await (await served.post(AZURE, asks("hi"))).json()
    choice = answer["choices"][0]
    assert choice["message"]["content"] == "I will PUNCH you."
    assert choice["content_filter_result"]["error"]["code"] == "content_filter_error"


async def test_a_long_prompt_is_read_in_pieces_that_fit_the_guard(serve: Serve, engine, judge) -> None:
    judge.script = llama_guard
    policy = FilterPolicy(judge="guard", prompt=Screen(), output=Screen())
    served = await guarded(serve, engine, judge, policy)  # of 2,048 tokens of context
    assert (await served.post(OPENAI, asks("x " * 2000 + "STAB"))).status == 400
    pieces = [exchange.body["messages"][-1]["content"] for exchange in judge.seen]
    assert len(pieces) > 1
    assert max(map(len, pieces)) <= 2048
