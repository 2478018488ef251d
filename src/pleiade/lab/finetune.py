"""Instruction tuning: a base model and the dialogue mixture, through the same loop as pretraining."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from tokenizers import Tokenizer

from pleiade.lab.dialogues.conversation import Conversation
from pleiade.lab.dialogues.render import render
from pleiade.lab.events.samples import chat_prompts
from pleiade.lab.gpt.model import Gpt
from pleiade.lab.objectives.next_token import NextToken
from pleiade.lab.objectives.replay import Replay
from pleiade.lab.objectives.sft import InstructionTuning
from pleiade.lab.ranks import join_ranks
from pleiade.lab.stage import StageConfig, num_steps, run_stage
from pleiade.lab.tokenizer.bpe import token_id
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT
from pleiade.lab.train import Outcome


@torch.no_grad()
def dialogue_loss(model: Gpt, tokenizer: Tokenizer, conversations: Sequence[Conversation], seq_len: int) -> float:
    """Nats per token of what the assistant says, each conversation counted once."""
    rendered = [render(conversation, tokenizer) for conversation in conversations]
    objective = InstructionTuning(rendered, token_id(tokenizer, END_OF_TEXT), seq_len, 1, 1, seed=1)
    nats, num_targets = 0.0, 0
    for _ in range(len(objective.packed)):
        (batch,) = objective.next_step()
        nats += float(objective.loss_sum(model.hidden, model, batch.to(model.device), torch.float32))
        num_targets += batch.num_targets
    return nats / num_targets


def finetune(
    model: Gpt,
    tokenizer: Tokenizer,
    conversations: Sequence[Conversation],
    config: StageConfig,
    run: Path,
    text: NextToken | None = None,
) -> Outcome:
    """Tune `model` in place on the conversations, or resume the run in `run`. Prints the plan first.

    Every step also holds a step of `text`, if given: what the model read before, so that it is not forgotten.
    """
    rendered = [render(conversation, tokenizer) for conversation in conversations]
    end_of_text = token_id(tokenizer, END_OF_TEXT)
    objective = InstructionTuning(rendered, end_of_text, config.seq_len, config.rows, config.micro_rows, config.seed)
    if join_ranks().is_first:
        counts = Counter(conversation.source for conversation in conversations)
        num_targets = sum(sum(r.is_target) for r in rendered)
        print(
            f"instruction tuning: {len(rendered):,} conversations ({objective.num_left_out} longer than "
            f"{config.seq_len} tokens left out), {num_targets:,} assistant tokens, "
            f"{config.epochs} epochs, {num_steps(objective, config)} steps\n"
            + "\n".join(f"  {source:24} {count:,}" for source, count in counts.most_common()),
            flush=True,
        )
    lessons = objective if text is None else Replay(objective, text)
    return run_stage(model, lessons, config, run, chat_prompts(tokenizer))
