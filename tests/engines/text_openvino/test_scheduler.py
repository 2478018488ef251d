"""What a step holds: answers flow on, no prompt starves, nothing is computed twice, no block is lost."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.text_openvino.scheduler_steps import described, make, scheduler, step
from pleiade.engines.text_openvino.generation import QueueFull
from pleiade.engines.text_openvino.scheduler import Sequence


def test_a_long_prompt_does_not_stop_the_answers_of_others() -> None:
    s = scheduler(step_tokens=64)
    s.submit(make("chat", range(10)))
    step(s)
    s.submit(make("book", range(500)))
    for number in range(5):
        chunks = described(step(s))
        assert chunks["chat"] == (10 + number, 1)
        assert chunks["book"] == (63 * number, 63)


def test_a_short_prompt_overtakes_a_long_one_which_still_moves_on() -> None:
    s = scheduler(step_tokens=64)
    s.submit(make("book", range(500)))
    step(s)
    s.submit(make("chat", range(1000, 1020)))
    chunks = described(step(s))
    assert chunks["chat"] == (0, 20)
    assert chunks["book"] == (64, 44)


def test_only_the_last_chunk_of_a_prompt_is_sampled() -> None:
    s = scheduler(step_tokens=64)
    s.submit(make("a", range(150)))
    assert [step(s)[0].sampled for _ in range(3)] == [0, 0, 1]


def test_every_position_of_a_scored_prompt_gets_logits_in_small_chunks() -> None:
    s = scheduler(step_tokens=512, scored_tokens=40)
    s.submit(make("a", range(100), prompt_logprobs=1))
    assert [(c.count, c.sampled) for _ in range(3) for c in step(s)] == [(40, 40), (40, 40), (20, 20)]


def test_n_answers_compute_their_prompt_once() -> None:
    s = scheduler()
    s.submit(make("a", range(96), n=4, max_tokens=3))
    first = step(s)
    assert [(c.sequence.index, c.count) for c in first] == [(0, 96)]
    second = {c.sequence.index: (c.start, c.count) for c in step(s)}
    assert second == {0: (96, 1), 1: (64, 32), 2: (64, 32), 3: (64, 32)}  # one block to have a last token
    assert s.cached_tokens == 3 * 64


def test_a_prompt_that_starts_alike_waits_for_the_first_to_be_computed() -> None:
    s = scheduler(step_tokens=128)
    system = list(range(64))
    s.submit(make("a", [*system, *range(500, 532)]))
    s.submit(make("b", [*system, *range(600, 610)]))
    s.submit(make("c", range(700, 710)))
    assert set(described(step(s))) == {"a", "c"}
    assert described(step(s))["b"] == (64, 10)


def test_adapters_do_not_share_blocks() -> None:
    s = scheduler()
    s.submit(make("a", range(96), adapter=1))
    step(s)
    s.submit(make("b", range(96), adapter=2))
    assert described(step(s))["b"] == (0, 96)


def test_the_youngest_gives_way_when_blocks_run_out_and_comes_back() -> None:
    s = scheduler(blocks=4, step_tokens=128)
    old, young = make("old", range(60), max_tokens=40), make("young", range(500, 530), max_tokens=20)
    s.submit(old)
    s.submit(young)
    finished = []
    for _ in range(80):
        step(s)
        finished += [q for q in old + young if q.generated >= q.request.max_tokens and q not in finished]
    assert s.preemptions >= 1
    assert [sequence.request.id for sequence in finished] == ["old", "young"]
    assert s.pool.available == 4


def test_a_full_queue_refuses_and_says_so() -> None:
    s = scheduler(max_batch=1, queue_limit=2)
    s.submit(make("a", range(5)))
    step(s)
    s.submit(make("b", range(5)))
    s.submit(make("c", range(5), n=3))  # three answers, one request
    with pytest.raises(QueueFull):
        s.submit(make("d", range(5)))


def test_what_can_never_fit_is_refused_at_once() -> None:
    s = scheduler(blocks=2)
    with pytest.raises(ValueError, match="kv_cache_mb"):
        s.submit(make("a", range(60), max_tokens=10))


def test_a_removed_sequence_frees_slot_and_blocks() -> None:
    s = scheduler(max_batch=1)
    a, b = make("a", range(100)), make("b", range(500, 510))
    s.submit(a)
    s.submit(b)
    step(s)
    s.remove(a)
    assert s.pool.available == s.pool.count
    assert set(described(step(s))) == {"b"}
    s.remove(b)
    assert not s.plan()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 150), st.integers(1, 40), st.integers(1, 3), st.booleans()),
        min_size=1,
        max_size=10,
    ),
    st.integers(6, 24),
    st.sampled_from([16, 64, 512]),
    st.randoms(use_true_random=False),
)
def test_every_request_finishes_and_every_block_returns(
    requests: list[tuple[int, int, int, bool]], blocks: int, budget: int, random: Any
) -> None:
    """Whatever arrives and is cancelled, in any pool: all end, steps keep to the budget, no block is lost."""
    s = scheduler(blocks, step_tokens=budget, max_batch=4, queue_limit=100)
    everything: list[Sequence] = []
    for number, (length, max_tokens, n, same) in enumerate(requests):
        start = 0 if same else 200 * number
        everything += (made := make(str(number), [(start + i) % 997 for i in range(length)], n, max_tokens))
        s.submit(made)
    for _ in range(5000):
        if random.random() < 0.02 and everything:
            victim = random.choice(everything)
            s.remove([victim])
            everything.remove(victim)
        chunks = step(s)
        owners = [chunk.sequence for chunk in chunks]
        assert len(owners) == len({id(owner) for owner in owners}) <= 4
        assert sum(chunk.count for chunk in chunks) <= max(budget, 4)
        for sequence in s.running:
            assert list(sequence.table[: len(sequence.blocks)]) == sequence.blocks
            assert sequence.computed <= 32 * len(sequence.blocks)
        if not s.running and not s.waiting:
            break
    assert all(sequence.generated == sequence.request.max_tokens for sequence in everything)
    assert s.pool.available == blocks
