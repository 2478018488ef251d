"""The block pool never loses a block and never gives one to two owners."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.engines.text_openvino.blocks import BlockPool, chain_hash


def names(count: int, seed: int = 0) -> list[bytes]:
    parent, result = b"", []
    for block in range(count):
        parent = chain_hash(parent, np.full(32, 100 * seed + block, np.int64))
        result.append(parent)
    return result


def test_a_hash_depends_on_all_tokens_before() -> None:
    block = np.arange(32)
    assert chain_hash(b"", block) != chain_hash(b"adapter", block)
    assert chain_hash(chain_hash(b"", block), block) != chain_hash(b"", block)


def test_a_released_block_is_found_again_until_it_is_evicted() -> None:
    pool, (name, *_) = BlockPool(2), names(1)
    block = pool.allocate()
    pool.name(block, name)
    pool.release(block)
    assert pool.find([name]) == [block]
    assert pool.available == 2
    pool.allocate()
    assert pool.find([name]) == [block]
    assert pool.allocate() == block  # its place was needed
    assert pool.find([name]) == []


def test_the_least_recently_used_block_goes_first() -> None:
    pool, content = BlockPool(3), names(3)
    blocks = [pool.allocate() for _ in range(3)]
    for block, name in zip(blocks, content, strict=True):
        pool.name(block, name)
        pool.release(block)
    pool.share(blocks[0])
    pool.release(blocks[0])  # used again just now
    assert pool.allocate() == blocks[1]


def test_only_the_known_beginning_is_found() -> None:
    pool, content = BlockPool(4), names(3)
    first, third = pool.allocate(), pool.allocate()
    pool.name(first, content[0])
    pool.name(third, content[2])
    assert pool.find(content) == [first]


def test_a_double_release_is_an_error() -> None:
    pool = BlockPool(1)
    block = pool.allocate()
    pool.release(block)
    with pytest.raises(ValueError, match="released twice"):
        pool.release(block)


def test_an_empty_pool_says_so() -> None:
    pool = BlockPool(1)
    pool.allocate()
    with pytest.raises(IndexError):
        pool.allocate()


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("asrn"), st.integers(0, 30)), max_size=120))
def test_no_block_is_lost_or_doubly_owned(actions: list[tuple[str, int]]) -> None:
    """Whatever the order of allocate, share, release and name: used + available = all; owners never mix."""
    pool, content = BlockPool(6), names(12)
    held: list[int] = []  # one entry a reference
    for action, number in actions:
        if action == "a" and pool.available:
            block = pool.allocate()
            assert block not in held
            held.append(block)
        elif action == "s":
            for block in pool.find([content[number % 12]]):
                pool.share(block)
                held.append(block)
        elif action == "r" and held:
            pool.release(held.pop(number % len(held)))
        elif action == "n" and held:
            pool.name(held[number % len(held)], content[number % 12])
        assert len(set(held)) + pool.available == pool.count
        found = [pool.find([name]) for name in content]
        known = [blocks[0] for blocks in found if blocks]
        assert len(known) == len(set(known))
    for block in held:
        pool.release(block)
    assert pool.available == pool.count
    assert sorted(pool.allocate() for _ in range(pool.count)) == list(range(pool.count))
