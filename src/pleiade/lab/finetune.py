"""Instruction tuning: a base model and the dialogue mixture, through the same loop as pretraining."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.dialogues.conversation import Conversation
from pleiade.lab.dialogues.render import render
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.sft import InstructionTuning
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.ranks import join_ranks
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT
from pleiade.lab.train import LoopConfig, Outcome, train


@dataclass(frozen=True)
class FinetuneConfig:
    """An instruction-tuning run: `epochs` over the mixture, rates a third of pretraining's, falling all the way."""

    epochs: float = 4.0
    seq_len: int = 512
    rows: int = 32
    micro_rows: int = 16
    seed: int = 1
    loop: LoopConfig = field(default_factory=lambda: LoopConfig(steps=1))
    optim: OptimConfig = field(
        default_factory=lambda: OptimConfig(muon_lr=0.006, embedding_lr=0.003, gain_lr=0.002, muon_weight_decay=0.0)
    )
    schedule: ScheduleConfig = field(default_factory=lambda: ScheduleConfig(warmup_steps=20, decay_fraction=0.9))


def finetune(
    model: Gpt, tokenizer: Tokenizer, conversations: Sequence[Conversation], config: FinetuneConfig, run: Path
) -> Outcome:
    """Tune `model` in place on the conversations, or resume the run in `run`. Prints the plan first."""
    rendered = [render(conversation, tokenizer) for conversation in conversations]
    end_of_text = token_id(tokenizer, END_OF_TEXT)
    objective = InstructionTuning(rendered, end_of_text, config.seq_len, config.rows, config.micro_rows, config.seed)
    steps = max(1, round(config.epochs * objective.steps_per_epoch))
    loop = dataclasses.replace(config.loop, steps=steps, minutes=None)
    if join_ranks().is_first:
        counts = Counter(conversation.source for conversation in conversations)
        num_targets = sum(sum(r.is_target) for r in rendered)
        print(
            f"instruction tuning: {len(rendered):,} conversations ({objective.num_left_out} longer than "
            f"{config.seq_len} tokens left out), {num_targets:,} assistant tokens, "
            f"{config.epochs} epochs, {steps} steps\n"
            + "\n".join(f"  {source:24} {count:,}" for source, count in counts.most_common()),
            flush=True,
        )
    return train(model, objective, loop, config.optim, config.schedule, run)
