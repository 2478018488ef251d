"""Preference tuning: the model answers, the reward model ranks, the best is learned against the worst.

Off-policy pairs do little for a model this small: what it would never write, chosen or rejected, teaches it nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.events.samples import chat_prompts
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.dpo import PreferenceOptimisation, pair_logprobs
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.preferences.on_policy import (
    Prompt,
    best_against_worst,
    mean_reward,
    rank_answers,
    sample_shared,
)
from pleiade.lab.preferences.pair import render_pairs
from pleiade.lab.preferences.records import keep_pairs, kept_pairs
from pleiade.lab.ranks import join_ranks
from pleiade.lab.stage import StageConfig, num_steps, run_stage
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT
from pleiade.lab.train import Outcome


def dpo_stage() -> StageConfig:
    """Small rates: the answers shall change, the language shall not."""
    optim = OptimConfig(muon_lr=0.0005, embedding_lr=0.0002, gain_lr=0.0002, muon_weight_decay=0.0)
    return StageConfig(epochs=2.0, seq_len=384, rows=32, micro_rows=16, optim=optim)


@dataclass(frozen=True)
class DpoConfig:
    """`num_answers` to each of `num_prompts`, at most `max_tokens` long; a pair is `margin` of reward apart."""

    num_prompts: int = 1000
    num_answers: int = 8
    max_tokens: int = 96
    temperature: float = 1.0
    margin: float = 0.5
    stage: StageConfig = field(default_factory=dpo_stage)


@dataclass(frozen=True)
class DpoOutcome:
    """How training ended, and the mean reward of sampled answers to unseen prompts, before and after."""

    outcome: Outcome
    num_pairs: int
    reward_before: float
    reward_after: float


def train_dpo(
    model: Gpt, reward_model: Gpt, tokenizer: Tokenizer, prompts: Sequence[Prompt], config: DpoConfig, run: Path
) -> DpoOutcome:
    """Tune `model` in place, or resume the run in `run`. Every tenth prompt is kept aside to measure on.

    Pairs and their reference log-probabilities are made by the first rank and kept in `run`, so that a resumed run
    goes on with the same ones. Raises ValueError where no pair is far enough apart.
    """
    learn, measure = [p for i, p in enumerate(prompts) if i % 10], list(prompts[::10])
    ranks = join_ranks()
    record = run / "pairs.json"
    before = sampled_reward(model, reward_model, tokenizer, measure, config)
    is_new = not record.exists()  # the first rank writes it when all have answered, so all have looked before
    answers = _answers(model, tokenizer, learn, config, seed=config.stage.seed) if is_new else []
    if ranks.is_first and is_new:
        scores = rank_answers(reward_model, tokenizer, learn, answers)
        made = best_against_worst(learn, answers, scores, config.margin)
        keep_pairs(record, made, pair_logprobs(model, render_pairs(made, tokenizer)))
        print(
            f"preference pairs: {len(made):,} from {config.num_answers} answers to {len(learn):,} prompts", flush=True
        )
    ranks.wait_for_all()
    preferences, references = kept_pairs(record)
    if not preferences:
        raise ValueError(
            f"no prompt has two answers {config.margin} of reward apart: give more prompts or lower the margin"
        )
    stage = config.stage
    objective = PreferenceOptimisation(
        render_pairs(preferences, tokenizer),
        token_id(tokenizer, END_OF_TEXT),
        stage.seq_len,
        stage.rows,
        stage.micro_rows,
        stage.seed,
        references,
    )
    if ranks.is_first:
        print(f"preference tuning: {len(objective.pairs):,} pairs, {num_steps(objective, stage)} steps", flush=True)
    outcome = run_stage(model, objective, stage, run, chat_prompts(tokenizer))
    after = sampled_reward(model, reward_model, tokenizer, measure, config)
    return DpoOutcome(outcome, len(preferences), before, after)


def sampled_reward(
    model: Gpt, reward_model: Gpt, tokenizer: Tokenizer, prompts: Sequence[Prompt], config: DpoConfig
) -> float:
    """The mean reward of the model's sampled answers; the same random numbers each time."""
    answers = _answers(model, tokenizer, prompts, config, seed=0)
    return mean_reward(rank_answers(reward_model, tokenizer, prompts, answers))


def _answers(
    model: Gpt, tokenizer: Tokenizer, prompts: Sequence[Prompt], config: DpoConfig, seed: int
) -> list[list[str]]:
    return sample_shared(
        model,
        tokenizer,
        prompts,
        num_answers=config.num_answers,
        max_tokens=config.max_tokens,
        temperature=config.temperature,
        seed=seed,
    )
