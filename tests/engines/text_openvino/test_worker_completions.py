"""`POST /v1/completions` of the text worker: everything that the API of January 2023 could."""

import math

import pytest

from engines.tiny_model import CONTEXT
from engines.worker_process import Worker

ROUTE = "/completions"


def test_the_default_is_sixteen_tokens(text_worker: Worker) -> None:
    answer = text_worker.ok(ROUTE, prompt="Once", ignore_eos=True)
    assert answer["id"].startswith("cmpl-")
    assert answer["object"] == "text_completion"
    assert (answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]) == (4, 16)
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_prompt_may_be_text_or_tokens_one_or_many(text_worker: Worker) -> None:
    request = {"max_tokens": 2, "echo": True, "ignore_eos": True}
    for prompt in ("ab", _ids("ab")):
        one = text_worker.ok(ROUTE, prompt=prompt, **request)
        assert one["choices"][0]["text"].startswith("ab")
        assert one["usage"]["prompt_tokens"] == 2
    for prompts in (["ab", "cde"], [_ids("ab"), _ids("cde")]):
        many = text_worker.ok(ROUTE, prompt=prompts, n=2, **request)
        assert [choice["index"] for choice in many["choices"]] == [0, 1, 2, 3]
        assert [choice["text"][:2] for choice in many["choices"]] == ["ab", "ab", "cd", "cd"]
        assert (many["usage"]["prompt_tokens"], many["usage"]["completion_tokens"]) == (5, 8)


def _ids(text: str) -> list[int]:
    from engines.tiny_model import byte_tokenizer

    ids: list[int] = byte_tokenizer().encode(text).ids
    return ids


def test_no_prompt_is_the_beginning_of_a_text(text_worker: Worker) -> None:
    assert text_worker.ok(ROUTE, max_tokens=1)["usage"]["prompt_tokens"] == 1
    assert text_worker.ok(ROUTE, prompt="", max_tokens=1)["usage"]["prompt_tokens"] == 1


def test_more_prompts_than_the_queue_takes_still_all_get_an_answer(text_worker: Worker) -> None:
    answer = text_worker.ok(ROUTE, prompt=[f"p{i}" for i in range(100)], max_tokens=2, ignore_eos=True)
    assert [choice["index"] for choice in answer["choices"]] == list(range(100))
    assert answer["usage"]["completion_tokens"] == 200


def test_logprobs_have_the_four_lists_of_2020(text_worker: Worker) -> None:
    answer = text_worker.ok(ROUTE, prompt="abc", max_tokens=5, temperature=0, logprobs=2, ignore_eos=True)
    found = answer["choices"][0]["logprobs"]
    assert set(found) == {"tokens", "token_logprobs", "top_logprobs", "text_offset"}
    assert all(len(values) == 5 for values in found.values())
    assert found["text_offset"][0] == 3  # counted from the beginning of the prompt
    for token, logprob, top in zip(found["tokens"], found["token_logprobs"], found["top_logprobs"], strict=True):
        assert top[token] == pytest.approx(logprob, abs=1e-5)
        assert 2 <= len(top) <= 3
    assert text_worker.ok(ROUTE, prompt="a", max_tokens=1, logprobs=0)["choices"][0]["logprobs"]["tokens"]


def test_echo_scores_the_prompt(text_worker: Worker) -> None:
    answer = text_worker.ok(ROUTE, prompt="abcd", max_tokens=0, echo=True, logprobs=1)
    [choice] = answer["choices"]
    assert choice["text"] == "abcd"
    found = choice["logprobs"]
    assert found["tokens"] == ["a", "b", "c", "d"]
    assert found["token_logprobs"][0] is None
    assert found["top_logprobs"][0] is None
    assert all(logprob < 0 for logprob in found["token_logprobs"][1:])
    assert found["text_offset"] == [0, 1, 2, 3]
    assert answer["usage"]["completion_tokens"] == 0


def test_echoed_scores_are_those_of_the_tokens_when_generated(text_worker: Worker) -> None:
    grown = text_worker.ok(ROUTE, prompt="abc", max_tokens=6, temperature=0, logprobs=0, ignore_eos=True)
    tokens = grown["choices"][0]["logprobs"]
    ids = _ids("abc") + _tokens_of(tokens["tokens"])
    scored = text_worker.ok(ROUTE, prompt=ids, max_tokens=0, echo=True, logprobs=0)
    for ours, theirs in zip(
        scored["choices"][0]["logprobs"]["token_logprobs"][3:], tokens["token_logprobs"], strict=True
    ):
        assert math.exp(ours) == pytest.approx(math.exp(theirs), rel=0.2, abs=2e-3)  # 8-bit, other batch shapes


def _tokens_of(names: list[str]) -> list[int]:
    """Ids of tokens as log-probabilities name them."""
    from engines.tiny_model import byte_tokenizer
    from pleiade.engines.text_openvino.answers.logprobs import TokenNames
    from pleiade.engines.text_openvino.answers.tokenizer import TextTokenizer

    tokenizer = TextTokenizer(byte_tokenizer().to_str(), configuration={}, source="test")
    written = TokenNames(tokenizer.token_bytes, tokenizer.control)
    by_name = {written.name(i): i for i in range(tokenizer.vocabulary_size)}
    return [by_name.get(name, 0) for name in names]


def test_echo_streams_the_prompt_first(text_worker: Worker) -> None:
    events = text_worker.stream(ROUTE, prompt="abcd", max_tokens=3, echo=True, logprobs=1, seed=1)
    assert events[0]["choices"][0]["text"].startswith("abcd")
    assert events[0]["choices"][0]["logprobs"]["tokens"][:4] == ["a", "b", "c", "d"]
    assert events[-1]["choices"][0]["finish_reason"] in ("length", "stop")


def test_best_of_returns_the_likeliest_and_counts_all(text_worker: Worker) -> None:
    request = {"prompt": "abc", "max_tokens": 6, "seed": 3, "ignore_eos": True, "logprobs": 0}
    best = text_worker.ok(ROUTE, **request, best_of=5, n=2)
    assert [choice["index"] for choice in best["choices"]] == [0, 1]
    assert best["usage"]["completion_tokens"] == 30
    means = [sum(c["logprobs"]["token_logprobs"]) / 6 for c in best["choices"]]
    assert means[0] >= means[1]
    everyone = text_worker.ok(ROUTE, **request, n=5)
    all_means = [sum(c["logprobs"]["token_logprobs"]) / 6 for c in everyone["choices"]]
    assert means[0] == pytest.approx(max(all_means), abs=0.05)
    assert text_worker.error(ROUTE, prompt="a", best_of=1, n=2)["param"] == "best_of"
    assert text_worker.error(ROUTE, prompt="a", best_of=3, stream=True)["param"] == "best_of"


def test_a_suffix_is_filled_by_the_models_own_tokens(text_worker: Worker) -> None:
    answer = text_worker.ok(ROUTE, prompt="ab", suffix="cd", max_tokens=3, ignore_eos=True)
    assert answer["usage"]["prompt_tokens"] == 2 + 2 + 3
    assert text_worker.ok(ROUTE, prompt="ab", suffix="", max_tokens=1)["usage"]["prompt_tokens"] == 2


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"prompt": [1, "a"]}, "prompt"),
        ({"prompt": [[1], [2.5]]}, "prompt[1][0]"),
        ({"prompt": [100000]}, "prompt"),
        ({"prompt": [[1], [-1]]}, "prompt[1]"),
        ({"prompt": {}}, "prompt"),
        ({"n": 1000}, "n"),
        ({"best_of": 21}, "best_of"),
        ({"logprobs": 21}, "logprobs"),
        ({"logprobs": True}, "logprobs"),
        ({"max_tokens": CONTEXT}, "prompt"),
        ({"max_tokens": 10**12}, "max_tokens"),
        ({"echo": True, "suffix": "x"}, "echo"),
    ],
)
def test_wrong_completion_fields_are_refused_by_name(
    text_worker: Worker, change: dict[str, object], param: str
) -> None:
    error = text_worker.error(ROUTE, **{"prompt": "ab", **change})
    assert error["param"] == param


def test_a_prompt_that_is_too_long_is_refused_in_openais_words(text_worker: Worker) -> None:
    error = text_worker.error(ROUTE, prompt=list(range(10)) * 300)
    assert error["code"] == "context_length_exceeded"
    assert error["message"] == (
        f"This model's maximum context length is {CONTEXT} tokens, however you requested 3016 tokens (3000 in your "
        "prompt; 16 for the completion). Please reduce your prompt; or completion length."
    )


def test_control_tokens_in_a_raw_prompt_are_control_tokens(text_worker: Worker) -> None:
    assert text_worker.ok(ROUTE, prompt="<|im_start|>a", max_tokens=1)["usage"]["prompt_tokens"] == 2


def test_a_batch_of_log_likelihoods_as_lm_eval_asks_for_it(text_worker: Worker) -> None:
    """lm-eval 0.4's `local-completions`: token prompts, echo, one token too many, scores cut out by position."""
    prompts = [_ids("The sky is blue"), _ids("Two and two is four, is it not?")]
    request = {"prompt": prompts, "max_tokens": 1, "temperature": 0, "logprobs": 1, "echo": True, "seed": 1234}
    answer = text_worker.ok(ROUTE, model="tiny", **request)
    for choice, prompt in zip(answer["choices"], prompts, strict=True):
        scores = choice["logprobs"]["token_logprobs"]
        assert len(scores) == len(prompt) + 1
        context = 4
        assert all(score < 0 for score in scores[context:-1])
        for token, top in zip(
            choice["logprobs"]["tokens"][context:-1], choice["logprobs"]["top_logprobs"][context:-1], strict=True
        ):
            assert token in top
            assert max(top.values()) >= top[token]
