"""The llama.cpp worker: our surface in front of a GGUF file, over real HTTP."""

import concurrent.futures
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from engines.tiny_model import byte_tokenizer, write_tiny_gguf
from engines.worker_process import TOKEN, Worker, run_worker

MODULE = "pleiade.engines.text_llamacpp"
HI = [{"role": "user", "content": "hi"}]
CONTEXT = 256


@pytest.fixture(scope="module")
def gguf_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_gguf(tmp_path_factory.mktemp("gguf") / "tiny.gguf")


@pytest.fixture(scope="module")
def llama(gguf_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    arguments = ["--model", str(gguf_file), "--model-id", "tiny", "--threads", "1", "--slots", "2"]
    arguments += ["--context", str(CONTEXT), "--queue-limit", "4"]
    with run_worker(MODULE, arguments, tmp_path_factory.mktemp("llama") / "log") as worker:
        yield worker


def test_a_chat_has_the_keys_of_the_specification(llama: Worker) -> None:
    answer = llama.ok("/chat/completions", messages=[{"role": "developer", "content": "Be brief."}, *HI], max_tokens=3)
    [choice] = answer["choices"]
    assert set(choice) == {"index", "message", "logprobs", "finish_reason"}
    assert choice["finish_reason"] == "length"
    assert answer["model"] == "tiny"
    assert answer["usage"]["completion_tokens"] == 3
    assert answer["usage"]["prompt_tokens"] > 10


def test_a_stream_counts_as_it_goes_and_ends_with_done(llama: Worker) -> None:
    options = {"include_usage": True, "continuous_usage_stats": True}
    events = llama.stream("/chat/completions", messages=HI, n=2, max_tokens=6, stream_options=options)
    assert all(list(event)[-1] == "usage" for event in events)
    assert all(event["usage"]["prompt_tokens"] > 0 for event in events)
    counts = [event["usage"]["completion_tokens"] for event in events]
    assert counts == sorted(counts)
    assert events[-1]["choices"] == []
    finished = [e["choices"][0]["index"] for e in events[:-1] if e["choices"][0]["finish_reason"]]
    assert sorted(finished) == [0, 1]
    assert not any("timings" in event for event in events)


def test_usage_is_only_sent_when_asked_for(llama: Worker) -> None:
    events = llama.stream("/completions", prompt="ab", max_tokens=4)
    assert not any("usage" in event for event in events)
    assert events[-1]["choices"][0]["finish_reason"] in ("stop", "length")


def test_prompts_choices_and_echo_are_counted_and_ordered(llama: Worker) -> None:
    answer = llama.ok("/completions", prompt=["ab", "cde"], n=2, max_tokens=3, echo=True, ignore_eos=True)
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2, 3]
    assert [choice["text"][:2] for choice in answer["choices"]] == ["ab", "ab", "cd", "cd"]
    assert (answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]) == (5, 12)
    ids = llama.ok("/completions", prompt=[66, 67], max_tokens=1, echo=True)
    assert ids["usage"]["prompt_tokens"] == 2


def test_legacy_logprobs_have_their_four_lists(llama: Worker) -> None:
    answer = llama.ok("/completions", prompt="ab", max_tokens=4, logprobs=2, temperature=0)
    found = answer["choices"][0]["logprobs"]
    assert set(found) == {"tokens", "token_logprobs", "top_logprobs", "text_offset"}
    assert len({len(values) for values in found.values()}) == 1


def test_best_of_keeps_the_likeliest(llama: Worker) -> None:
    answer = llama.ok("/completions", prompt="ab", best_of=3, n=1, max_tokens=4, ignore_eos=True)
    assert len(answer["choices"]) == 1
    assert answer["usage"]["completion_tokens"] == 12


def test_a_suffix_is_filled_by_the_models_own_tokens(llama: Worker) -> None:
    request = {"temperature": 0, "max_tokens": 6, "ignore_eos": True, "logprobs": 1}
    answer = llama.ok("/completions", prompt="ab", suffix="cd", **request)
    assert answer["usage"]["prompt_tokens"] == 7
    tokenizer = byte_tokenizer()
    marks = [tokenizer.token_to_id(f"<|fim_{name}|>") for name in ("prefix", "suffix", "middle")]
    a, b, c, d = tokenizer.encode("abcd").ids
    by_hand = [marks[0], a, b, marks[1], c, d, marks[2]]
    bias = dict.fromkeys(map(str, marks), -100)
    expected = llama.ok("/completions", prompt=by_hand, logit_bias=bias, **request)
    assert answer["choices"][0] == expected["choices"][0]
    assert llama.ok("/completions", prompt=[a, b], suffix="cd", **request)["choices"] == answer["choices"]
    events = llama.stream("/completions", prompt="ab", suffix="cd", n=2, **request)
    for index in (0, 1):
        texts = [e["choices"][0]["text"] for e in events if e["choices"][0]["index"] == index]
        assert "".join(texts) == answer["choices"][0]["text"]
    assert "fim" not in json.dumps([answer, events])


def test_marks_that_a_text_spells_are_text_and_a_hole_may_begin_it(llama: Worker) -> None:
    spelled = llama.ok("/completions", prompt="<|fim_middle|>", suffix="<|im_end|>", max_tokens=1)
    assert spelled["usage"]["prompt_tokens"] == 3 + len("<|fim_middle|>") + len("<|im_end|>")
    assert llama.ok("/completions", prompt="", suffix="ab", max_tokens=1)["usage"]["prompt_tokens"] == 5


def test_a_file_that_is_too_long_to_fill_in_is_refused_and_not_cut(llama: Worker) -> None:
    error = llama.error("/completions", prompt="x" * CONTEXT, suffix="y" * 10, max_tokens=1)
    assert error["code"] == "context_length_exceeded"


def test_a_model_without_marks_takes_no_suffix(tmp_path: Path) -> None:
    arguments = ["--model", str(write_tiny_gguf(tmp_path / "plain.gguf", fim=False)), "--model-id", "plain"]
    with run_worker(MODULE, [*arguments, "--threads", "1", "--slots", "1"], tmp_path / "log") as plain:
        error = plain.error("/completions", prompt="ab", suffix="cd")
        assert (error["param"], error["code"]) == ("suffix", "unsupported_parameter")


def test_json_schemas_are_kept(llama: Worker) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "integer", "maximum": 9, "minimum": 0}},
        "required": ["a"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    answer = llama.ok("/chat/completions", messages=HI, max_tokens=150, response_format=form, temperature=0)
    [choice] = answer["choices"]
    if choice["finish_reason"] == "stop":
        assert set(json.loads(choice["message"]["content"])) == {"a"}
    else:
        assert choice["message"]["content"].lstrip().startswith("{")


@pytest.mark.parametrize(
    ("route", "body", "param", "code"),
    [
        ("/chat/completions", {"messages": []}, "messages", "empty_array"),
        ("/chat/completions", {"messages": HI, "max_tokens": 10**9}, "max_tokens", "invalid_value"),
        ("/chat/completions", {"messages": HI, "n": 0}, "n", "integer_below_min_value"),
        ("/chat/completions", {"messages": HI, "temperature": "hot"}, "temperature", "invalid_type"),
        (
            "/chat/completions",
            {"messages": [{"role": "user", "content": "x" * 1000}]},
            "messages",
            "context_length_exceeded",
        ),
        ("/completions", {"prompt": "x" * 1000}, "prompt", "context_length_exceeded"),
        ("/completions", {"prompt": "ab", "echo": True, "logprobs": 1}, "echo", "invalid_value"),
        ("/completions", {"prompt": "ab", "stop": ["a"] * 5}, "stop", "array_above_max_length"),
    ],
)
def test_wrong_requests_get_openais_error_body(
    llama: Worker, route: str, body: dict[str, object], param: str, code: str
) -> None:
    error = llama.error(route, **body)
    assert (error["param"], error["code"]) == (param, code)


def test_nothing_asked_is_nothing_given(llama: Worker) -> None:
    answer = llama.ok("/chat/completions", messages=HI, max_tokens=0)
    assert answer["choices"][0]["message"]["content"] == ""
    assert answer["usage"]["completion_tokens"] == 0


def test_a_stranger_gets_nothing_and_a_full_queue_is_429(llama: Worker) -> None:
    assert httpx.get(llama.url + "/v1/models", trust_env=False).status_code == 401
    headers = {"authorization": f"Bearer {TOKEN}"}
    request = {"prompt": "ab", "max_tokens": 50, "ignore_eos": True, "n": 10}
    with (
        httpx.Client(base_url=llama.url, headers=headers, timeout=60, trust_env=False) as client,
        concurrent.futures.ThreadPoolExecutor(12) as pool,
    ):
        answers = list(pool.map(lambda _: client.post("/v1/completions", json=request), range(12)))
    codes = [answer.status_code for answer in answers]
    assert set(codes) <= {200, 429}, [answer.text for answer in answers if answer.status_code not in (200, 429)]
    assert codes.count(200) >= 6
    assert all(int(a.headers["retry-after"]) >= 1 for a in answers if a.status_code == 429)


def test_a_truncated_file_ends_the_start_with_its_remedy(gguf_file: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(gguf_file.read_bytes()[:300_000])
    argv = [sys.executable, "-m", MODULE, "--model", str(broken), "--model-id", "x", "--port", "0"]
    began = time.monotonic()
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 3, time.monotonic() - began
    assert "corrupted or incomplete" in ended.stderr
    assert "copied or downloaded again" in ended.stderr
