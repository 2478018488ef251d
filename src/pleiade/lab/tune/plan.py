"""The plan that is printed before the first step: what will be trained, on what, for how long, in how much memory."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any

import torch

from pleiade.lab.events.flops import peak
from pleiade.lab.tune.config import Decided, TuneConfig
from pleiade.lab.tune.trainers import MEASURES, Sets

USED = 0.4  # of the device's peak, by whole training steps
UNKNOWN = 1e13  # FLOP/s of a GPU that no list has


@dataclass(frozen=True)
class Plan:
    """Sizes of a fine-tune; memory in bytes, time in seconds, both estimates."""

    parameters: int
    trainable: int
    tokens: int
    flops: float
    memory: float
    available: float
    seconds: float
    device: str

    def text(self, config: TuneConfig, decided: Decided, sets: Sets, unseen: bool) -> str:
        """Readable lines, the configuration first."""
        told = {name: value for name, value in dataclasses.asdict(config).items() if value not in ("", None)}
        unit = "answers" if config.method == "grpo" else "examples"
        measured = f"{len(sets.measure.rows):,} {'kept aside' if unseen else 'of them: too few to keep any aside'}"
        lines = [
            json.dumps(told),
            "plan",
            f"  trainable            {self.trainable / 1e6:.2f} M of {self.parameters / 1e6:.2f} M parameters "
            f"({'the whole model' if config.adapter is None else f'an adapter of rank {config.adapter.rank}'})",
            f"  examples             {len(sets.learn.rows):,} to learn, measured on {measured}",
            f"  steps                {decided.steps:,}: {decided.epochs} epochs, {decided.batch_size} {unit} a step "
            f"({decided.accumulation} x {decided.micro_batch_size})",
            f"  learning rate        {decided.learning_rate:.2g} at its peak, falling linearly",
            f"  tokens               {self.tokens / 1e6:.2f} M, {self.flops:.1e} FLOPs",
            f"  memory               about {self.memory / 1e9:.1f} GB of {self.available / 1e9:.1f} GB free",
            f"  expected time        about {self.seconds / 60:.1f} min",
            f"  measured by          {MEASURES[config.method][1]}",
        ]
        if self.memory > self.available:
            lines.append("  warning              it may not fit: halve micro_batch_size, or max_length")
        return "\n".join(lines)


def make_plan(model: Any, sets: Sets, config: TuneConfig, decided: Decided) -> Plan:
    """Count parameters and tokens, estimate memory and time."""
    parameters = list(model.parameters())
    total = sum(p.numel() for p in parameters)
    trainable = sum(p.numel() for p in parameters if p.requires_grad)
    tokens = sets.learn.num_tokens * decided.epochs
    # Forward 2, backward through activations 2, through the weights that move 2 (Kaplan et al., arXiv 2001.08361).
    per_token = 4.0 * total + 2.0 * trainable
    length = sets.learn.longest
    if config.method == "dpo":
        per_token += 2.0 * total  # the reference
    if config.method == "grpo":
        tokens = sets.learn.num_tokens + len(sets.learn.rows) * config.max_answer_tokens
        tokens *= decided.epochs * config.num_generations
        per_token += 2.0 * total  # sampling
        length += config.max_answer_tokens
    rows = decided.micro_batch_size * (2 if config.method in ("reward", "dpo") else 1)
    weights = sum(p.numel() * p.element_size() for p in parameters)
    if config.method == "dpo" and config.adapter is None:
        weights *= 2
    memory = weights + 12.0 * trainable + _activations(model, rows * length, config.method)
    return Plan(
        total, trainable, tokens, tokens * per_token, memory, _available(), tokens * per_token / _pace(), _device()
    )


def _activations(model: Any, tokens: int, method: str) -> float:
    """Bytes kept for the way back: about 20 values of the hidden size a layer and token, and the logits thrice."""
    text = model.config.get_text_config()
    size = getattr(text, "hidden_size", 0) * getattr(text, "num_hidden_layers", 0) * 20
    logits = 0 if method == "reward" else 3 * text.vocab_size
    return 4.0 * tokens * (size + logits)


def _device() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def _available() -> float:
    if torch.cuda.is_available():
        return float(torch.cuda.mem_get_info()[0])
    import psutil

    return float(psutil.virtual_memory().available)


def _pace() -> float:
    """FLOPs a second of training here."""
    on_gpu = torch.cuda.is_available()
    device, dtype = torch.device("cuda" if on_gpu else "cpu"), torch.bfloat16 if on_gpu else torch.float32
    here = peak(device, dtype, 1)
    return (here.flops if here else UNKNOWN) * USED
