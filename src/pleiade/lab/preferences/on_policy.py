"""Pairs that the model makes itself: several answers to each prompt, the best and the worst by the reward model."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from tokenizers import Tokenizer

from pleiade.lab.dialogues.conversation import Message
from pleiade.lab.gpt.decode import sample
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.reward import answer_rewards
from pleiade.lab.preferences.pair import Preference, prompt_ids, render_answer
from pleiade.lab.ranks import join_ranks
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT, IM_END

Prompt = tuple[Message, ...]


def sample_answers(
    model: Gpt,
    tokenizer: Tokenizer,
    prompts: Sequence[Prompt],
    *,
    num_answers: int,
    max_tokens: int,
    temperature: float,
    seed: int,
) -> list[list[str]]:
    """`num_answers` answers to each prompt, as text."""
    repeated = [ids for prompt in prompts for ids in [prompt_ids(prompt, tokenizer)] * num_answers]
    stop_ids = frozenset((token_id(tokenizer, IM_END), token_id(tokenizer, END_OF_TEXT)))
    written = sample(model, repeated, stop_ids, max_tokens, temperature=temperature, seed=seed)
    texts = [str(tokenizer.decode(ids)).strip() for ids in written]
    return [texts[first : first + num_answers] for first in range(0, len(texts), num_answers)]


def sample_shared(
    model: Gpt,
    tokenizer: Tokenizer,
    prompts: Sequence[Prompt],
    *,
    num_answers: int,
    max_tokens: int,
    temperature: float,
    seed: int,
) -> list[list[str]]:
    """`sample_answers`, each rank asking its share of the prompts: every rank calls this and gets all answers.

    Another number of ranks draws other answers.
    """
    ranks = join_ranks()
    mine = sample_answers(
        model,
        tokenizer,
        ranks.share(list(prompts)),
        num_answers=num_answers,
        max_tokens=max_tokens,
        temperature=temperature,
        seed=seed * ranks.size + ranks.rank,
    )
    return ranks.gather(mine)


def rank_answers(
    reward_model: Gpt, tokenizer: Tokenizer, prompts: Sequence[Prompt], answers: Sequence[Sequence[str]]
) -> list[list[float]]:
    """The reward model's score of every answer, in the order given."""
    flat = [
        render_answer(prompt, text, tokenizer) for prompt, texts in zip(prompts, answers, strict=True) for text in texts
    ]
    scores = iter(answer_rewards(reward_model, flat))
    return [[next(scores) for _ in texts] for texts in answers]


def best_against_worst(
    prompts: Sequence[Prompt], answers: Sequence[Sequence[str]], scores: Sequence[Sequence[float]], margin: float
) -> list[Preference]:
    """A pair for each prompt whose best and worst answer are at least `margin` of reward apart."""
    preferences = []
    for prompt, texts, rewards in zip(prompts, answers, scores, strict=True):
        order = sorted(range(len(texts)), key=lambda i: rewards[i])
        worst, best = order[0], order[-1]
        if texts[best] and texts[best] != texts[worst] and rewards[best] - rewards[worst] >= margin:
            preferences.append(Preference(prompt, texts[best], texts[worst], "on_policy"))
    return preferences


def mean_reward(scores: Sequence[Sequence[float]]) -> float:
    """The mean over all answers."""
    return float(torch.tensor([score for row in scores for score in row]).mean())
