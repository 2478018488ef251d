"""Estimates from bytes: right where the caller says what it wants, near where only its text does."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.quota import Estimate, estimate
from pleiade.quota.estimate import COMPLETIONS_DEFAULT, GUESS, IMAGE_TOKENS, MOST

CHAT, COMPLETIONS = "/chat/completions", "/completions"


def of(path: str, context_length: int = 0, **fields: object) -> Estimate:
    body = msgspec.json.decode(json.dumps(fields, ensure_ascii=False).encode(), type=dict[str, msgspec.Raw])
    return estimate(body, path, context_length)


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


def test_the_prompt_counts_by_its_characters() -> None:
    short, long = of(CHAT, messages=said("Hi")), of(CHAT, messages=said("word " * 800))
    assert 5 <= short.prompt <= 15
    assert 950 <= long.prompt <= 1050


def test_tools_count_as_prompt_and_what_is_no_prompt_does_not() -> None:
    bare = of(CHAT, messages=said("Hi"))
    assert of(CHAT, messages=said("Hi"), tools=[{"type": "function"}] * 40).prompt > bare.prompt + 200
    assert of(CHAT, messages=said("Hi"), metadata={"note": "x" * 4000}).prompt == bare.prompt


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_the_answer_counts_as_what_the_caller_allows_times_the_answers(name: str) -> None:
    found = of(CHAT, messages=said("Hi"), n=3, **{name: 100})
    assert (found.completion, found.most) == (300, 300)


def test_best_of_counts_even_where_one_answer_comes_back() -> None:
    assert of(COMPLETIONS, prompt="a", max_tokens=10, n=2, best_of=5).completion == 50
    assert of(COMPLETIONS, prompt="a").completion == COMPLETIONS_DEFAULT


def test_several_prompts_have_several_answers() -> None:
    assert of(COMPLETIONS, prompt=["a", "b", "c"], max_tokens=10).completion == 30
    assert of(COMPLETIONS, prompt=[[1, 2], [3]], max_tokens=10).completion == 20
    assert of(COMPLETIONS, prompt=[1, 2, 3], max_tokens=10).completion == 10


def test_token_ids_count_one_each() -> None:
    assert of(COMPLETIONS, prompt=list(range(100, 600))).prompt == 500
    assert of("/embeddings", input=[[1, 2, 3], [4, 5]]) == Estimate(5)


def test_without_a_limit_an_answer_is_guessed_and_the_most_is_the_context() -> None:
    found = of(CHAT, 4096, messages=said("Hi"))
    assert (found.completion, found.most) == (GUESS, 4096 - found.prompt)
    assert of(CHAT, messages=said("Hi")).most == GUESS


def test_no_request_counts_more_than_the_context_can_hold() -> None:
    found = of(CHAT, 4096, messages=said("x" * 100_000), max_tokens=2_000_000_000)
    assert (found.prompt, found.completion) == (4096, 0)
    assert of(CHAT, 4096, messages=said("Hi"), max_tokens=2_000_000_000).tokens == 4096
    assert of(CHAT, messages=said("Hi"), max_tokens=10**30, n=10**30).completion <= MOST


def test_a_picture_in_the_body_counts_as_a_picture_not_as_text() -> None:
    url = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "A" * 400_000}}
    found = of(CHAT, messages=[{"role": "user", "content": [{"type": "text", "text": "What?"}, url, url]}])
    assert 2 * IMAGE_TOKENS < found.prompt < 2 * IMAGE_TOKENS + 80


def test_pictures_asked_for_are_counted() -> None:
    assert of("/images/generations", prompt="a cat", n=4).images == 4
    assert of("/images/generations", prompt="a cat").images == 1


@pytest.mark.parametrize("wrong", ["many", -5, None, 1.5, [], {}, True])
def test_a_wrong_type_counts_as_absent(wrong: object) -> None:
    assert of(CHAT, messages=said("Hi"), max_tokens=wrong).completion == GUESS
    assert of(CHAT, messages=said("Hi"), max_tokens=7, n=wrong).completion == 7


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["messages", "prompt", "max_tokens", "n", "best_of", "input", "tools"]), JSON),
    st.sampled_from([CHAT, COMPLETIONS, "/embeddings", "/images/generations", "/rewards"]),
    st.sampled_from([0, 1, 4096]),
)
def test_any_body_has_an_estimate_within_bounds(fields: dict[str, object], path: str, context: int) -> None:
    found = of(path, context, **fields)
    assert 0 <= found.prompt <= MOST
    assert 0 <= found.completion <= found.most <= MOST
