"""Reinforcement: the model answers, code or the reward model judges, what beats its siblings becomes likelier (RLOO).

Verifiable tasks (sums, JSON) come first: their rewards are dense, and nobody can talk them into a better mark.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.events.samples import chat_prompts
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.policy_gradient import Judge, PolicyGradient
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.preferences.on_policy import Prompt, mean_reward, rank_answers, sample_answers
from pleiade.lab.preferences.verifiable import TaskJudge, tasks
from pleiade.lab.ranks import join_ranks
from pleiade.lab.stage import StageConfig, num_steps, run_stage
from pleiade.lab.train import Outcome

NUM_MEASURED = 100  # tasks or prompts kept aside


def rloo_stage() -> StageConfig:
    """A twentieth of instruction tuning's rates: every step learns from a few answers only (nanochat)."""
    optim = OptimConfig(muon_lr=0.0005, embedding_lr=0.0002, gain_lr=0.0002, muon_weight_decay=0.0)
    return StageConfig(epochs=1.0, seq_len=160, micro_rows=64, optim=optim)


@dataclass(frozen=True)
class RlooConfig:
    """`num_prompts` tasks, `prompts_per_step` of them a step, `num_answers` to each, at most `max_tokens` long.

    `judge` is "tasks" (verifiable) or "reward" (the reward model); `kl` is the price, in reward, of each nat by which
    an answer became likelier than it was before the stage.
    """

    judge: str = "tasks"
    num_prompts: int = 1600
    prompts_per_step: int = 16
    num_answers: int = 8
    max_tokens: int = 48
    temperature: float = 1.0
    kl: float = 0.02
    stage: StageConfig = field(default_factory=rloo_stage)

    def __post_init__(self) -> None:
        if self.judge not in ("tasks", "reward"):
            raise ValueError(f"rloo.judge={self.judge}: choose tasks or reward")


@dataclass(frozen=True)
class RlooOutcome:
    """How training ended, and the mean reward of the model's first choice on unseen prompts, before and after."""

    outcome: Outcome
    reward_before: float
    reward_after: float


def train_rloo(
    model: Gpt, scorer: Gpt, tokenizer: Tokenizer, prompts: Sequence[Prompt], config: RlooConfig, run: Path
) -> RlooOutcome:
    """Tune `model` in place, or resume the run in `run`. `prompts` and `scorer` serve the judge "reward" only."""
    if config.judge == "tasks":
        known = tasks(config.num_prompts + NUM_MEASURED, config.stage.seed)
        judge: Judge = TaskJudge(known)
        prompts = list({repr(task.prompt): task.prompt for task in known}.values())
    else:

        def judge(asked: Sequence[Prompt], answers: Sequence[Sequence[str]]) -> list[list[float]]:
            return rank_answers(scorer, tokenizer, asked, answers)

    measure, learn = list(prompts[:NUM_MEASURED]), list(prompts[NUM_MEASURED:])
    objective = PolicyGradient(
        model,
        tokenizer,
        learn,
        judge,
        prompts_per_step=config.prompts_per_step,
        num_answers=config.num_answers,
        max_tokens=config.max_tokens,
        seq_len=config.stage.seq_len,
        micro_rows=config.stage.micro_rows,
        temperature=config.temperature,
        seed=config.stage.seed,
        reference=copy.deepcopy(model),
        kl=config.kl,
    )

    def first_choice() -> float:
        answers = sample_answers(
            model, tokenizer, measure, num_answers=1, max_tokens=config.max_tokens, temperature=0.0, seed=0
        )
        return mean_reward(judge(measure, answers))

    before = first_choice()
    if join_ranks().is_first:
        steps = num_steps(objective, config.stage)
        print(f"reinforcement: {len(learn):,} prompts, judged by {config.judge}, {steps} steps", flush=True)
    outcome = run_stage(model, objective, config.stage, run, chat_prompts(tokenizer))
    return RlooOutcome(outcome, before, first_choice())
