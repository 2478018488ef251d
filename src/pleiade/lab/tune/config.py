"""Everything that a fine-tune depends on, as one frozen value; "auto" is decided from the data, as OpenAI does."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pleiade.domain.examples import Format

METHODS = ("sft", "reward", "dpo", "grpo")
FORMATS: dict[str, Format] = {"sft": "chat", "reward": "preference", "dpo": "preference", "grpo": "prompt"}

# Learning rates of adapters; whole models take a tenth ("LoRA Without Regret", 2025: the best rate is about 10 times
# that of full training at any rank). DPO and GRPO move a model that is nearly right already.
ADAPTER_RATES = {"sft": 2e-4, "reward": 1e-4, "dpo": 1e-5, "grpo": 1e-5}
FULL_SHARE = 0.1

# OpenAI's rule for epochs (cookbook, "chat fine-tuning data prep").
TARGET_EPOCHS, MIN_TARGET, MAX_TARGET, MAX_EPOCHS = 3, 100, 25_000, 25
TOKENS_AT_ONCE = 8192  # of a micro-batch, where it is left to us


@dataclass(frozen=True)
class AdapterConfig:
    """LoRA (arXiv 2106.09685) on all linear layers: `alpha` / `rank` scales what the adapter adds."""

    rank: int = 32
    alpha: float = 32.0
    dropout: float = 0.0


@dataclass(frozen=True)
class TuneConfig:
    """One fine-tune. `n_epochs`, `batch_size` and `learning_rate_multiplier` are OpenAI's hyper-parameters.

    `model` is a folder; of an adapter, which is then trained further, `base` is its model's where it does not say.
    `adapter` None trains the whole model. `beta` is DPO's pull towards the model as it was, and GRPO's weight of KL (0
    unless said). `sft_weight` (0 unless said) is what the preferred answers' own likelihood weighs beside DPO's loss:
    answers that the model would not give by itself, say corrections, are else made rarer with the rejected ones
    (arXiv 2404.19733). `grader` (a file, in OpenAI's form) or `reward_model` (a folder) judges GRPO's answers.
    """

    method: str
    model: str
    examples: str
    validation: str = ""
    base: str = ""
    adapter: AdapterConfig | None = AdapterConfig()
    grader: str = ""
    reward_model: str = ""
    n_epochs: int | str = "auto"
    batch_size: int | str = "auto"
    learning_rate_multiplier: float | str = "auto"
    beta: float | str = "auto"
    sft_weight: float | str = "auto"
    max_length: int = 4096
    micro_batch_size: int | str = "auto"
    warmup: float = 0.03
    precision: str = "auto"
    gradient_checkpointing: bool | str = "auto"
    num_generations: int = 8
    max_answer_tokens: int = 256
    temperature: float = 1.0
    held_aside: int | str = "auto"
    checkpoint_seconds: float = 180.0
    checkpoint_steps: int = 0
    checkpoint_epochs: bool = False
    log_steps: int = 10
    seed: int = 1

    def __post_init__(self) -> None:
        """Raises ValueError naming the field and what it may be."""
        if self.method not in METHODS:
            raise ValueError(f"method={self.method}: choose one of {', '.join(METHODS)}")
        for name in ("n_epochs", "batch_size", "learning_rate_multiplier", "micro_batch_size"):
            value = getattr(self, name)
            if value != "auto" and (isinstance(value, str) or not value > 0):
                raise ValueError(f'{name}={value}: give a number above 0, or "auto"')
        for name in ("held_aside", "beta", "sft_weight"):
            value = getattr(self, name)
            if value != "auto" and (isinstance(value, str) or value < 0):
                raise ValueError(f'{name}={value}: give a number from 0 up, or "auto"')
        if self.precision not in ("auto", "float32", "bfloat16"):
            raise ValueError(f"precision={self.precision}: choose auto, float32 or bfloat16")
        if self.gradient_checkpointing not in (True, False, "auto"):
            raise ValueError(f"gradient_checkpointing={self.gradient_checkpointing}: choose true, false or auto")
        if self.max_length < 8 or self.max_answer_tokens < 1:
            raise ValueError("max_length must be at least 8 tokens, max_answer_tokens at least 1")
        if self.adapter is not None and not (self.adapter.rank >= 1 and 0 <= self.adapter.dropout < 1):
            raise ValueError("adapter.rank must be at least 1, adapter.dropout from 0 to below 1")
        if self.method == "grpo":
            if bool(self.grader) == bool(self.reward_model):
                raise ValueError("grpo needs a judge: give either a grader or a reward model")
            if self.num_generations < 2:
                raise ValueError("num_generations must be at least 2: an answer is judged against its siblings")


@dataclass(frozen=True)
class Decided:
    """What "auto" became. `accumulation` micro-batches of a rank make one step; rates are per step at their peak."""

    epochs: int
    batch_size: int
    micro_batch_size: int
    accumulation: int
    steps: int
    learning_rate: float
    beta: float


def decide(config: TuneConfig, num_examples: int, longest: int, ranks: int = 1) -> Decided:
    """Settle what was left open, for `num_examples` to learn of at most `longest` tokens each, on `ranks` processes.

    A step, all ranks together, holds `batch_size` examples (for grpo: answers, a multiple of `num_generations`).
    """
    epochs = auto_epochs(num_examples) if config.n_epochs == "auto" else int(config.n_epochs)
    batch = auto_batch_size(num_examples) if config.batch_size == "auto" else int(config.batch_size)
    unit = config.num_generations if config.method == "grpo" else 1
    if config.method == "grpo":
        batch = max(batch, 4) * unit if config.batch_size == "auto" else math.ceil(batch / unit) * unit
    batch = min(batch, max(1, num_examples) * unit)
    batch = math.ceil(batch / math.lcm(unit, ranks)) * math.lcm(unit, ranks)
    rows = 2 if config.method in ("reward", "dpo") else 1  # a pair is two rows
    fits = max(1, TOKENS_AT_ONCE // (max(1, longest) * rows))
    share = batch // ranks
    wanted = min(share, fits if config.micro_batch_size == "auto" else int(config.micro_batch_size))
    micro = max(size for size in range(1, wanted + 1) if share % size == 0)
    # Groups of answers that do not fill a step wait for the next epoch, which shuffles anew.
    each = num_examples * unit // batch if config.method == "grpo" else math.ceil(num_examples / batch)
    multiplier = 1.0 if config.learning_rate_multiplier == "auto" else float(config.learning_rate_multiplier)
    rate = ADAPTER_RATES[config.method] * (FULL_SHARE if config.adapter is None else 1.0) * multiplier
    beta = {"dpo": 0.1}.get(config.method, 0.0) if config.beta == "auto" else float(config.beta)
    return Decided(epochs, batch, micro, share // micro, epochs * each, rate, beta)


def auto_epochs(num_examples: int) -> int:
    """3, more for very few examples, fewer for very many."""
    if num_examples * TARGET_EPOCHS < MIN_TARGET:
        return min(MAX_EPOCHS, max(1, MIN_TARGET // max(1, num_examples)))
    if num_examples * TARGET_EPOCHS > MAX_TARGET:
        return max(1, MAX_TARGET // num_examples)
    return TARGET_EPOCHS


def auto_batch_size(num_examples: int) -> int:
    """A power of two near one in a hundred examples, 4 to 32: small batches suit adapters."""
    return int(2 ** min(5, max(2, round(math.log2(max(1, num_examples) / 100)))))
