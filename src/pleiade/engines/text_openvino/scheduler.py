"""Continuous batching: which tokens of which sequences the next step computes. Pure decisions, no tensors.

A step holds one token of every decoding sequence first, so answers flow on, and fills what is left of its
budget with chunks of prompts. Half of that rest belongs to the oldest prompt, so it cannot starve; the
other half to the shortest, so a chat turn does not wait behind a book. Blocks are taken when needed; when
they run out, the youngest sequence gives up its own and is computed again later.

Patient sequences (lines of batches) stand behind all others, in both queues: while there is one of these, they keep
what is computed and stand still, and give up places and blocks first. For a moment after the last of these, when the
next may come, they rest after each of their steps.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pleiade.engines.text_openvino.blocks import BlockHash, BlockPool, chain_hash
from pleiade.engines.text_openvino.generation import GenerationRequest, QueueFull, TokenLogprobs
from pleiade.engines.text_openvino.sampler import SequenceSampler
from pleiade.engines.text_openvino.speculation import Drafter


@dataclass(frozen=True)
class Limits:
    """What bounds a step and the queue."""

    max_batch: int = 32  # sequences that run at once
    queue_limit: int = 32  # requests that wait
    step_tokens: int = 512  # new tokens a step computes at most
    scored_tokens: int = 128  # prompt tokens a step scores at most: each makes a whole row of logits
    block_size: int = 32
    patient_tokens: int = 64  # new tokens of a step of patient sequences: whoever comes waits for a step at most
    wary_s: float = 2.0  # so long after somebody who is not patient, patient sequences rest between their steps


class Sequence:
    """One answer in the making: its tokens, its blocks, and how far its keys and values are computed."""

    __slots__ = (
        "adapter",
        "blocks",
        "cached_tokens",
        "computed",
        "drafter",
        "drafts",
        "finish",
        "hashes",
        "index",
        "length",
        "prompt_length",
        "prompt_scores",
        "reported",
        "request",
        "sampler",
        "table",
        "tokens",
    )

    def __init__(
        self,
        request: GenerationRequest,
        index: int,
        sampler: SequenceSampler,
        block_size: int,
        adapter: int = 0,
    ):
        self.request, self.index, self.sampler = request, index, sampler
        self.adapter = adapter  # its serial, 0 = none
        self.prompt_length = self.length = len(request.prompt)
        capacity = self.prompt_length + request.max_tokens + 1
        self.tokens: NDArray[np.int64] = np.empty(capacity, np.int64)
        self.tokens[: self.length] = request.prompt
        self.computed = 0  # tokens whose keys and values lie in the cache
        self.drafts = 0  # guessed tokens that stand behind `length`, to be verified in this step
        self.blocks: list[int] = []
        self.table: NDArray[np.int32] = np.empty(-(-capacity // block_size) + 1, np.int32)  # `blocks` as an array
        self.hashes: list[BlockHash] = []  # of the full blocks, as far as they were needed
        self.cached_tokens = -1  # of the prompt, found when it was first admitted
        self.drafter = Drafter()
        self.prompt_scores: list[TokenLogprobs] = []
        self.reported = False  # whether its first event went out
        self.finish: str | None = None

    @property
    def generated(self) -> int:
        """Tokens of the answer so far."""
        return self.length - self.prompt_length

    @property
    def uncomputed(self) -> int:
        """Tokens known but not yet in the cache: 1 while decoding, more during the prompt."""
        return self.length - self.computed

    def append(self, token: int) -> None:
        """Add a token to the answer."""
        if self.length == len(self.tokens):
            self.tokens = np.concatenate([self.tokens, np.empty(self.length, np.int64)])
        self.tokens[self.length] = token
        self.length += 1

    def hash_blocks(self, count: int, block_size: int) -> list[BlockHash]:
        """The names of its first `count` blocks (all full)."""
        while len(self.hashes) < count:
            start = len(self.hashes) * block_size
            # The adapter changes keys and values, so it is part of the first name and thereby of all.
            parent = self.hashes[-1] if self.hashes else b"%d" % self.adapter
            self.hashes.append(chain_hash(parent, self.tokens[start : start + block_size]))
        return self.hashes[:count]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Tokens `start` to `start + count` of one sequence in one step, and how many of the last get logits."""

    sequence: Sequence
    start: int
    count: int
    sampled: int


class Scheduler:
    """Who waits, who runs, and what the next step holds. Not thread-safe: the engine's lock guards it."""

    def __init__(self, limits: Limits, pool: BlockPool):
        self.limits, self.pool = limits, pool
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []  # in order of arrival
        self.preemptions = 0
        self.cached_tokens = 0
        self._last_urgent = -math.inf  # when somebody who is not patient was last here
        self._resting_until = -math.inf

    def submit(self, sequences: list[Sequence]) -> None:
        """Queue the sequences of one request. Raises QueueFull, or ValueError where one can never fit."""
        request = sequences[0].request
        blocks = -(-(len(request.prompt) + request.max_tokens) // self.limits.block_size)
        if blocks > self.pool.count:
            raise ValueError(
                f"{len(request.prompt)} prompt tokens and {request.max_tokens} new ones need {blocks} cache "
                f"blocks, there are {self.pool.count}; lower max_tokens or raise kv_cache_mb"
            )
        idle = len(self.running) < self.limits.max_batch and not self.waiting
        alike = {waiting.request.id for waiting in self.waiting if waiting.request.patient is request.patient}
        if not idle and len(alike) >= self.limits.queue_limit:
            raise QueueFull(f"{self.limits.queue_limit} requests are waiting already; try again later")
        place = len(self.waiting) if request.patient else _impatient(self.waiting)
        for offset, sequence in enumerate(sequences):
            self.waiting.insert(place + offset, sequence)

    def sequences(self) -> Iterator[Sequence]:
        """All that run or wait."""
        yield from self.running
        yield from self.waiting

    def remove(self, sequences: Iterable[Sequence]) -> None:
        """Take sequences out and free their blocks."""
        gone = {id(sequence) for sequence in sequences}
        for sequence in self.running:
            if id(sequence) in gone:
                self._release(sequence)
        self.running = [sequence for sequence in self.running if id(sequence) not in gone]
        self.waiting = deque(sequence for sequence in self.waiting if id(sequence) not in gone)

    def plan(self) -> list[Chunk]:
        """The chunks of the next step; empty where there is nothing to do."""
        urgent = any(not sequence.request.patient for sequence in self.sequences())
        now = time.monotonic()
        if urgent:
            self._last_urgent, budget = now, self.limits.step_tokens
        elif now < self._resting_until:
            return []
        else:
            budget = min(self.limits.step_tokens, self.limits.patient_tokens)
        preemptions = self.preemptions
        chunks: list[Chunk] = []
        prompts: list[Sequence] = []
        active = self.running[: _impatient(self.running)] if urgent else list(self.running)
        for sequence in active:  # oldest first: the youngest pay when blocks run out
            if sequence.uncomputed > 1:
                prompts.append(sequence)
            elif sequence in self.running and self._reserve(sequence, sequence.length + sequence.drafts):
                chunks.append(Chunk(sequence, sequence.computed, 1 + sequence.drafts, 1 + sequence.drafts))
                budget -= 1 + sequence.drafts
        prompts = [sequence for sequence in prompts if sequence in self.running]
        if self.preemptions == preemptions:  # blocks are not short
            prompts += self._admit(urgent)
        chunks += self._prompt_chunks(prompts, budget)
        return [chunk for chunk in chunks if chunk.sequence in self.running]  # without the preempted

    def rest(self, seconds: float) -> None:
        """The last step took so long: where it was of patient sequences, and somebody may come, they rest for as long.

        Half of those who come then find the engine idle: the median of their waits is nothing.
        """
        now = time.monotonic()
        if now - self._last_urgent < self.limits.wary_s and all(one.request.patient for one in self.sequences()):
            self._resting_until = now + seconds

    def resting(self) -> float:
        """Seconds for which patient sequences still rest."""
        return max(self._resting_until - time.monotonic(), 0.0)

    def commit(self, chunk: Chunk, accepted: int) -> None:
        """The step is done: `accepted` tokens of the chunk stay in the cache (drafts may be rejected)."""
        sequence, size = chunk.sequence, self.limits.block_size
        already, sequence.computed = sequence.computed // size, chunk.start + accepted
        sequence.drafts = 0
        full = sequence.computed // size
        if full > already:
            names = sequence.hash_blocks(full, size)
            for position in range(already, full):
                self.pool.name(sequence.blocks[position], names[position])

    def _prompt_chunks(self, prompts: list[Sequence], budget: int) -> list[Chunk]:
        """Share the rest of the budget: half to the oldest prompt, half by shortest remaining first."""
        counts: dict[int, int] = {}
        if prompts and budget > 0:
            counts[id(prompts[0])] = min(prompts[0].uncomputed, max(budget // 2, 1))
            left = budget - counts[id(prompts[0])]
            for sequence in sorted(prompts, key=lambda sequence: sequence.uncomputed):
                taken = counts.get(id(sequence), 0)
                more = min(sequence.uncomputed - taken, left)
                counts[id(sequence)] = taken + more
                left -= more
        chunks = []
        for sequence in prompts:
            count = counts.get(id(sequence), 0)
            scored = sequence.request.prompt_logprobs is not None
            if scored:
                count = min(count, self.limits.scored_tokens)
            if count <= 0 or sequence not in self.running:
                continue
            if not self._reserve(sequence, sequence.computed + count):
                continue
            last = sequence.computed + count == sequence.length
            sampled = count if scored and sequence.computed < sequence.prompt_length else int(last)
            chunks.append(Chunk(sequence, sequence.computed, count, sampled))
        return chunks

    def _admit(self, urgent: bool) -> list[Sequence]:
        """Start waiting sequences, first come first served, while slots and blocks last.

        A sequence whose next block is being computed for another one is passed over until it is done: `n`
        answers of one prompt, or many chats with one system prompt, compute it once.
        """
        if urgent:
            self._make_places()
        if not self.waiting or len(self.running) >= self.limits.max_batch:
            return []
        admitted: list[Sequence] = []
        passed: list[Sequence] = []
        active = self.running[: _impatient(self.running)] if urgent else self.running
        pending = {name for sequence in active for name in self._being_computed(sequence)}
        size = self.limits.block_size
        # What the running ones will need for the text they have, and one more each to grow.
        promised = sum(-(-sequence.length // size) - len(sequence.blocks) + 1 for sequence in active)
        while self.waiting and len(self.running) < self.limits.max_batch:
            if urgent and self.waiting[0].request.patient:
                break
            sequence = self.waiting.popleft()
            found, names = self._cached(sequence)
            if len(found) < len(names) and names[len(found)] in pending:
                passed.append(sequence)
                continue
            needed = -(-sequence.length // size) - len(found)
            unused = sum(1 for block in found if self.pool.is_unused(block))  # sharing these takes them, too
            while urgent and needed + unused + promised > self.pool.available and self.running:
                if not self.running[-1].request.patient:
                    break
                self._preempt(self.running[-1])
            if needed + unused + promised > self.pool.available and self.running:
                self.waiting.appendleft(sequence)
                break
            for block in found:
                self.pool.share(block)
            self._set_blocks(sequence, found)
            sequence.computed = len(found) * size
            if sequence.cached_tokens < 0:
                sequence.cached_tokens = sequence.computed
                self.cached_tokens += sequence.computed
            self.running.insert(len(self.running) if not urgent else _impatient(self.running), sequence)
            admitted.append(sequence)
            pending.update(self._being_computed(sequence))
            promised += needed + 1
        self.waiting.extendleft(reversed(passed))
        return admitted

    def _cached(self, sequence: Sequence) -> tuple[list[int], list[BlockHash]]:
        """Its beginning's cached blocks, and the names of all full blocks that leave a token to compute."""
        if sequence.request.prompt_logprobs is not None and not sequence.generated:
            return [], []  # every position of the prompt is wanted
        names = sequence.hash_blocks((sequence.length - 1) // self.limits.block_size, self.limits.block_size)
        return self.pool.find(names), names

    def _being_computed(self, sequence: Sequence) -> list[BlockHash]:
        if sequence.uncomputed <= 1:
            return []
        first, count = sequence.computed // self.limits.block_size, sequence.length // self.limits.block_size
        return sequence.hash_blocks(count, self.limits.block_size)[first:]

    def _reserve(self, sequence: Sequence, tokens: int) -> bool:
        """Get blocks for its first `tokens` tokens, at younger ones' cost; False: it had to go itself."""
        needed = -(-tokens // self.limits.block_size)
        while len(sequence.blocks) < needed:
            if not self.pool.available:
                youngest = self.running[-1]
                self._preempt(youngest)
                if youngest is sequence:
                    return False
                continue
            if len(sequence.blocks) == len(sequence.table):
                sequence.table = np.concatenate([sequence.table, np.empty_like(sequence.table)])
            block = self.pool.allocate()
            sequence.table[len(sequence.blocks)] = block
            sequence.blocks.append(block)
        return True

    def _preempt(self, sequence: Sequence) -> None:
        """Give up its blocks and wait in front of its like, to be computed again (as far as nobody evicts them)."""
        self._release(sequence)
        self.running.remove(sequence)
        self.waiting.insert(_impatient(self.waiting) if sequence.request.patient else 0, sequence)
        self.preemptions += 1

    def _make_places(self) -> None:
        """Patient sequences leave as many places as others wait for."""
        wanted = min(_impatient(self.waiting), self.limits.max_batch)
        while self.limits.max_batch - len(self.running) < wanted and self.running[-1].request.patient:
            self._preempt(self.running[-1])

    def _release(self, sequence: Sequence) -> None:
        for block in reversed(sequence.blocks):  # the end of a text is evicted before its beginning
            self.pool.release(block)
        sequence.blocks = []
        sequence.computed = sequence.drafts = 0

    def _set_blocks(self, sequence: Sequence, blocks: list[int]) -> None:
        sequence.blocks = blocks
        sequence.table[: len(blocks)] = blocks


def _impatient(sequences: Iterable[Sequence]) -> int:
    """How many stand before the first patient one: patient sequences are last in every queue."""
    return sum(1 for sequence in sequences if not sequence.request.patient)
