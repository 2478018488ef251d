"""Tasks whose answers a few lines of code can judge: dense rewards: something for a very small model to climb."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pleiade.lab.dialogues.structured import CITIES, NAMES
from pleiade.lab.preferences.on_policy import Prompt

MAX_SUM = 10


@dataclass(frozen=True)
class Task:
    """A question and what its answer must hold: one number (`kind` "sum"), or an object with these members ("json")."""

    prompt: Prompt
    kind: str
    wanted: Mapping[str, int | str]


def tasks(num: int, seed: int) -> list[Task]:
    """`num` tasks in English and French, sums and JSON objects in turns; the same for the same seed."""
    rng = random.Random(seed)
    return [_sum(rng) if number % 2 else _object(rng) for number in range(num)]


def reward(task: Task, answer: str) -> float:
    """0 to 1. A sum: 1 for the right number at the end, 0.2 for any. JSON: 0.4 for an object, 0.3 each for the share of
    keys that are there and of values that are right.
    """
    if task.kind == "sum":
        numbers = re.findall(r"\d+", answer)
        return (1.0 if numbers[-1] == str(task.wanted["sum"]) else 0.2) if numbers else 0.0
    try:
        value = json.loads(answer)
    except ValueError:
        return 0.1 if answer.lstrip().startswith("{") else 0.0
    if not isinstance(value, dict):
        return 0.1
    keys = sum(key in value for key in task.wanted)
    values = sum(bool(value.get(key) == wanted) for key, wanted in task.wanted.items())
    return 0.4 + 0.3 * (keys + values) / len(task.wanted)


class TaskJudge:
    """Judges answers to the prompts of known tasks."""

    def __init__(self, known: Sequence[Task]) -> None:
        self._tasks = {repr(task.prompt): task for task in known}

    def __call__(self, prompts: Sequence[Prompt], answers: Sequence[Sequence[str]]) -> list[list[float]]:
        """The reward of every answer."""
        chosen = [self._tasks[repr(prompt)] for prompt in prompts]
        return [[reward(task, text) for text in texts] for task, texts in zip(chosen, answers, strict=True)]


def _sum(rng: random.Random) -> Task:
    a, b = rng.randint(0, MAX_SUM), rng.randint(0, MAX_SUM)
    question = rng.choice((f"What is {a} + {b}?", f"Combien font {a} + {b} ?"))
    return Task(({"role": "user", "content": question},), "sum", {"sum": a + b})


def _object(rng: random.Random) -> Task:
    name, city, age = rng.choice(NAMES), rng.choice(CITIES), rng.randint(18, 80)
    question = rng.choice(
        (
            f"{name} is {age} years old and lives in {city}. Give name, age and city as JSON.",
            f"{name} a {age} ans et habite à {city}. Donne name, age et city en JSON.",
        )
    )
    return Task(({"role": "user", "content": question},), "json", {"name": name, "age": age, "city": city})
