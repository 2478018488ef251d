"""The words between the HTTP side of the worker and its scheduler: requests in, token events out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray


class Constraint(Protocol):
    """A grammar that narrows the next token (JSON schema, tool call). One instance per sequence."""

    def mask(self, logits: NDArray[np.float32]) -> None:
        """Set the logits (shape: vocabulary) of forbidden tokens to -inf, in place."""
        ...

    def accept(self, token: int) -> bool:
        """Take the sampled token; True once the grammar is complete and the sequence must stop."""
        ...

    def fork(self) -> "Constraint":
        """A copy in its initial state, for another sequence of the same request."""
        ...


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens are picked. Neutral defaults: plain sampling at temperature 1."""

    temperature: float = 1.0  # 0 = greedy
    top_p: float = 1.0
    top_k: int = 0  # 0 = off
    min_p: float = 0.0
    seed: int | None = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    logit_bias: Mapping[int, float] = {}


class GenerationRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call: a prompt of token ids and `n` sequences to grow from it."""

    id: str
    prompt: Sequence[int]
    n: int = 1
    max_tokens: int = 16  # per sequence; 0 = only score the prompt
    sampling: Sampling = Sampling()
    stop_tokens: frozenset[int] = frozenset()  # end-of-sequence ids; the stop token is not part of the text
    ignore_stop_tokens: bool = False  # benchmarks: fixed lengths
    logprobs: int | None = None  # None = none; k = the sampled token's and the k most likely ones'
    prompt_logprobs: int | None = None  # `echo` with log-probabilities of the prompt
    constraint: Constraint | None = None
    adapter: str = ""  # name of a loaded LoRA adapter
    patient: bool = False  # stands still while anybody waits who is not (a line of a batch)
    deadline: float | None = None  # time.monotonic() after which the request is ended


class TokenLogprobs(msgspec.Struct, frozen=True, array_like=True):
    """Log-probability (natural) of one token and of the likeliest ones at its place."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...] = ()


class TokenEvent(msgspec.Struct, array_like=True, gc=False):
    """One step of one sequence. `token` is -1 where no token came (prompt scored, cancelled, failed)."""

    request: str
    index: int  # which of the n sequences
    token: int
    logprobs: TokenLogprobs | None = None
    finish: str | None = None  # "stop", "length", "deadline", "cancelled", "error"
    cached_tokens: int = 0  # of the prompt, found in the prefix cache (first event of a sequence)
    prompt_logprobs: tuple[TokenLogprobs | None, ...] | None = None  # first event only; first entry is None
    error: str = ""


EventSink = Callable[[Sequence[TokenEvent]], None]
"""Called from the scheduler's thread once per step, with the events of all sequences of that step."""


class QueueFull(Exception):  # noqa: N818 -- named as in asyncio and queue
    """The waiting queue is at its limit; try again later."""


class EngineStats(msgspec.Struct, frozen=True, kw_only=True):
    """A look at the scheduler, for /metrics and tests."""

    running: int
    waiting: int
    blocks_total: int
    blocks_free: int
    steps: int
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    preemptions: int
    drafted_tokens: int = 0
    accepted_tokens: int = 0


class TextEngine(Protocol):
    """What the scheduler offers to the HTTP side (and to benchmarks that run it in process)."""

    vocabulary_size: int
    context_length: int  # tokens per sequence, prompt and answer

    def start(self, sink: EventSink) -> None:
        """Start the scheduler's thread; events go to `sink`."""
        ...

    def submit(self, request: GenerationRequest) -> None:
        """Queue a request. Raises QueueFull, or ValueError where it can never fit."""
        ...

    def cancel(self, request: str, index: int | None = None) -> None:
        """End a request (or one of its sequences) and free its slot and blocks before the next step."""
        ...

    def load_adapter(self, name: str, path: str) -> None:
        """Load a LoRA adapter (PEFT folder). Raises ValueError where it does not fit the model."""
        ...

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter; running requests that use it finish."""
        ...

    def stats(self) -> EngineStats:
        """Counters and gauges of this moment."""
        ...

    def stop(self) -> None:
        """End the thread; unfinished requests get a "cancelled" event."""
        ...
