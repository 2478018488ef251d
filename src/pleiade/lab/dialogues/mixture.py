"""The instruction-tuning mixture: how often each kind of dialogue is read, in one table."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from pathlib import Path

from pleiade.lab.dialogues import post_sets
from pleiade.lab.dialogues.conversation import Conversation
from pleiade.lab.dialogues.everyday import everyday_conversations
from pleiade.lab.dialogues.facts import fact_conversations
from pleiade.lab.dialogues.identity import follow_up_conversations, identity_conversations
from pleiade.lab.dialogues.structured import structured_conversations

# Sets below `data`/post that the mixture reads, for the model card.
POST_SETS = (
    "wiki_derived_en",
    "piaf_fr_qa",
    "docs_derived_fr",
    "continue_text",
    "chatterbot_smalltalk",
    "sgd_dialogues",
)


def absent_sets(data: Path) -> list[str]:
    """The sets that the mixture reads and `data` lacks, as paths below it."""
    wanted = [*(f"post/{name}" for name in POST_SETS), "pretrain/fr_vikidia"]
    return [name for name in wanted if not any((data / name).glob("*.jsonl*"))]


def chat_mixture(data: Path, seed: int) -> list[Conversation]:
    """All conversations of one epoch, shuffled. A kind is (how to make it, at most so many rows, times repeated).

    The written dialogues are few and matter most, so they repeat; the sets from data teach sentences. A set that is not
    below `data` is left out (`absent_sets` names it): the written dialogues need none.
    """
    post, pretrain = data / "post", data / "pretrain"
    kinds: tuple[tuple[Callable[[], Iterable[Conversation]], int, int], ...] = (
        (identity_conversations, 2000, 8),
        (follow_up_conversations, 200, 3),
        (fact_conversations, 2000, 8),
        (everyday_conversations, 200, 20),
        (lambda: structured_conversations(600, seed), 600, 1),
        (lambda: post_sets.wiki_descriptions(post), 5000, 1),
        (lambda: post_sets.french_descriptions(post, pretrain), 2000, 2),
        (lambda: post_sets.french_questions(post), 2500, 1),
        (lambda: post_sets.french_documents(post), 400, 1),
        (lambda: post_sets.continuations(post), 1000, 1),
        (lambda: post_sets.small_talk(post), 1000, 2),
        (lambda: post_sets.task_dialogues(post), 500, 1),
    )
    rng = random.Random(seed)
    mixture: list[Conversation] = []
    for make, at_most, repeats in kinds:
        try:
            rows = list(make())
        except FileNotFoundError:
            continue
        rng.shuffle(rows)
        mixture += rows[:at_most] * repeats
    rng.shuffle(mixture)
    return mixture
