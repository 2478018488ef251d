"""The engine: one thread that plans a step, computes it, samples from it and hands out what came of it."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Sequence as SequenceOf
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from pleiade.engines.text_openvino.adapters import Adapter, read_adapter
from pleiade.engines.text_openvino.blocks import BlockPool
from pleiade.engines.text_openvino.files.architecture import Architecture
from pleiade.engines.text_openvino.files.weights import open_checkpoint
from pleiade.engines.text_openvino.generation import (
    EngineStats,
    EventSink,
    GenerationRequest,
    TokenEvent,
    TokenLogprobs,
)
from pleiade.engines.text_openvino.network import CachePrecision, Decoder, Network, assemble
from pleiade.engines.text_openvino.quantisation import Weights
from pleiade.engines.text_openvino.sampler import SequenceSampler, pick_tokens, token_logprobs
from pleiade.engines.text_openvino.scheduler import Chunk, Limits, Scheduler, Sequence

log = logging.getLogger(__name__)

Logits = NDArray[np.float32]


def load_engine(
    path: str | Path,
    *,
    weights: Weights = "int8",
    max_batch: int = 32,
    queue_limit: int = 32,
    kv_cache_mb: int | None = None,
    threads: int | None = None,
    speculation: Literal["ngram", "off"] = "ngram",
    step_tokens: int = 512,
    precision: Literal["auto", "f32"] = "auto",
    cache_precision: CachePrecision | None = None,
) -> Engine:
    """Build, compile and wrap the model at `path` (a Hugging Face folder or a .gguf file).

    `weights`: "int8", "int4", "bf16" or "f32". `kv_cache_mb`: memory for keys and values; by default room
    for `max_batch` sequences of 1,024 tokens, at least two whole contexts and at most 2 GiB. `precision`
    "f32" computes everything in float32: slow and exact. Raises ValueError, saying why, where the model
    cannot be loaded.
    """
    checkpoint = open_checkpoint(path)
    shape = checkpoint.architecture
    if cache_precision is None:
        cache_precision = "f32" if precision == "f32" else "f16"
    if kv_cache_mb is None:
        width = 4 if cache_precision == "f32" else 2
        token_bytes = 2 * shape.num_layers * shape.num_kv_heads * shape.head_size * width
        tokens = max(2 * shape.context_length, 1024 * max_batch)
        kv_cache_mb = max(1, min(tokens * token_bytes >> 20, 2048))
    network = Network(
        checkpoint,
        weights,
        kv_cache_bytes=kv_cache_mb << 20,
        threads=threads,
        precision=precision,
        cache_precision=cache_precision,
    )
    limits = Limits(
        max_batch=max_batch,
        queue_limit=queue_limit,
        step_tokens=max(step_tokens, max_batch),
        block_size=network.block_size,
    )
    return Engine(network, limits, shape, speculation=speculation == "ngram")


class Engine:
    """A `TextEngine` (see generation.py). `submit`, `cancel` and `stats` may be called from any thread."""

    def __init__(self, network: Network, limits: Limits, architecture: Architecture, *, speculation: bool):
        self.vocabulary_size, self.context_length = architecture.vocabulary_size, architecture.context_length
        self._architecture = architecture
        self._network, self._limits, self._speculation = network, limits, speculation
        self._pool = BlockPool(network.num_blocks)
        self._scheduler = Scheduler(limits, self._pool)
        self._condition = threading.Condition()  # guards the scheduler; never held while the network runs
        self._adapters: dict[str, Adapter] = {}  # those that may be asked for
        self._stacked: tuple[Adapter, ...] = ()  # those in the compiled decoder
        self._adapter_serial = 0
        self._adapter_lock = threading.Lock()  # one load at a time
        self._next_decoder: Decoder | None = None  # to be used from the next step on
        self._earliest_deadline = math.inf
        self._cancelled: list[tuple[str, int | None]] = []
        self._thread: threading.Thread | None = None
        self._stopping = False
        self._sink: EventSink = lambda events: None
        self._steps = self._prompt_tokens = self._generated = self._drafted = self._accepted = 0

    # The five calls of a TextEngine

    def start(self, sink: EventSink) -> None:
        """Start the thread; events go to `sink`, once per step."""
        self._sink = sink
        self._thread = threading.Thread(target=self._serve, name="text-engine", daemon=True)
        self._thread.start()

    def submit(self, request: GenerationRequest) -> None:
        """Queue a request. Raises QueueFull, or ValueError where it can never fit."""
        self._check(request)
        prompt = np.asarray(request.prompt, np.int64)
        constraint = request.constraint
        sequences = []
        for index in range(request.n):
            own = constraint if index == 0 or constraint is None else constraint.fork()
            sampler = SequenceSampler(request.sampling, prompt, self.vocabulary_size, index, own)
            sequences.append(Sequence(request, index, sampler, self._limits.block_size))
        with self._condition:
            if request.adapter:
                adapter = self._adapters.get(request.adapter)
                if adapter is None:
                    raise ValueError(f"adapter {request.adapter!r} is not loaded; load it first")
                for sequence in sequences:
                    sequence.adapter = adapter.serial
            if self._stopping:
                raise ValueError("the engine is stopping and takes no more requests")
            self._scheduler.submit(sequences)
            if request.deadline is not None:
                self._earliest_deadline = min(self._earliest_deadline, request.deadline)
            self._condition.notify()

    def cancel(self, request: str, index: int | None = None) -> None:
        """End a request (or one of its sequences); slot and blocks are free before the next step."""
        with self._condition:
            self._cancelled.append((request, index))
            self._condition.notify()

    def load_adapter(self, name: str, path: str) -> None:
        """Load a LoRA adapter (PEFT folder). Raises ValueError where it does not fit the model."""
        with self._adapter_lock:
            self._adapter_serial += 1
            adapter = read_adapter(path, self._architecture, self._adapter_serial)
            with self._condition:
                used = {sequence.adapter for sequence in self._scheduler.sequences()}
            others = [one for key, one in self._adapters.items() if key != name]
            finishing = [one for one in self._stacked if one.serial in used and one not in others]
            stack = (*others, *finishing, adapter)
            decoder = self._network.compile_decoder(stack)
            with self._condition:
                self._next_decoder, self._stacked = decoder, stack
                self._adapters[name] = adapter

    def unload_adapter(self, name: str) -> None:
        """Forget an adapter; running requests that use it finish."""
        with self._condition:
            if self._adapters.pop(name, None) is None:
                raise ValueError(f"adapter {name!r} is not loaded")

    def stats(self) -> EngineStats:
        """Counters and gauges of this moment."""
        with self._condition:
            scheduler = self._scheduler
            return EngineStats(
                running=len(scheduler.running),
                waiting=len(scheduler.waiting),
                blocks_total=self._pool.count,
                blocks_free=self._pool.available,
                steps=self._steps,
                prompt_tokens=self._prompt_tokens,
                cached_tokens=scheduler.cached_tokens,
                generated_tokens=self._generated,
                preemptions=scheduler.preemptions,
                drafted_tokens=self._drafted,
                accepted_tokens=self._accepted,
            )

    def stop(self) -> None:
        """End the thread; unfinished requests get a "cancelled" event."""
        with self._condition:
            self._stopping = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()

    def _check(self, request: GenerationRequest) -> None:
        if not request.prompt:
            raise ValueError("the prompt is empty; it needs at least one token")
        if request.n < 1 or request.max_tokens < 0:
            raise ValueError(f"n = {request.n} must be at least 1, max_tokens = {request.max_tokens} at least 0")
        if len(request.prompt) + request.max_tokens > self.context_length:
            raise ValueError(
                f"{len(request.prompt)} prompt tokens and {request.max_tokens} new ones exceed the context "
                f"of {self.context_length} tokens"
            )
        if not 0 <= min(request.prompt) <= max(request.prompt) < self.vocabulary_size:
            raise ValueError(f"the prompt has token ids outside 0 to {self.vocabulary_size - 1}")

    # The thread

    def _serve(self) -> None:
        while True:
            with self._condition:
                try:
                    events, chunks = self._end_sequences(), self._plan()
                except Exception as error:
                    log.exception("planning a step failed; all requests end")
                    events, chunks = self._fail(list(self._scheduler.sequences()), error), []
                if not chunks and not events:
                    if self._stopping:
                        return
                    self._condition.wait(timeout=self._until_next())
                    continue
            if chunks:
                events += self._step(chunks)
            if events:
                try:
                    self._sink(events)
                except Exception:
                    log.exception("the sink failed on %d events; the engine goes on", len(events))

    def _end_sequences(self) -> list[TokenEvent]:
        """Take out what was cancelled, is overdue, or everything when stopping."""
        scheduler, now = self._scheduler, time.monotonic()
        if not self._cancelled and not self._stopping and now < self._earliest_deadline:
            return []
        ended: list[Sequence] = []
        for sequence in scheduler.sequences():
            request = sequence.request
            if self._stopping or any(
                name == request.id and index in (None, sequence.index) for name, index in self._cancelled
            ):
                sequence.finish = "cancelled"
            elif request.deadline is not None and now >= request.deadline:
                sequence.finish = "deadline"
            else:
                continue
            ended.append(sequence)
        self._cancelled.clear()
        scheduler.remove(ended)
        deadlines = [sequence.request.deadline for sequence in scheduler.sequences()]
        self._earliest_deadline = min((d for d in deadlines if d is not None), default=math.inf)
        return [TokenEvent(s.request.id, s.index, -1, finish=s.finish) for s in ended]

    def _until_next(self) -> float | None:
        """Seconds until something is to be done by itself; None: nothing is."""
        deadline = self._earliest_deadline - time.monotonic()
        until = min(max(deadline, 0.0), self._scheduler.resting() or math.inf)
        return None if until == math.inf else until

    def _plan(self) -> list[Chunk]:
        if self._next_decoder is not None:
            self._network.use(self._next_decoder)
            self._next_decoder = None
        if self._speculation and len(self._scheduler.running) == 1 and not self._scheduler.waiting:
            self._draft(self._scheduler.running[0])
        return self._scheduler.plan()

    def _draft(self, sequence: Sequence) -> None:
        if sequence.uncomputed != 1 or not sequence.sampler.plain or not sequence.generated:
            return
        room = sequence.request.max_tokens - sequence.generated - 1
        guesses = sequence.drafter.propose(sequence.tokens[: sequence.length], room)
        sequence.drafts = len(guesses)
        sequence.tokens[sequence.length : sequence.length + len(guesses)] = guesses

    def _step(self, chunks: list[Chunk]) -> list[TokenEvent]:
        began = time.monotonic()
        try:
            logits = self._network.run(assemble(chunks))
            with self._condition:
                self._steps += 1
                events = self._take(chunks, logits)
                self._scheduler.rest(time.monotonic() - began)
                return events
        except Exception as error:
            log.exception("a step failed; its %d sequences end", len(chunks))
            with self._condition:
                return self._fail([chunk.sequence for chunk in chunks], error)

    def _fail(self, sequences: list[Sequence], error: Exception) -> list[TokenEvent]:
        self._scheduler.remove(sequences)
        reason = f"{type(error).__name__}: {error}"
        return [TokenEvent(s.request.id, s.index, -1, finish="error", error=reason) for s in sequences]

    def _take(self, chunks: list[Chunk], logits_RV: Logits) -> list[TokenEvent]:
        """Sample what the step allows and move every sequence on."""
        rows: list[tuple[Chunk, int, int]] = []  # chunk, its first sampling row, how many
        row = 0
        for chunk in chunks:
            sequence = chunk.sequence
            if sequence.request.prompt_logprobs is not None and chunk.start < sequence.prompt_length:
                self._score_prompt(chunk, logits_RV[row : row + chunk.sampled])
                if chunk.start + chunk.count == sequence.length:
                    rows.append((chunk, row + chunk.sampled - 1, 1))
            elif chunk.sampled:
                rows.append((chunk, row, chunk.sampled))
            row += chunk.sampled
        picked, logprobs = self._pick(rows, row, logits_RV)
        events: list[TokenEvent] = []
        ended: list[Sequence] = []
        taken = 0
        for chunk, _, count in rows:
            tokens, scores = picked[taken : taken + count], logprobs[taken : taken + count]
            taken += count
            self._grow(chunk, tokens, scores, events)
            if chunk.sequence.finish is not None:
                ended.append(chunk.sequence)
        sampled = {id(chunk.sequence) for chunk, _, _ in rows}
        for chunk in chunks:
            if id(chunk.sequence) not in sampled:
                self._prompt_tokens += chunk.count
                self._scheduler.commit(chunk, chunk.count)
        if ended:
            self._scheduler.remove(ended)
        return events

    def _pick(
        self, rows: list[tuple[Chunk, int, int]], total: int, logits_RV: Logits
    ) -> tuple[list[int], SequenceOf[TokenLogprobs | None]]:
        """Tokens for all sampling rows and, where asked for, their log-probabilities."""
        if not rows:
            return [], []
        samplers, positions, indices = [], [], []
        wants_logprobs = False
        for chunk, first, count in rows:
            sequence = chunk.sequence
            wants_logprobs |= sequence.request.logprobs is not None
            for offset in range(count):
                samplers.append(sequence.sampler)
                positions.append(sequence.generated + offset)
                indices.append(first + offset)
        chosen = logits_RV if len(indices) == total else logits_RV[indices]
        if not wants_logprobs:
            return pick_tokens(chosen, samplers, positions), [None] * len(indices)
        raw = chosen.copy()
        tokens = pick_tokens(chosen, samplers, positions)
        logprobs: list[TokenLogprobs | None] = [None] * len(indices)
        place = 0
        for chunk, _, count in rows:
            top = chunk.sequence.request.logprobs
            if top is not None:
                span = slice(place, place + count)
                logprobs[span] = token_logprobs(raw[span], tokens[span], top)
            place += count
        return tokens, logprobs

    def _grow(
        self,
        chunk: Chunk,
        tokens: list[int],
        logprobs: SequenceOf[TokenLogprobs | None],
        events: list[TokenEvent],
    ) -> None:
        """Append the tokens of a chunk to its sequence as far as its drafts were right."""
        sequence, drafts = chunk.sequence, chunk.sequence.drafts
        guesses = sequence.tokens[sequence.length : sequence.length + drafts].tolist()
        if chunk.start < sequence.prompt_length:
            self._prompt_tokens += chunk.count
        grown = 0
        for token, logprob in zip(tokens, logprobs, strict=True):
            events.append(self._next_token(sequence, token, logprob))
            if sequence.finish is not None or grown == drafts or guesses[grown] != token:
                break
            grown += 1
        if drafts:
            self._drafted += drafts
            self._accepted += grown
            sequence.drafter.learn(drafts, grown, sequence.length)
        self._scheduler.commit(chunk, chunk.count - drafts + grown)

    def _next_token(self, sequence: Sequence, token: int, logprob: TokenLogprobs | None) -> TokenEvent:
        request = sequence.request
        if request.max_tokens == 0:
            sequence.finish, token, logprob = "length", -1, None
        elif not sequence.sampler.error:
            sequence.append(token)
            self._generated += 1
            complete = sequence.sampler.accept(token)
            if complete or (token in request.stop_tokens and not request.ignore_stop_tokens):
                sequence.finish = "stop"
            elif sequence.generated >= request.max_tokens:
                sequence.finish = "length"
        if sequence.sampler.error:
            sequence.finish = "error"
            return TokenEvent(request.id, sequence.index, -1, finish="error", error=sequence.sampler.error)
        if sequence.reported:
            return TokenEvent(request.id, sequence.index, token, logprob, sequence.finish)
        sequence.reported = True
        scores = None
        if request.prompt_logprobs is not None:
            scores = (None, *sequence.prompt_scores)
        return TokenEvent(request.id, sequence.index, token, logprob, sequence.finish, sequence.cached_tokens, scores)

    def _score_prompt(self, chunk: Chunk, logits_RV: Logits) -> None:
        """Log-probabilities of the prompt's own next tokens at the positions of this chunk."""
        sequence = chunk.sequence
        end = min(chunk.start + chunk.count + 1, sequence.prompt_length)
        following = sequence.tokens[chunk.start + 1 : end]
        top = sequence.request.prompt_logprobs or 0
        scores = token_logprobs(logits_RV[: len(following)], following.tolist(), top)
        sequence.prompt_scores[chunk.start :] = scores  # in place, for a preempted prompt is scored again
