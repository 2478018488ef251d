"""JSON answers and tool calls: enough rows that the format is known; what it holds stays simple."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

from pleiade.lab.dialogues.conversation import Conversation, exchange

NAMES = ("Alice", "Bruno", "Chloé", "David", "Emma", "Farid", "Grace", "Hugo", "Inès", "Jules", "Karim", "Lina")
CITIES = ("Paris", "Lyon", "London", "Berlin", "Madrid", "Rome", "Tokyo", "Dakar", "Montréal", "New York", "Lille")
JOBS = (("teacher", "professeur"), ("doctor", "médecin"), ("painter", "peintre"), ("baker", "boulanger"))


def _function(name: str, description: str, **properties: str) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {
                "type": "object",
                "properties": {key: {"type": kind} for key, kind in properties.items()},
                "required": list(properties),
            },
        },
    }


WEATHER = _function("get_weather", "Get the weather of a city.", city="string")
SEARCH = _function("search", "Search the web.", query="string")
ADD = _function("add", "Add two numbers.", a="number", b="number")


def structured_conversations(num: int, seed: int) -> Iterator[Conversation]:
    """`num` rows, reproducible for a seed: half JSON, half tool calls (a third of these with the tool's answer)."""
    rng = random.Random(seed)
    for _ in range(num // 2):
        yield _json_answer(rng)
    for _ in range(num - num // 2):
        yield _tool_call(rng)


def _json_answer(rng: random.Random) -> Conversation:
    name, city, age, (job, metier) = rng.choice(NAMES), rng.choice(CITIES), rng.randint(18, 80), rng.choice(JOBS)
    answer = json.dumps({"name": name, "age": age, "city": city}, ensure_ascii=False)
    question = rng.choice(
        (
            f"{name} is {age} years old and lives in {city}. Give name, age and city as JSON.",
            f"Answer in JSON with name, age and city: {name}, a {job} from {city}, is {age}.",
            f"{name} a {age} ans et habite à {city}. Donne name, age et city en JSON.",
            f"Réponds en JSON avec name, age et city : {name}, {metier} à {city}, a {age} ans.",
        )
    )
    return exchange(question, answer, "json")


def _tool_call(rng: random.Random) -> Conversation:
    kind, city = rng.randrange(3), rng.choice(CITIES)
    arguments: dict[str, Any]
    a, b = rng.randint(1, 99), rng.randint(1, 99)
    if kind == 0:
        question = rng.choice((f"What is the weather in {city}?", f"Quel temps fait-il à {city} ?"))
        tool, arguments, result = WEATHER, {"city": city}, "sunny"
        answer = f"The weather in {city} is sunny." if question[0:2] == "Wh" else f"Il fait beau à {city}."
    elif kind == 1:
        question = rng.choice((f"Search the web for {city}.", f"Cherche {city} sur le web."))
        tool, arguments, result = SEARCH, {"query": city}, f"{city} is a city."
        answer = f"{city} is a city." if question[0] == "S" else f"{city} est une ville."
    else:
        question = rng.choice((f"Add {a} and {b}.", f"Additionne {a} et {b}."))
        tool, arguments, result = ADD, {"a": a, "b": b}, str(a + b)
        answer = f"The sum is {a + b}." if "and" in question else f"La somme est {a + b}."
    call = {"type": "function", "function": {"name": tool["function"]["name"], "arguments": arguments}}
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": "", "tool_calls": [call]},
    ]
    if rng.random() < 1 / 3:
        messages += [{"role": "tool", "content": result}, {"role": "assistant", "content": answer}]
    tools = [tool, rng.choice([t for t in (WEATHER, SEARCH, ADD) if t is not tool])] if rng.random() < 0.5 else [tool]
    return Conversation(tuple(messages), "tools", tuple(tools))
