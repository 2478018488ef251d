"""One rank of one contestant: it trains, and writes down when each step began and what the validation loss was.

Ours runs through `pleiade.lab.train.train`, as `pleiade train` does. The peers' models and optimizers are imported
from their checkouts; the step around them is that of their train.py, line by line, because those are scripts and
cannot be imported. All read the same rows from the same stream.

    python bench/training_child.py JOB.json          (bench/training.py starts it, as many ranks as suit)
"""

import ctypes
import json
import math
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from pleiade.lab.data.shards import open_shard
from pleiade.lab.data.stream import PackedStream, StreamConfig
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.objectives.next_token import NextToken
from pleiade.lab.optim.muon import OptimConfig
from pleiade.lab.optim.schedule import ScheduleConfig
from pleiade.lab.ranks import Ranks, join_ranks, leave_ranks
from pleiade.lab.tokenizer.bpe import load_tokenizer
from pleiade.lab.train import LoopConfig, train

PR_SET_PDEATHSIG = 1  # prctl(2)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


@dataclass(frozen=True)
class Shape:
    """A decoder of `width` in `layers` with `heads`, such that the matrices of all three architectures are equal.

    A plain feed-forward has 8 width² weights (4 x width hidden units), a gated one 3 x width x its size: at
    8/3 width the two are equal, so `width` is a multiple of 3.
    """

    vocabulary: int
    width: int
    layers: int
    heads: int
    seq_len: int

    def ours(self) -> GptConfig:
        """The same as a model of ours."""
        size, remainder = divmod(8 * self.width, 3)
        if remainder:
            raise ValueError(f"a width of {self.width} gives no equal feed-forward: take a multiple of 3")
        head = self.width // self.heads
        return GptConfig(
            self.vocabulary, self.width, self.layers, self.heads, self.heads, head, size, max_position=self.seq_len
        )


@dataclass(frozen=True)
class Job:
    """What one contestant does; `steps` is also the length of the schedule of learning rates."""

    contestant: str
    checkout: str
    shape: Shape
    text: str
    notes: str
    rows: int
    micro_rows: int
    steps: int
    warmup_steps: int
    learning_rate: float = 1e-3
    evaluate_every: int = 0
    validation_rows: int = 0
    compile: bool = True
    threads: int = 1


class NotedStream:
    """The stream of rows, which notes when it is asked: a step begins there, and the one before has ended."""

    def __init__(self, job: Job, ranks: Ranks) -> None:
        self.job, self.is_first, self.step = job, ranks.is_first, 0
        folder = Path(job.text)
        tokenizer = load_tokenizer(folder)
        config = StreamConfig(seq_len=job.shape.seq_len, piece_tokens=4 * job.shape.seq_len, fim_rate=0.0)
        self.stream = PackedStream([open_shard(folder / "train")], [1.0], tokenizer, config)
        validation = PackedStream([open_shard(folder / "validation")], [1.0], tokenizer, config)
        self.validation = validation.next_rows(job.validation_rows) if job.validation_rows else None
        self.loss_sum: Callable[[Tensor], float] | None = None
        self.path = Path(job.notes if self.is_first else os.devnull)

    def note(self, **facts: Any) -> None:
        """One line of JSON with the time, which all processes of a machine share, and this one's CPU time."""
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"at": time.monotonic(), "cpu": time.process_time(), **facts}) + "\n")

    def next_rows(self, num_rows: int) -> Tensor:
        """The next rows, after a look at the validation loss where one is due."""
        self.note(step=self.step)
        if self.job.evaluate_every and self.step and self.step % self.job.evaluate_every == 0:
            self.evaluate()
        self.step += 1
        return self.stream.next_rows(num_rows)

    def evaluate(self) -> None:
        """Nats per token of the validation rows, on every rank, so that none gets ahead meanwhile."""
        if self.validation is None or self.loss_sum is None:
            return
        started = time.monotonic()
        with torch.no_grad():
            nats = sum(self.loss_sum(part.to(DEVICE)) for part in torch.split(self.validation, self.job.micro_rows))
        self.note(looked_at=self.step, loss=nats / self.validation[:, 1:].numel(), since=started)

    def state_dict(self) -> dict[str, Any]:
        """The place in the text, for our checkpoints."""
        return self.stream.state_dict()

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Never needed: no contestant resumes."""
        self.stream.load_state_dict(state)

    def finish(self) -> None:
        """Note the end of the last step, and what was reached."""
        self.note(step=self.step)
        self.evaluate()


def describe(stream: NotedStream, model: nn.Module, matmul_weights: int) -> None:
    """Note parameters and FLOPs a token: 6 a weight of a matrix product, and causal attention (as in GptConfig)."""
    shape = stream.job.shape
    attention = 6 * shape.layers * shape.width * shape.seq_len
    stream.note(parameters=sum(p.numel() for p in model.parameters()), flops=6 * matmul_weights + attention)


def micro_batches(stream: NotedStream, ranks: Ranks) -> list[Tensor]:
    """This rank's part of the next step, on the device; (rows, seq_len + 1) each."""
    rows = stream.next_rows(stream.job.rows)
    return [part.to(DEVICE, non_blocking=True) for part in ranks.share(list(torch.split(rows, stream.job.micro_rows)))]


def run_pleiade(job: Job, ranks: Ranks, stream: NotedStream) -> None:
    """Our loop as it is, with the rates of the presets."""
    config = job.shape.ours()
    model = Gpt(config)
    init_weights(model, 1)
    objective = NextToken(stream, job.rows, job.micro_rows)  # type: ignore[arg-type]
    describe(stream, model, config.num_matrix_params + config.vocab_size * config.hidden_size)

    def loss_sum(rows: Tensor) -> float:
        logits = model(rows[:, :-1], torch.bfloat16)
        return float(nn.functional.cross_entropy(logits.flatten(0, 1), rows[:, 1:].flatten(), reduction="sum"))

    stream.loss_sum = loss_sum
    loop = LoopConfig(steps=job.steps, compile=job.compile, threads=job.threads)
    schedule = ScheduleConfig(warmup_steps=job.warmup_steps, decay_fraction=0.6)
    train(model, objective, loop, OptimConfig(), schedule, Path(job.notes).with_suffix(".run"))


def run_nanogpt(job: Job, ranks: Ranks, stream: NotedStream) -> None:
    """nanoGPT's train.py: autocast, AdamW, clipping, warm-up and cosine to a tenth; betas of its small models."""
    sys.path.insert(0, job.checkout)
    from model import GPT, GPTConfig

    shape = job.shape
    torch.manual_seed(1337)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    model = GPT(
        GPTConfig(
            block_size=shape.seq_len,
            vocab_size=shape.vocabulary,
            n_layer=shape.layers,
            n_head=shape.heads,
            n_embd=shape.width,
            dropout=0.0,
            bias=False,
        )
    ).to(DEVICE)
    describe(stream, model, sum(m.weight.numel() for m in model.modules() if isinstance(m, nn.Linear)))
    optimizer = model.configure_optimizers(0.1, job.learning_rate, (0.9, 0.99), DEVICE.type)
    # Its train.py trains in float32 on a CPU; here all have the same precision.
    autocast = torch.autocast(DEVICE.type, torch.bfloat16)
    plain = model
    if job.compile:
        model = torch.compile(model)
    if ranks.size > 1:
        model = DistributedDataParallel(model)

    def loss_sum(rows: Tensor) -> float:
        with autocast:
            return float(plain(rows[:, :-1], rows[:, 1:].contiguous())[1]) * rows[:, 1:].numel()

    stream.loss_sum = loss_sum
    for step in range(job.steps):
        for group in optimizer.param_groups:
            group["lr"] = nanogpt_rate(step, job)
        parts = micro_batches(stream, ranks)
        for number, part in enumerate(parts):
            if ranks.size > 1:
                model.require_backward_grad_sync = number == len(parts) - 1
            with autocast:
                _, loss = model(part[:, :-1].contiguous(), part[:, 1:].contiguous())
                loss = loss / len(parts)
            loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        loss.item()


def nanogpt_rate(step: int, job: Job) -> float:
    """get_lr of its train.py: linear warm-up, then cosine down to a tenth at the end."""
    peak, lowest = job.learning_rate, job.learning_rate / 10
    if step < job.warmup_steps:
        return peak * (step + 1) / (job.warmup_steps + 1)
    ratio = (step - job.warmup_steps) / max(1, job.steps - job.warmup_steps)
    return lowest + 0.5 * (1.0 + math.cos(math.pi * ratio)) * (peak - lowest)


def run_nanochat(job: Job, ranks: Ranks, stream: NotedStream) -> None:
    """nanochat's base_train.py: its model on full attention, its fused Muon and AdamW, its momentum warm-up."""
    os.environ["NANOCHAT_DTYPE"] = "bfloat16"
    sys.path.insert(0, job.checkout)
    from nanochat.gpt import GPT, GPTConfig

    shape = job.shape
    if DEVICE.type == "cuda":
        torch.set_float32_matmul_precision("high")
    with torch.device("meta"):
        model = GPT(
            GPTConfig(
                sequence_len=shape.seq_len,
                vocab_size=shape.vocabulary,
                n_layer=shape.layers,
                n_head=shape.heads,
                n_kv_head=shape.heads,
                n_embd=shape.width,
                window_pattern="L",
            )
        )
    model.to_empty(device=DEVICE)
    model.init_weights()
    describe(stream, model, model.num_matmul_params())
    compiled = torch.compile(model, dynamic=False) if job.compile else model
    scale = (job.rows * shape.seq_len / 2**19) ** 0.5
    optimizer = model.setup_optimizer(
        unembedding_lr=0.008 * scale, embedding_lr=0.3 * scale, scalar_lr=0.5 * scale, matrix_lr=0.02 * scale
    )
    for step in range(job.steps):
        parts = micro_batches(stream, ranks)
        for part in parts:
            loss = compiled(part[:, :-1].contiguous(), part[:, 1:].contiguous())
            train_loss = loss.detach()
            (loss / len(parts)).backward()
        for group in optimizer.param_groups:
            group["lr"] = group["initial_lr"] * min(1.0, (step + 1) / 40)
            if group["kind"] == "muon":
                group["momentum"] = 0.85 + 0.12 * min(1.0, step / 400)
        optimizer.step()
        model.zero_grad(set_to_none=True)
        train_loss.item()


CONTESTANTS = {"pleiade": run_pleiade, "nanogpt": run_nanogpt, "nanochat": run_nanochat}


def main() -> None:
    """Join the ranks, if there are several, and train."""
    content = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    job = Job(**{**content, "shape": Shape(**content["shape"])})
    # Whoever started us may be killed; a contestant that stands still would stand for ever.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    torch.set_num_threads(job.threads)
    ranks = join_ranks()
    stream = NotedStream(job, ranks)
    CONTESTANTS[job.contestant](job, ranks, stream)
    stream.finish()
    leave_ranks()


if __name__ == "__main__":
    main()
