"""The reward model: an instructed model learns to score answers, measured on prompts that it has not seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.objectives.reward import RewardModelling, answer_rewards
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.preferences.pair import Preference, RenderedPair, hold_out, render_pairs
from pleiade.lab.ranks import join_ranks
from pleiade.lab.stage import StageConfig, num_steps, run_stage
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT
from pleiade.lab.train import Outcome


def reward_config() -> StageConfig:
    """One epoch: a second one makes a reward model learn its pairs by heart (InstructGPT)."""
    optim = OptimConfig(muon_lr=0.003, embedding_lr=0.0005, head_lr=0.01, gain_lr=0.001, muon_weight_decay=0.0)
    return StageConfig(epochs=1.0, seq_len=384, rows=64, micro_rows=16, optim=optim)


@dataclass(frozen=True)
class RewardOutcome:
    """How training ended, and the share of unseen pairs whose better answer scored higher, before and after."""

    outcome: Outcome
    accuracy_before: float
    accuracy_after: float
    num_measured: int


def with_reward_head(model: Gpt) -> Gpt:
    """A copy of the model that also scores; its head starts at zero, so every score does."""
    scorer = Gpt(dataclasses.replace(model.config, reward_head=True))
    init_weights(scorer, seed=1)
    scorer.load_state_dict(model.state_dict(), strict=False)
    return scorer.to(model.device)


def train_reward(
    scorer: Gpt, tokenizer: Tokenizer, preferences: Sequence[Preference], config: StageConfig, run: Path
) -> RewardOutcome:
    """Train `scorer` in place on nine tenths of the prompts, or resume the run in `run`."""
    learn, measure = (render_pairs(part, tokenizer) for part in hold_out(preferences))
    pad_id = token_id(tokenizer, END_OF_TEXT)
    objective = RewardModelling(learn, pad_id, config.seq_len, config.rows, config.micro_rows, config.seed)
    measure = [pair for pair in measure if pair.longest <= config.seq_len]
    if not measure:
        raise ValueError(f"{len(preferences)} preferences leave none to measure on: give at least ten prompts")
    before = pair_accuracy(scorer, measure)
    if join_ranks().is_first:
        print(
            f"reward model: {len(objective.pairs):,} pairs ({objective.num_left_out} longer than {config.seq_len} "
            f"tokens left out), {len(measure):,} kept aside, {num_steps(objective, config)} steps",
            flush=True,
        )
    outcome = run_stage(scorer, objective, config, run)
    return RewardOutcome(outcome, before, pair_accuracy(scorer, measure), len(measure))


def pair_accuracy(scorer: Gpt, pairs: Sequence[RenderedPair]) -> float:
    """The share of pairs whose chosen answer scores higher; a tie counts half."""
    flat = answer_rewards(scorer, [answer for pair in pairs for answer in (pair.chosen, pair.rejected)])
    wins = [1.0 if c > r else 0.5 if c == r else 0.0 for c, r in zip(flat[::2], flat[1::2], strict=True)]
    return sum(wins) / len(wins)
