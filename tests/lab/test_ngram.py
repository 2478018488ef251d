"""The yardstick is what its paper says, probability by probability."""

import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from corpora import sentences, toy_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.lab.data.shards import write_shard
from pleiade.lab.data.stream import PackedStream, StreamConfig
from pleiade.lab.evals.networks import open_folder
from pleiade.lab.evals.ngram.folder import write_ngram
from pleiade.lab.evals.ngram.kneser_ney import KneserNey, train
from pleiade.lab.evals.ngram.seen import tokens_seen
from pleiade.lab.evals.scorer import EvalError

BOUNDARY, VOCAB = 0, 7
TEXTS = st.lists(st.lists(st.integers(1, VOCAB - 1), min_size=1, max_size=30), min_size=1, max_size=8)


def stream(texts: list[list[int]]) -> np.ndarray:
    return np.array([token for text in texts for token in (BOUNDARY, *text)], dtype=np.uint16)


def naive(texts: list[list[int]], model: KneserNey, word: int, context: tuple[int, ...]) -> float:
    """The recursion of the paper over dictionaries, with the model's discounts."""
    ids = stream(texts).tolist()
    raw: Counter[tuple[int, ...]] = Counter()
    for n in range(1, model.order + 1):
        for first in range(len(ids) - n + 1):
            if BOUNDARY not in ids[first + 1 : first + n - 1]:
                raw[tuple(ids[first : first + n])] += 1

    def count(gram: tuple[int, ...]) -> int:
        if len(gram) == model.order or (len(gram) > 1 and gram[0] == BOUNDARY):
            return raw[gram]
        return sum(1 for token in range(VOCAB) if raw[(token, *gram)])

    def probability(context: tuple[int, ...]) -> float:
        below = probability(context[1:]) if context else 1 / VOCAB
        counts = {token: count((*context, token)) for token in range(VOCAB)}
        total = sum(counts.values())
        if not total:
            return below
        taken = {t: (0.0, *model.discounts[len(context)])[min(c, 3)] for t, c in counts.items()}
        return (counts[word] - taken[word]) / total + sum(taken.values()) / total * below

    return probability(context)


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.lists(st.integers(1, VOCAB - 1), max_size=5), st.integers(2, 4))
def test_each_probability_is_that_of_the_papers_recursion(texts: list[list[int]], asked: list[int], order: int) -> None:
    model = train(stream(texts), VOCAB, BOUNDARY, order)
    ids = [BOUNDARY, *asked]
    for place, probability in enumerate(model.probabilities(ids)[1:], start=1):
        context = tuple(ids[max(0, place - model.order + 1) : place])
        assert probability == pytest.approx(naive(texts, model, ids[place], context), rel=1e-5)


@settings(max_examples=25, deadline=None)
@given(TEXTS, st.lists(st.integers(0, VOCAB - 1), max_size=6))
def test_whatever_came_before_the_probabilities_of_all_tokens_add_up_to_one(
    texts: list[list[int]], context: list[int]
) -> None:
    model = train(stream(texts), VOCAB, BOUNDARY)
    assert sum(model.probabilities([*context, token])[-1] for token in range(VOCAB)) == pytest.approx(1, abs=1e-5)


def test_discounts_follow_from_the_counts_of_counts() -> None:
    # Tokens stand for nothing; what counts is how many n-grams come once, twice, three and four times.
    rng = np.random.default_rng(1)
    words = rng.zipf(1.4, 20_000) % 200 + 1
    model = train(np.concatenate([[BOUNDARY], words]), 201, BOUNDARY, 2)
    pairs = Counter(zip([BOUNDARY, *words.tolist()], words.tolist(), strict=False))
    n = {c: sum(1 for count in pairs.values() if count == c) for c in (1, 2, 3, 4)}
    y = n[1] / (n[1] + 2 * n[2])
    assert model.discounts[1] == pytest.approx(
        (1 - 2 * y * n[2] / n[1], 2 - 3 * y * n[3] / n[2], 3 - 4 * y * n[4] / n[3])
    )


def test_an_unseen_context_leaves_the_word_to_a_shorter_one() -> None:
    model = train(stream([[1, 2, 3, 1, 2, 4, 1, 2, 3]]), VOCAB, BOUNDARY, 3)
    assert model.probabilities([6, 5, 3])[-1] == model.probabilities([5, 3])[-1] == model.probabilities([3])[-1]
    assert model.probabilities([1, 2, 3])[-1] > model.probabilities([2, 3])[-1] > model.probabilities([3])[-1]
    assert model.probabilities([1, 2, BOUNDARY, 3])[-1] == model.probabilities([BOUNDARY, 3])[-1]


def test_a_text_without_its_boundary_is_refused() -> None:
    with pytest.raises(ValueError, match="boundary token 0 before it"):
        train(np.array([1, 2, 3]), VOCAB, BOUNDARY)


def test_the_distribution_after_a_context_holds_the_probability_of_each_token() -> None:
    rng = np.random.default_rng(2)
    texts = [rng.zipf(1.5, 40) % (VOCAB - 1) + 1 for _ in range(20)]
    model = train(stream([text.tolist() for text in texts]), VOCAB, BOUNDARY)
    for context in ([], [3], [BOUNDARY], [1, 2, 1, 3, 1, 2], [2, BOUNDARY, 1]):
        each = [model.probabilities([*context, token])[-1] for token in range(VOCAB)]
        assert model.distribution(context) == pytest.approx(each, rel=1e-6)


def toy_stream(tmp_path: Path, repeats: float) -> PackedStream:
    tokenizer = toy_tokenizer()
    texts = [" ".join(sentences()[first : first + 12]) for first in range(0, 60, 12)]
    shard = write_shard(texts, tokenizer, tmp_path / "toy", "toy")
    config = StreamConfig(seq_len=16, piece_tokens=64, fim_rate=0.0)
    return PackedStream([shard], [repeats], tokenizer, config)


def test_the_text_of_two_epochs_is_the_documents_once_each_after_a_boundary(tmp_path: Path) -> None:
    dealt = toy_stream(tmp_path, 2.0)
    shard, starts = dealt.shards[0], dealt.shards[0].starts
    once = [np.append(dealt.end_of_text, shard.tokens[a:b]) for a, b in itertools.pairwise(starts)]
    seen = tokens_seen(dealt, 2 * (shard.num_tokens + len(once)))
    assert seen.tolist() == np.concatenate(once).tolist()


def test_a_part_of_an_epoch_holds_the_pieces_that_were_dealt_and_no_others(tmp_path: Path) -> None:
    dealt = toy_stream(tmp_path, 1.0)
    rows = dealt.next_rows(12)
    seen = tokens_seen(toy_stream(tmp_path, 1.0), 12 * 16)
    assert 12 * 16 <= len(seen) <= 12 * 16 + 64 + 5
    counted, wanted = Counter(seen.tolist()), Counter(rows[:, :-1].flatten().tolist())
    assert all(counted[token] >= count for token, count in wanted.items() if token != dealt.end_of_text)


def test_the_same_examination_takes_a_model_and_an_ngram(tmp_path: Path) -> None:
    tokenizer = toy_tokenizer()
    ids = [token for text in sentences() for token in (0, *tokenizer.encode(text).ids)]
    model = train(np.array(ids), tokenizer.get_vocab_size(), 0)
    write_ngram(model, tokenizer, tmp_path / "ngram", len(ids), "a toy")
    scorer = open_folder(tmp_path / "ngram")
    known, strange = scorer.likelihoods([("", sentences()[0]), ("", sentences()[0][::-1])])
    assert known.logprob == pytest.approx(
        np.log(model.probabilities([0, *tokenizer.encode(sentences()[0]).ids])[1:]).sum()
    )
    assert known.logprob > strange.logprob
    assert not strange.greedy
    assert f"5-gram of {len(ids):,} tokens: a toy" in scorer.facts["network"]
    with pytest.raises(EvalError, match="does not write"):
        scorer.complete(["a"], 1)
