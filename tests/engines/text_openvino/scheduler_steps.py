"""Schedulers to be stepped by hand: sequences, and steps that do what the engine does."""

from collections.abc import Sequence as SequenceOf
from typing import Any

import numpy as np

from pleiade.engines.text_openvino.blocks import BlockPool
from pleiade.engines.text_openvino.generation import GenerationRequest, Sampling
from pleiade.engines.text_openvino.sampler import SequenceSampler
from pleiade.engines.text_openvino.scheduler import Chunk, Limits, Scheduler, Sequence


def make(
    name: str, prompt: SequenceOf[int], n: int = 1, max_tokens: int = 8, adapter: int = 0, **more: Any
) -> list[Sequence]:
    request = GenerationRequest(id=name, prompt=prompt, n=n, max_tokens=max_tokens, **more)
    sampler = SequenceSampler(Sampling(temperature=0), np.array(prompt), 1000)
    return [Sequence(request, index, sampler, 32, adapter) for index in range(n)]


def scheduler(blocks: int = 64, **limits: int) -> Scheduler:
    return Scheduler(Limits(**limits), BlockPool(blocks))


def step(scheduler: Scheduler) -> list[Chunk]:
    """Plan a step and do what the engine does then: a token for each sequence whose text is computed."""
    chunks = scheduler.plan()
    for chunk in chunks:
        scheduler.commit(chunk, chunk.count)
        if chunk.sequence.uncomputed == 0:
            chunk.sequence.append(7)
    done = [sequence for sequence in scheduler.running if sequence.generated >= sequence.request.max_tokens]
    scheduler.remove(done)
    return chunks


def described(chunks: list[Chunk]) -> dict[str, tuple[int, int]]:
    return {chunk.sequence.request.id: (chunk.start, chunk.count) for chunk in chunks}
