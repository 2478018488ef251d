"""Pairs without annotators: a good answer, and the same answer spoiled in a way that small models spoil theirs."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from pleiade.lab.dialogues.conversation import Conversation
from pleiade.lab.preferences.pair import Preference


def spoiled_preferences(conversations: Sequence[Conversation], seed: int) -> list[Preference]:
    """One pair a conversation that ends with the assistant's answer; the same for the same seed.

    The ways take turns: another question's answer, words in disorder, a sentence said again, cut in the middle.
    """
    rng = random.Random(seed)
    usable = [c for c in conversations if len(_answer(c).split()) >= 3 and not c.tools]
    ways: tuple[Callable[[str], str], ...] = (
        lambda answer: _another(answer, usable, rng),
        lambda answer: _disordered(answer, rng),
        lambda answer: " ".join([answer] * rng.randint(2, 3)),
        lambda answer: answer[: max(3, int(len(answer) * rng.uniform(0.2, 0.7)))].rstrip(" .!?"),
    )
    preferences = []
    for number, conversation in enumerate(usable):
        good = _answer(conversation)
        bad = ways[number % len(ways)](good)
        if bad != good:
            preferences.append(Preference(conversation.messages[:-1], good, bad, conversation.source))
    return preferences


def _answer(conversation: Conversation) -> str:
    last = conversation.messages[-1]
    return str(last.get("content") or "") if last["role"] == "assistant" else ""


def _another(answer: str, conversations: Sequence[Conversation], rng: random.Random) -> str:
    for _ in range(10):
        other = _answer(rng.choice(conversations))
        if other != answer:
            return other
    return answer[::-1]


def _disordered(answer: str, rng: random.Random) -> str:
    words = answer.split()
    shuffled = words.copy()
    rng.shuffle(shuffled)
    return " ".join(shuffled if shuffled != words else words[::-1])
