"""A judge that finds harm by plain words and an engine that says what a test wants; and the filters' golden files."""

import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from scripted_engine import Exchange, ScriptedEngine, chunk, final_usage, usage

from pleiade.safety.taxonomy import HARMS

GOLDEN = Path(__file__).parent / "filters" / "golden"
WORDS = {
    "STAB": ("violence_graphic", 0.7),
    "PUNCH": ("violence", 0.9),
    "SLUR": ("hate", 0.9),
    "DAMN": ("profanity", 0.9),
    "OBEY": ("jailbreak", 0.9),
}


async def judge_by_words(exchange: Exchange) -> None:
    """Scores as the moderation worker gives them; each of `WORDS` is one harm."""
    results = []
    for text in exchange.body["input"]:
        harms = {harm.value: 0.01 for harm in HARMS}
        for word, (harm, score) in WORDS.items():
            if word in text:
                harms[harm] = score
        results.append({"flagged": False, "categories": {}, "category_scores": {}, "harms": harms})
    await exchange.whole(200, {"id": "modr-1", "model": "judge-1", "results": results})


def says(*texts: str, finish: str = "stop") -> Callable[[Exchange], Awaitable[None]]:
    """An engine that answers with these texts, one for each choice; streams go word by word."""

    async def script(exchange: Exchange) -> None:
        body = exchange.body
        if not body.get("stream"):
            choices = [
                {
                    "index": index,
                    "message": {"role": "assistant", "content": text, "refusal": None},
                    "logprobs": None,
                    "finish_reason": finish,
                }
                for index, text in enumerate(texts)
            ]
            answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1700000000, "model": "pico-1"}
            await exchange.whole(200, answer | {"choices": choices, "usage": usage(len(texts))})
            return
        await exchange.begin()
        role = json.loads(chunk(None)[6:])
        role["choices"][0]["delta"] = {"role": "assistant", "content": ""}
        await exchange.part(b"data: " + json.dumps(role, separators=(",", ":")).encode() + b"\n\n")
        tokens = 0
        for word in texts[0].split(" "):
            tokens += 1
            await exchange.part(chunk(word + " ", tokens=tokens))
        await exchange.part(chunk(None, finish=finish, tokens=tokens))
        if (body.get("stream_options") or {}).get("include_usage"):
            await exchange.part(final_usage(tokens))
        await exchange.part(b"data: [DONE]\n\n")
        await exchange.end()

    return script


def dead(judge: ScriptedEngine) -> None:
    """From now on the judge fails."""

    async def fail(exchange: Exchange) -> None:
        await exchange.whole(500, {"error": {"message": "no", "type": "server_error", "param": None, "code": None}})

    judge.script = fail


def check_wire(name: str, value: Any) -> None:
    """Compare with golden/NAME.json, as wire-contract §4.2 and §5 have it. REGENERATE_GOLDEN=1 writes them anew."""
    path = GOLDEN / f"{name}.json"
    if os.environ.get("REGENERATE_GOLDEN"):
        path.write_text(json.dumps(value, indent=1) + "\n")
    assert value == json.loads(path.read_text())


def events_of(body: str) -> list[Any]:
    """The objects of a stream; its last line must be [DONE]."""
    lines = [line.removeprefix("data: ") for line in body.split("\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def content_of(events: list[Any]) -> str:
    """All that a stream says."""
    deltas = [choice.get("delta") or {} for event in events for choice in event["choices"]]
    return "".join(delta.get("content") or "" for delta in deltas)
