"""Batches across requests: every text gets its own vector, short ones do not pay for long ones."""

import asyncio
import threading

import numpy as np
import pytest

from pleiade.engines.embed_openvino.batcher import Batcher, BatcherFullError


class Lengths:
    """An encoder whose vectors are (length, first token); notes its batches."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = threading.Event()
        self.go.set()

    def __call__(self, texts: list[list[int]]) -> np.ndarray:
        self.go.wait(10)
        if any(text[0] < 0 for text in texts):
            raise RuntimeError("cannot encode this")
        self.batches.append([len(text) for text in texts])
        return np.array([[len(text), text[0]] for text in texts], np.float32)


async def test_each_request_gets_its_own_vectors_in_order() -> None:
    encode = Lengths()
    batcher = Batcher(encode, loop=asyncio.get_running_loop(), width=2, queue_limit=100, batch_tokens=64)
    requests = [[[seed] * (1 + (seed * place) % 40) for place in range(1, 9)] for seed in range(1, 20)]
    answers = await asyncio.gather(*(batcher.encode_texts(texts) for texts in requests))
    for texts, vectors in zip(requests, answers, strict=True):
        assert vectors.tolist() == [[len(text), text[0]] for text in texts]
    batcher.stop()
    assert all(len(batch) == 1 or max(batch) * len(batch) <= 64 for batch in encode.batches)
    assert sum(map(len, encode.batches)) == 19 * 8
    assert len(encode.batches) < 19 * 8


async def test_a_full_queue_refuses_at_once_and_a_cancelled_request_frees_its_place() -> None:
    encode = Lengths()
    encode.go.clear()
    batcher = Batcher(encode, loop=asyncio.get_running_loop(), width=2, queue_limit=2)
    first, second = (asyncio.ensure_future(batcher.encode_texts([[1]])) for _ in range(2))
    await asyncio.sleep(0)
    with pytest.raises(BatcherFullError):
        await batcher.encode_texts([[1]])
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    third = asyncio.ensure_future(batcher.encode_texts([[3]]))
    await asyncio.sleep(0)
    encode.go.set()
    assert (await first).tolist() == [[1, 1]]
    assert (await third).tolist() == [[1, 3]]
    batcher.stop()


async def test_a_failing_batch_fails_its_requests_and_no_later_one() -> None:
    batcher = Batcher(Lengths(), loop=asyncio.get_running_loop(), width=2, queue_limit=9)
    with pytest.raises(RuntimeError, match="cannot encode this"):
        await batcher.encode_texts([[-1], [-1, 2]])
    assert (await batcher.encode_texts([[5]])).tolist() == [[1, 5]]
    batcher.stop()
