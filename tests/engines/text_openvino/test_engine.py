"""The engine's promises on a real network in float32: batching, caching and drafting change no answer."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engines.text_openvino.driving import Driver, request, running
from engines.text_openvino.models import CONTEXT, random_prompt, reference_logits, write_folder
from pleiade.engines.text_openvino.engine import load_engine
from pleiade.engines.text_openvino.generation import GenerationRequest, QueueFull, Sampling

PROMPTS = [random_prompt(length, seed) for seed, length in enumerate([3, 31, 32, 33, 64, 100, 150, 7])]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder("qwen3", tmp_path_factory.mktemp("qwen3"))


@pytest.fixture(scope="module")
def driver(model: Path) -> Iterator[Driver]:
    with running(model) as driver:
        yield driver


@pytest.fixture(scope="module")
def alone(driver: Driver) -> list[list[int]]:
    """The answer to each prompt, one at a time."""
    return [driver.run(request(f"alone-{i}", prompt))[0] for i, prompt in enumerate(PROMPTS)]


def is_greedy(prompt: list[int], answer: list[int]) -> bool:
    """Whether transformers, too, finds each token of the answer the likeliest after what stands before it."""
    likeliest = reference_logits("qwen3", [*prompt, *answer]).argmax(axis=1)
    return likeliest[len(prompt) - 1 : -1].tolist() == answer


def test_greedy_answers_are_those_of_transformers(alone: list[list[int]]) -> None:
    for prompt, answer in zip(PROMPTS, alone, strict=True):
        assert len(answer) == 12
        assert is_greedy(prompt, answer)


def test_a_batch_changes_no_answer(model: Path, alone: list[list[int]]) -> None:
    with running(model, max_batch=4) as driver:
        assert driver.run(*(request(str(i), prompt) for i, prompt in enumerate(PROMPTS))) == alone


def test_chunked_prompts_change_no_answer(model: Path, alone: list[list[int]]) -> None:
    with running(model, max_batch=4, step_tokens=10) as driver:
        assert driver.run(*(request(str(i), prompt) for i, prompt in enumerate(PROMPTS))) == alone


def test_a_known_beginning_is_not_computed_again_and_changes_no_answer(model: Path) -> None:
    prompt = random_prompt(130, 50)
    with running(model) as driver:
        first = driver.run(request("first", prompt))
        before = driver.engine.stats()
        assert driver.run(request("second", prompt)) == first
        after = driver.engine.stats()
    assert driver.events["first", 0][0].cached_tokens == 0
    assert driver.events["second", 0][0].cached_tokens == 128
    assert after.cached_tokens - before.cached_tokens == 128
    assert after.prompt_tokens - before.prompt_tokens == 2


def test_blocks_of_an_answer_are_found_by_the_next_turn(model: Path) -> None:
    prompt = random_prompt(40, 51)
    with running(model) as driver:
        (answer,) = driver.run(request("first", prompt, max_tokens=30))
        driver.run(request("second", [*prompt, *answer, 5, 6, 7]))
    assert driver.events["second", 0][0].cached_tokens == 64


def test_preempted_answers_come_out_the_same(model: Path) -> None:
    prompts = [random_prompt(40, seed) for seed in range(4)]
    block_mb = 3 * 2 * 2 * 32 * 64 * 4 / 2**20  # layers, key and value, heads, tokens, channels, bytes
    with running(model, kv_cache_mb=1, max_batch=4) as driver:
        assert driver.engine.stats().blocks_total == int(1 / block_mb)
        answers = driver.run(*(request(str(i), p, max_tokens=80) for i, p in enumerate(prompts)))
        stats = driver.engine.stats()
    assert stats.preemptions > 0
    assert stats.blocks_free == stats.blocks_total
    for prompt, answer in zip(prompts, answers, strict=True):
        assert len(answer) == 80
        assert is_greedy(prompt, answer)


def test_n_answers_share_their_prompt(driver: Driver) -> None:
    prompt, before = random_prompt(200, 60), driver.engine.stats()
    sampling = Sampling(temperature=1.0, seed=5)
    answers = driver.run(request("n", prompt, n=4, sampling=sampling))
    computed = driver.engine.stats().prompt_tokens - before.prompt_tokens
    assert computed == 200 + 3 * 8  # 192 tokens are whole blocks
    assert len({tuple(answer) for answer in answers}) == 4


def test_a_cancelled_request_frees_its_slot_and_blocks(model: Path) -> None:
    with running(model, max_batch=2) as driver:
        driver.submit(request("long", random_prompt(50), n=2, max_tokens=400))
        driver.submit(request("next", random_prompt(20, 9), max_tokens=5))
        driver.wait_for(lambda: driver.tokens("long", 1))
        driver.engine.cancel("long", 0)
        driver.wait_for(lambda: driver.events["long", 0][-1].finish == "cancelled")
        driver.wait_for(lambda: driver.tokens("next"))  # in the slot that became free
        driver.engine.cancel("long")
        driver.wait_for(lambda: driver.events["long", 1][-1].finish == "cancelled")
        driver.wait_for(lambda: driver.events["next", 0][-1].finish == "length")
        stats = driver.engine.stats()
        assert (stats.running, stats.blocks_free) == (0, stats.blocks_total)


def test_a_waiting_request_can_be_cancelled(model: Path) -> None:
    with running(model, max_batch=1) as driver:
        driver.submit(request("long", random_prompt(50), max_tokens=400))
        driver.submit(request("waiting", random_prompt(20)))
        driver.engine.cancel("waiting")
        driver.wait_for(lambda: driver.events["waiting", 0])
        assert driver.events["waiting", 0][0].finish == "cancelled"
        assert driver.engine.stats().running == 1


def test_a_full_queue_refuses(model: Path) -> None:
    engine = load_engine(model, max_batch=1, queue_limit=2, kv_cache_mb=8)  # not started: nothing leaves it
    engine.submit(request("a", [5]))
    engine.submit(request("b", [5]))
    with pytest.raises(QueueFull):
        engine.submit(request("c", [5]))


def test_a_deadline_ends_a_request(driver: Driver) -> None:
    late = request("late", random_prompt(50), max_tokens=400, deadline=time.monotonic() + 0.2)
    driver.run(late)
    assert driver.events["late", 0][-1].finish == "deadline"
    assert len(driver.tokens("late")) < 400


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"prompt": []}, "empty"),
        ({"prompt": [10**6]}, "outside"),
        ({"prompt": [-1]}, "outside"),
        ({"prompt": [5] * CONTEXT}, "context"),
        ({"n": 0}, "at least 1"),
        ({"adapter": "nobody"}, "nobody"),
    ],
)
def test_what_cannot_be_served_is_refused_with_its_reason(driver: Driver, bad: dict[str, Any], words: str) -> None:
    fields: dict[str, Any] = {"id": "bad", "prompt": [5], "max_tokens": 5}
    with pytest.raises(ValueError, match=words):
        driver.engine.submit(GenerationRequest(**(fields | bad)))


def test_a_seed_repeats_a_text_alone_and_in_a_batch(driver: Driver) -> None:
    sampling = Sampling(temperature=0.9, top_p=0.95, seed=11)
    prompt = random_prompt(40, 70)
    (alone,) = driver.run(request("seed-1", prompt, sampling=sampling))
    others = [request(f"mate-{i}", random_prompt(30, 80 + i), sampling=Sampling(seed=i)) for i in range(5)]
    assert driver.run(request("seed-2", prompt, sampling=sampling), *others)[0] == alone


def test_drafts_change_no_answer_and_save_steps(model: Path) -> None:
    prompt = [*random_prompt(20, 5), *random_prompt(20, 5), *random_prompt(20, 5)]
    settings = [
        Sampling(temperature=0),
        Sampling(temperature=0.25, seed=3),
        Sampling(temperature=1.0, seed=4),
    ]
    with running(model) as plain:
        expected = [plain.run(request(str(i), prompt, 200, sampling=s)) for i, s in enumerate(settings)]
        steps = plain.engine.stats().steps
    with running(model, speculation="ngram") as drafting:
        answers = [drafting.run(request(str(i), prompt, 200, sampling=s)) for i, s in enumerate(settings)]
        stats = drafting.engine.stats()
    assert answers == expected
    assert stats.accepted_tokens > 0
    assert stats.drafted_tokens >= stats.accepted_tokens
    assert stats.steps == steps - stats.accepted_tokens


def test_logprobs_are_those_of_the_model(driver: Driver) -> None:
    prompt = random_prompt(30, 21)
    sampling = Sampling(temperature=0.7, seed=1, logit_bias={5: 3.0})
    (tokens,) = driver.run(request("scores", prompt, logprobs=2, sampling=sampling))
    expected = log_softmax(reference_logits("qwen3", [*prompt, *tokens]))[len(prompt) - 1 : -1]
    for row, event in zip(expected, driver.events["scores", 0], strict=True):
        assert event.logprobs is not None
        assert event.logprobs.token == event.token
        assert event.logprobs.logprob == pytest.approx(row[event.token], abs=1e-3)
        assert [token for token, _ in event.logprobs.top] == np.argsort(-row)[:2].tolist()


@pytest.mark.parametrize("length", [200, 129])  # 128 are scored a step: the last token of 129 has none to follow it
def test_a_prompt_can_be_scored_without_an_answer(model: Path, length: int) -> None:
    prompt = random_prompt(length, 22)
    with running(model) as driver:
        driver.run(request("fill the cache", prompt))
        driver.run(request("score", prompt, max_tokens=0, prompt_logprobs=1))
    (event,) = driver.events["score", 0]
    assert (event.token, event.finish) == (-1, "length")
    expected = log_softmax(reference_logits("qwen3", prompt))
    assert event.prompt_logprobs is not None
    assert event.prompt_logprobs[0] is None
    assert len(event.prompt_logprobs) == length
    for position, score in enumerate(event.prompt_logprobs[1:]):
        assert score is not None
        assert score.token == prompt[position + 1]
        assert score.logprob == pytest.approx(expected[position, score.token], abs=1e-3)
        assert score.top[0][0] == expected[position].argmax()


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def test_a_stop_token_ends_the_answer_unless_it_is_to_be_ignored(driver: Driver, alone: list[list[int]]) -> None:
    stop = alone[1][4]
    first = alone[1].index(stop)
    stopping = request("stop", PROMPTS[1], stop_tokens=frozenset({stop}), ignore_stop_tokens=False)
    (answer,) = driver.run(stopping)
    assert answer == alone[1][: first + 1]
    assert driver.events["stop", 0][-1].finish == "stop"
    assert driver.run(request("on", PROMPTS[1], stop_tokens=frozenset({stop})))[0] == alone[1]


def test_a_grammar_that_fails_ends_its_own_sequence_only(driver: Driver, alone: list[list[int]]) -> None:
    broken = request("broken", PROMPTS[0], constraint=BrokenGrammar())
    fine = request("fine", PROMPTS[1])
    answers = driver.run(broken, fine)
    assert answers[1] == alone[1]
    assert driver.events["broken", 0][-1].finish == "error"
    assert "no such rule" in driver.events["broken", 0][-1].error


class BrokenGrammar:
    def mask(self, logits: NDArray[np.float32]) -> None:
        raise ValueError("no such rule")

    def accept(self, token: int) -> bool:
        return False

    def fork(self) -> "BrokenGrammar":
        return self


def test_stopping_ends_what_runs(model: Path) -> None:
    with running(model) as driver:
        driver.submit(request("long", random_prompt(50), max_tokens=400))
        driver.wait_for(lambda: driver.tokens("long"))
    assert driver.events["long", 0][-1].finish == "cancelled"


def test_eight_bit_answers_hardly_depend_on_the_batch(model: Path) -> None:
    with running(model, weights="int8", precision="auto") as driver:
        alone = [driver.run(request(f"alone-{i}", prompt))[0] for i, prompt in enumerate(PROMPTS)]
        batch = driver.run(*(request(str(i), prompt) for i, prompt in enumerate(PROMPTS)))
    assert sum(a == b for a, b in zip(alone, batch, strict=True)) >= len(PROMPTS) - 2
