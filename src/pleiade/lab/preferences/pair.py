"""A preference: what was asked, the better answer, the worse one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tokenizers import Tokenizer

from pleiade.lab.dialogues.conversation import Conversation, Message
from pleiade.lab.dialogues.render import render_text

ANSWER_END = "<|im_end|>\n"


@dataclass(frozen=True)
class Preference:
    """`prompt` ends with a user's message; `source` names where the pair came from, for the model card."""

    prompt: tuple[Message, ...]
    chosen: str
    rejected: str
    source: str


@dataclass(frozen=True)
class Answer:
    """Tokens of a whole conversation; those from `start` on are the answer that is judged, its end mark included."""

    ids: list[int]
    start: int


@dataclass(frozen=True)
class RenderedPair:
    """A preference as tokens."""

    chosen: Answer
    rejected: Answer

    @property
    def longest(self) -> int:
        """Tokens of the longer one."""
        return max(len(self.chosen.ids), len(self.rejected.ids))


def prompt_ids(messages: Sequence[Message], tokenizer: Tokenizer) -> list[int]:
    """The conversation up to where the assistant begins to answer."""
    text = render_text(Conversation(tuple(messages), ""), add_generation_prompt=True)
    return list(tokenizer.encode(text, add_special_tokens=False).ids)


def render_answer(messages: Sequence[Message], answer: str, tokenizer: Tokenizer) -> Answer:
    """Prompt and answer are encoded apart, as they are when a model writes the answer itself."""
    before = prompt_ids(messages, tokenizer)
    after = tokenizer.encode(answer + ANSWER_END, add_special_tokens=False).ids
    return Answer([*before, *after], len(before))


def render_pairs(preferences: Sequence[Preference], tokenizer: Tokenizer) -> list[RenderedPair]:
    """All preferences as tokens."""
    return [
        RenderedPair(
            render_answer(preference.prompt, preference.chosen, tokenizer),
            render_answer(preference.prompt, preference.rejected, tokenizer),
        )
        for preference in preferences
    ]


def hold_out(preferences: Sequence[Preference], every: int = 10) -> tuple[list[Preference], list[Preference]]:
    """(to learn from, to measure on): every tenth prompt is kept aside with all of its pairs."""
    prompts = dict.fromkeys(repr(preference.prompt) for preference in preferences)
    aside = set(list(prompts)[::every])
    learn = [preference for preference in preferences if repr(preference.prompt) not in aside]
    measure = [preference for preference in preferences if repr(preference.prompt) in aside]
    return learn, measure
