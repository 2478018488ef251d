"""Sampling with a cache writes what the slow reference writes."""

import torch
from corpora import toy_tokenizer

from pleiade.lab.evals.greedy import greedy_tokens
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.decode import sample
from pleiade.lab.gpt.model import Gpt, init_weights

PROMPTS = [[5, 9, 200, 31], [7], [300, 301, 302, 17, 18, 19, 20, 21], [44, 45]]


def loud_model() -> Gpt:
    """A random model whose layers all speak, so that a wrong mask or position changes what it writes."""
    model = Gpt(GptConfig(512, 64, 2, 4, 2, 32, 128, max_position=64))
    init_weights(model, seed=3)
    generator = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 2:
                parameter.normal_(0.0, 0.2, generator=generator)
    return model


def test_greedy_answers_of_a_batch_are_those_of_the_reference() -> None:
    model = loud_model()
    for penalty in (1.0, 1.3):
        expected = [greedy_tokens(model, prompt, {3}, 20, penalty) for prompt in PROMPTS]
        written = sample(
            model, PROMPTS, frozenset({3}), 20, temperature=0.0, seed=1, rows=3, repetition_penalty=penalty
        )
        assert written == expected


def test_a_stop_token_ends_one_answer_and_not_the_others() -> None:
    model = loud_model()
    free = sample(model, PROMPTS, frozenset(), 12, temperature=0.0, seed=1)
    stop = free[0][4]
    stopped = sample(model, PROMPTS, frozenset({stop}), 12, temperature=0.0, seed=1)
    for before, after in zip(free, stopped, strict=True):
        assert after == (before[: before.index(stop)] if stop in before else before)


def test_an_answer_ends_where_its_reader_has_read_enough() -> None:
    model = loud_model()
    free = sample(model, PROMPTS, frozenset(), 8, temperature=0.0, seed=1)
    enough = sample(model, PROMPTS, frozenset(), 8, temperature=0.0, seed=1, stopped=lambda ids: len(ids) == 3)
    assert enough == [ids[:3] for ids in free]


def test_sampled_answers_depend_on_the_seed_alone() -> None:
    model = loud_model()
    once, again, other = (sample(model, PROMPTS, frozenset(), 8, temperature=1.0, seed=seed) for seed in (1, 1, 2))
    assert once == again != other


def test_a_full_context_leaves_room_for_nothing() -> None:
    model = loud_model()
    assert sample(model, [[5] * 64], frozenset(), 8, temperature=0.0, seed=1) == [[]]
    assert len(sample(model, [[5] * 60], frozenset(), 8, temperature=0.0, seed=1)[0]) == 4
    assert toy_tokenizer().get_vocab_size() == model.config.vocab_size
