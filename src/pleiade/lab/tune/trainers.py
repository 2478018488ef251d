"""TRL's trainer for each method, with everything that could depend on a default said here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from pleiade.domain.examples import Example
from pleiade.lab.tune.config import Decided, TuneConfig
from pleiade.lab.tune.models import LARGE, end_of_turn
from pleiade.lab.tune.render import Rendered
from pleiade.lab.tune.rewards import Judge

# What TRL calls the number that each method is measured by on examples kept aside, our name, and which way is better.
MEASURES = {
    "sft": ("eval_loss", "nats per token of answers", "lower"),
    "reward": ("eval_accuracy", "accuracy on pairs", "higher"),
    "dpo": ("eval_loss", "preference loss on pairs", "lower"),
    "grpo": ("eval_reward", "reward of sampled answers", "higher"),
}


@dataclass(frozen=True)
class Sets:
    """Rows to learn and rows to measure on."""

    learn: Rendered
    measure: Rendered


def precision_here(config: TuneConfig) -> str:
    """bfloat16 where a GPU computes it, else float32; or what the configuration says."""
    if config.precision != "auto":
        return config.precision
    return "bfloat16" if torch.cuda.is_available() and torch.cuda.is_bf16_supported() else "float32"


def build_trainer(
    model: Any,
    tokenizer: Any,
    sets: Sets,
    config: TuneConfig,
    decided: Decided,
    run: Path,
    callback: Any,
    judge: tuple[Judge, Sequence[Example], Sequence[Example]] | None = None,
) -> Any:
    """A TRL trainer over rows that are tokens already. `judge` (grpo): the judge, and the examples of both sets."""
    from datasets import Dataset

    learn, measure = Dataset.from_list(sets.learn.rows), Dataset.from_list(sets.measure.rows)
    common = _arguments(model, config, decided, run)
    shared = {"model": model, "processing_class": tokenizer, "callbacks": [callback]}
    match config.method:
        case "sft":
            from trl import SFTConfig, SFTTrainer

            prepared = {"dataset_kwargs": {"skip_prepare_dataset": True}, "max_length": None, "loss_type": "nll"}
            arguments = SFTConfig(**common, **prepared)
            trainer = SFTTrainer(args=arguments, train_dataset=learn, eval_dataset=measure, **shared)
        case "reward":
            from trl import RewardConfig, RewardTrainer

            arguments = RewardConfig(**common, max_length=None)
            trainer = RewardTrainer(args=arguments, train_dataset=learn, eval_dataset=measure, **shared)
        case "dpo":
            from trl import DPOConfig, DPOTrainer

            # This trainer tokenises by itself and has no way to be given tokens: it gets a line to chew on, and
            # then the rows, whose template, length and tools we know.
            line = Dataset.from_list([{"prompt": "a", "chosen": "b", "rejected": "c"}])
            if config.sft_weight not in ("auto", 0):
                common |= {"loss_type": ["sigmoid", "sft"], "loss_weights": [1.0, float(config.sft_weight)]}
            arguments = DPOConfig(**common, max_length=None, beta=decided.beta)
            trainer = DPOTrainer(args=arguments, train_dataset=line, eval_dataset=line, **shared)
            trainer.train_dataset, trainer.eval_dataset = learn, measure
        case _:
            trainer = _grpo(learn, measure, config, decided, common, shared, judge, tokenizer)
    trainer.pop_callback(_printer())
    return trainer


def _grpo(
    learn: Any,
    measure: Any,
    config: TuneConfig,
    decided: Decided,
    common: dict[str, Any],
    shared: dict[str, Any],
    judge: tuple[Judge, Sequence[Example], Sequence[Example]] | None,
    tokenizer: Any,
) -> Any:
    from trl import GRPOConfig, GRPOTrainer

    assert judge is not None
    judged, asked = judge[0], {"learn": judge[1], "measure": judge[2]}

    def reward(completions: list[str], place: list[int], which: list[str], **_rest: Any) -> list[float]:
        return judged([asked[name][i] for name, i in zip(which, place, strict=True)], completions)

    # Sampling ends where the template ends a turn; many folders name another token as the end of text.
    tokenizer.eos_token = end_of_turn(tokenizer) or tokenizer.eos_token
    group = config.num_generations
    arguments = GRPOConfig(
        **{**common, "per_device_eval_batch_size": group * math.ceil(decided.micro_batch_size / group)},
        num_generations=group,
        max_completion_length=config.max_answer_tokens,
        temperature=config.temperature,
        beta=decided.beta,
    )
    learn, measure = (
        rows.remove_columns("length").add_column("which", [name] * len(rows))
        for rows, name in ((learn, "learn"), (measure, "measure"))
    )
    return GRPOTrainer(args=arguments, train_dataset=learn, eval_dataset=measure, reward_funcs=reward, **shared)


def _arguments(model: Any, config: TuneConfig, decided: Decided, run: Path) -> dict[str, Any]:
    on_gpu = torch.cuda.is_available()
    keep_less = config.gradient_checkpointing
    if keep_less == "auto":
        keep_less = sum(p.numel() for p in model.parameters()) >= LARGE
    return {
        "output_dir": str(run / "checkpoints"),
        "num_train_epochs": decided.epochs,
        "per_device_train_batch_size": decided.micro_batch_size,
        "per_device_eval_batch_size": decided.micro_batch_size,
        "gradient_accumulation_steps": decided.accumulation,
        "learning_rate": decided.learning_rate,
        "lr_scheduler_type": "linear",
        "warmup_steps": math.ceil(decided.steps * config.warmup),
        "optim": "adamw_torch",
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "bf16": precision_here(config) == "bfloat16",
        "use_cpu": not on_gpu,
        "dataloader_pin_memory": on_gpu,
        "gradient_checkpointing": bool(keep_less),
        "logging_steps": 1,
        "logging_nan_inf_filter": False,  # it would report the mean of what went before
        "save_strategy": "no",  # the callback asks for checkpoints, by time
        "save_total_limit": 2,
        "eval_strategy": "no" if config.method == "grpo" or decided.epochs < 2 else "epoch",
        "seed": config.seed,
        "report_to": "none",
        "disable_tqdm": True,
    }


def _printer() -> Any:
    from transformers.trainer_callback import PrinterCallback

    return PrinterCallback
