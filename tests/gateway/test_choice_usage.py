"""Usage that an engine tells choice by choice is summed over the whole answer."""

import json
from typing import Any

from pleiade.domain import Usage
from pleiade.gateway.choice_usage import ChoiceUsage
from pleiade.gateway.streaming import EventFilter


def told(index: int, prompt: int, completion: int, **more: Any) -> bytes:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, **more}
    choice = {"index": index, "delta": {"content": "x"}, "finish_reason": None}
    return json.dumps({"choices": [choice], "usage": usage}, separators=(",", ":")).encode()


def test_nothing_told_is_no_usage() -> None:
    usage = ChoiceUsage()
    usage.add(b'{"choices":[{"index":0}]}')
    usage.add(b'{"choices":"nonsense"}')
    usage.add(b"[]")
    assert usage.usage is None


def test_two_answers_to_one_prompt_count_the_prompt_once() -> None:
    usage = ChoiceUsage(2)
    for index, completion in ((0, 0), (1, 0), (0, 1), (0, 2), (1, 1)):
        usage.add(told(index, 5, completion))
    assert usage.usage == Usage(prompt_tokens=5, completion_tokens=3)


def test_several_prompts_count_each() -> None:
    usage = ChoiceUsage(2)  # choices 0 and 1 answer the first prompt, 2 and 3 the second
    for index, prompt in enumerate((5, 5, 7, 7)):
        usage.add(told(index, prompt, index + 1, prompt_tokens_details={"cached_tokens": 4}))
    assert usage.usage == Usage(prompt_tokens=12, completion_tokens=10, cached_tokens=8)


def test_the_last_chunk_knows_best() -> None:
    usage = ChoiceUsage()
    usage.add(told(0, 5, 3))
    usage.add(b'{"choices":[],"usage":{"prompt_tokens":6,"completion_tokens":9}}')
    assert usage.usage == Usage(prompt_tokens=6, completion_tokens=9)


def test_a_filter_that_sums_passes_the_same_bytes_as_one_that_does_not() -> None:
    stream = b"".join(b"data: " + told(index, 5, count) + b"\n\n" for count in range(1, 4) for index in (0, 1))
    summing, plain = EventFilter(usage_wanted=True, choices=ChoiceUsage(2)), EventFilter(usage_wanted=True)
    assert summing.feed(stream) == plain.feed(stream) != b""
    assert summing.usage == Usage(prompt_tokens=5, completion_tokens=6)
