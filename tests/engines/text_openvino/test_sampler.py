"""Tokens are drawn from the distribution that the request asks for, and reproducibly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pleiade.engines.text_openvino.generation import Sampling
from pleiade.engines.text_openvino.sampler import SequenceSampler, draw_indices, pick_tokens, token_logprobs

NO_PROMPT = np.zeros(0, np.int64)
V = 50


def logits(seed: int = 0, scale: float = 2.0) -> NDArray[np.float32]:
    return (np.random.default_rng(seed).standard_normal(V) * scale).astype(np.float32)


def softmax(x: NDArray[np.float32]) -> NDArray[np.float64]:
    e = np.exp(x.astype(np.float64) - x.max())
    return e / e.sum()


def frequencies(sampling: Sampling, row: NDArray[np.float32], draws: int = 12_000) -> NDArray[np.float64]:
    """How often each token comes when one sequence draws many times."""
    sampler = SequenceSampler(sampling, NO_PROMPT, V)
    counts = np.zeros(V)
    for start in range(0, draws, 400):
        tokens = pick_tokens(np.tile(row, (400, 1)), [sampler] * 400, range(start, start + 400))
        counts += np.bincount(tokens, minlength=V)
    return counts


def assert_drawn_from(counts: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    """Pearson's chi-square stays under its 99.9 % quantile; nothing impossible was drawn."""
    assert counts[expected == 0].sum() == 0
    likely = expected * counts.sum() >= 5
    difference = counts[likely] - expected[likely] * counts.sum()
    chi_square = (difference**2 / (expected[likely] * counts.sum())).sum()
    freedom = likely.sum() - 1
    assert chi_square < freedom + 3.3 * np.sqrt(2 * freedom) + 6


def nucleus(probabilities: NDArray[np.float64], top_p: float) -> NDArray[np.float64]:
    order = np.argsort(-probabilities)
    kept = order[: int(np.searchsorted(np.cumsum(probabilities[order]), top_p)) + 1]
    result = np.zeros_like(probabilities)
    result[kept] = probabilities[kept]
    return result / result.sum()


def test_plain_sampling_follows_softmax() -> None:
    row = logits()
    assert_drawn_from(frequencies(Sampling(seed=1), row), softmax(row))


def test_temperature_sharpens_and_flattens() -> None:
    row = logits()
    for temperature in (0.5, 1.7):
        counts = frequencies(Sampling(temperature=temperature, seed=2), row)
        assert_drawn_from(counts, softmax(row / np.float32(temperature)))


def test_top_k_keeps_k_tokens() -> None:
    row = logits()
    expected = softmax(row)
    expected[np.argsort(-expected)[5:]] = 0
    assert_drawn_from(frequencies(Sampling(top_k=5, seed=3), row), expected / expected.sum())


@pytest.mark.parametrize("top_p", [0.1, 0.6, 0.95])
def test_top_p_keeps_the_nucleus(top_p: float) -> None:
    row = logits()
    counts = frequencies(Sampling(top_p=top_p, seed=4), row)
    assert_drawn_from(counts, nucleus(softmax(row), top_p))


def test_min_p_drops_what_is_far_from_the_best() -> None:
    row = logits()
    expected = softmax(row)
    expected[expected < 0.2 * expected.max()] = 0
    assert_drawn_from(frequencies(Sampling(min_p=0.2, seed=5), row), expected / expected.sum())


def test_top_p_zero_is_greedy() -> None:
    row = logits()
    assert frequencies(Sampling(top_p=0.0, seed=1), row, 400)[row.argmax()] == 400


def test_truncations_apply_one_after_the_other() -> None:
    row = logits()
    expected = softmax(row)
    expected[np.argsort(-expected)[10:]] = 0
    expected = nucleus(expected / expected.sum(), 0.8)
    assert_drawn_from(frequencies(Sampling(top_k=10, top_p=0.8, seed=6), row), expected)


def test_a_seed_gives_the_same_tokens_whoever_shares_the_batch() -> None:
    rows = np.stack([logits(seed) for seed in range(8)])
    alone = [
        pick_tokens(rows[i : i + 1].copy(), [SequenceSampler(Sampling(seed=i), NO_PROMPT, V)], [3])[0] for i in range(8)
    ]
    samplers = [SequenceSampler(Sampling(seed=i), NO_PROMPT, V) for i in range(8)]
    assert pick_tokens(rows.copy(), samplers, [3] * 8) == alone


def test_the_answers_of_one_seeded_request_differ() -> None:
    row = np.tile(logits(scale=0.1), (20, 1))
    first, second = (SequenceSampler(Sampling(seed=9), NO_PROMPT, V, index) for index in (0, 1))
    assert pick_tokens(row.copy(), [first] * 20, range(20)) != pick_tokens(row.copy(), [second] * 20, range(20))


def test_greedy_and_random_rows_mix() -> None:
    rows = np.stack([logits(seed) for seed in range(6)])
    samplers = [SequenceSampler(Sampling(temperature=i % 2, seed=1), NO_PROMPT, V) for i in range(6)]
    tokens = pick_tokens(rows.copy(), samplers, [0] * 6)
    assert tokens[::2] == rows.argmax(axis=1)[::2].tolist()


def test_logit_bias_bans_and_forces() -> None:
    row = logits()
    best = int(row.argmax())
    banned = SequenceSampler(Sampling(temperature=0, logit_bias={best: -100.0}), NO_PROMPT, V)
    forced = SequenceSampler(Sampling(seed=1, logit_bias={7: 100.0, 10**6: 5.0}), NO_PROMPT, V)
    tokens = pick_tokens(np.stack([row, row]), [banned, forced], [0, 0])
    assert tokens == [int(np.argsort(-row)[1]), 7]


def test_penalties_count_what_was_generated() -> None:
    sampler = SequenceSampler(
        Sampling(temperature=0, presence_penalty=0.5, frequency_penalty=0.25), np.array([3, 3]), V
    )
    for token in (4, 4, 5):
        sampler.accept(token)
    row = np.zeros(V, np.float32)
    sampler.edit(row)
    assert (row[3], row[4], row[5], row[6]) == (0, -1.0, -0.75, 0)


def test_repetition_penalty_counts_the_prompt_too() -> None:
    sampler = SequenceSampler(Sampling(temperature=0, repetition_penalty=2.0), np.array([3]), V)
    sampler.accept(4)
    row = np.full(V, 1.0, np.float32)
    row[4] = -1.0
    sampler.edit(row)
    assert (row[3], row[4], row[5]) == (0.5, -2.0, 1.0)


def test_logprobs_are_those_of_the_raw_distribution() -> None:
    rows = np.stack([logits(1), logits(2)])
    results = token_logprobs(rows, [5, 6], 3)
    for row, token, result in zip(rows, (5, 6), results, strict=True):
        expected = np.log(softmax(row))
        best = np.argsort(-expected)[:3]
        assert result.logprob == pytest.approx(expected[token], abs=1e-5)
        assert [token for token, _ in result.top] == best.tolist()
        assert [value for _, value in result.top] == pytest.approx(expected[best], abs=1e-5)


class Grammar:
    """Allows even tokens only, and is complete after two."""

    def __init__(self) -> None:
        self.left = 2

    def mask(self, logits: NDArray[np.float32]) -> None:
        logits[1::2] = -np.inf

    def accept(self, token: int) -> bool:
        if token % 2:
            raise ValueError("odd")
        self.left -= 1
        return self.left == 0

    def fork(self) -> "Grammar":
        return Grammar()


def test_a_grammar_narrows_the_choice_and_says_when_it_is_complete() -> None:
    sampler = SequenceSampler(Sampling(seed=1), NO_PROMPT, V, constraint=Grammar())
    tokens = pick_tokens(np.tile(logits(), (200, 1)), [sampler] * 200, range(200))
    assert all(token % 2 == 0 for token in tokens)
    assert [sampler.accept(2), sampler.accept(4)] == [False, True]


def test_a_failing_grammar_ends_its_own_sequence_only() -> None:
    sampler = SequenceSampler(Sampling(seed=1), NO_PROMPT, V, constraint=Grammar())
    assert sampler.accept(3)
    assert "odd" in sampler.error


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1e-30, 0.01, 1.0, 3.0]), min_size=1, max_size=600),
    st.floats(0, 1, exclude_max=True),
)
def test_an_impossible_token_is_never_drawn(weights: list[float], uniform: float) -> None:
    padded = np.zeros((1, -(-len(weights) // 256) * 256), np.float32)
    padded[0, : len(weights)] = weights
    padded[0, len(weights) // 2] = 1.0
    assert padded[0, draw_indices(padded, np.array([uniform]))[0]] > 0
