"""`POST /v1/chat/completions` of the text worker, over real HTTP on a real (random) model."""

import json
import math

import pytest

from engines.tiny_model import CONTEXT
from engines.worker_process import Worker

HI = [{"role": "user", "content": "hi"}]
ROUTE = "/chat/completions"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 4}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}
TIME = {
    "type": "function",
    "function": {
        "name": "get_time",
        "parameters": {
            "type": "object",
            "properties": {"hour": {"$ref": "#/$defs/Hour"}},
            "required": ["hour"],
            "additionalProperties": False,
            "$defs": {"Hour": {"type": "integer", "minimum": 0, "maximum": 23}},
        },
    },
}


def test_a_whole_answer_has_every_key_of_the_specification(text_worker: Worker) -> None:
    answer = text_worker.ok(ROUTE, model="some-alias", messages=HI, max_tokens=5, seed=1)
    assert answer["id"].startswith("chatcmpl-")
    assert (answer["object"], answer["model"]) == ("chat.completion", "tiny")
    assert answer["system_fingerprint"].startswith("fp_")
    [choice] = answer["choices"]
    assert set(choice) == {"index", "message", "logprobs", "finish_reason"}
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["refusal"] is None
    assert choice["logprobs"] is None
    usage = answer["usage"]
    assert usage["completion_tokens"] == 5
    assert usage["total_tokens"] == usage["prompt_tokens"] + 5
    assert "cached_tokens" in usage["prompt_tokens_details"]


def test_a_stream_says_what_the_whole_answer_says(text_worker: Worker) -> None:
    request = {"messages": HI, "max_tokens": 40, "temperature": 0}
    whole = text_worker.ok(ROUTE, **request)["choices"][0]
    events = text_worker.stream(ROUTE, **request)
    assert events[0]["choices"][0]["delta"]["role"] == "assistant"
    text = "".join(e["choices"][0]["delta"].get("content") or "" for e in events)
    assert text == whole["message"]["content"]
    assert [e["choices"][0]["finish_reason"] for e in events][-1] == whole["finish_reason"]
    assert all(e["choices"][0]["finish_reason"] is None for e in events[:-1])
    assert all("usage" not in e for e in events)


def test_usage_comes_last_with_no_choices_when_asked_for(text_worker: Worker) -> None:
    events = text_worker.stream(ROUTE, messages=HI, max_tokens=4, seed=1, stream_options={"include_usage": True})
    assert events[-1]["choices"] == []
    assert events[-1]["usage"]["completion_tokens"] == 4
    assert all(e["usage"] is None for e in events[:-1])


def test_every_chunk_carries_cumulative_usage_as_its_last_key(text_worker: Worker) -> None:
    options = {"include_usage": True, "continuous_usage_stats": True}
    events = text_worker.stream(ROUTE, messages=HI, max_tokens=9, seed=1, ignore_eos=True, stream_options=options)
    assert all(list(e)[-1] == "usage" for e in events)
    counts = [e["usage"]["completion_tokens"] for e in events]
    assert counts == sorted(counts)
    assert counts[-1] == 9
    assert len({e["usage"]["prompt_tokens"] for e in events}) == 1


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(text_worker: Worker) -> None:
    def answer(seed: int) -> str:
        body = text_worker.ok(ROUTE, messages=HI, max_tokens=20, seed=seed)
        text: str = body["choices"][0]["message"]["content"]
        return text

    assert answer(-9007199254740991) == answer(-9007199254740991)
    assert len({answer(seed) for seed in range(4)}) > 1


def test_n_answers_are_numbered_and_counted_together(text_worker: Worker) -> None:
    answer = text_worker.ok(ROUTE, messages=HI, n=3, max_tokens=6, seed=2, ignore_eos=True)
    assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
    assert answer["usage"]["completion_tokens"] == 18
    events = text_worker.stream(ROUTE, messages=HI, n=3, max_tokens=6, seed=2, ignore_eos=True)
    finished = [e["choices"][0]["index"] for e in events if e["choices"][0]["finish_reason"]]
    assert sorted(finished) == [0, 1, 2]


def test_logprobs_are_natural_logarithms_with_bytes(text_worker: Worker) -> None:
    answer = text_worker.ok(ROUTE, messages=HI, max_tokens=3, temperature=0, logprobs=True, top_logprobs=4)
    entries = answer["choices"][0]["logprobs"]["content"]
    assert len(entries) == 3
    for entry in entries:
        assert set(entry) == {"token", "logprob", "bytes", "top_logprobs"}
        assert len(entry["top_logprobs"]) == 4
        best = entry["top_logprobs"][0]
        assert best["logprob"] == pytest.approx(entry["logprob"], abs=1e-5)  # greedy takes the likeliest
        assert sum(math.exp(top["logprob"]) for top in entry["top_logprobs"]) <= 1.0 + 1e-6
    streamed = text_worker.stream(ROUTE, messages=HI, max_tokens=3, temperature=0, logprobs=True, top_logprobs=4)
    found = [e["choices"][0]["logprobs"] for e in streamed]
    assert [x["token"] for part in found if part for x in part["content"]] == [x["token"] for x in entries]


def test_logit_bias_forces_and_forbids_tokens(text_worker: Worker) -> None:
    forced = text_worker.ok(ROUTE, messages=HI, max_tokens=4, logprobs=True, logit_bias={"40": 100}, temperature=0)
    tokens = [entry["token"] for entry in forced["choices"][0]["logprobs"]["content"]]
    assert len(set(tokens)) == 1
    free = text_worker.ok(ROUTE, messages=HI, max_tokens=1, temperature=0, logprobs=True)
    banned = free["choices"][0]["logprobs"]["content"][0]["bytes"]
    number = _token_number(bytes(banned))
    other = text_worker.ok(
        ROUTE, messages=HI, max_tokens=1, temperature=0, logprobs=True, logit_bias={str(number): -100}
    )
    assert other["choices"][0]["logprobs"]["content"][0]["bytes"] != banned


def _token_number(piece: bytes) -> int:
    """Id of a one-byte token of the tiny model."""
    from engines.tiny_model import byte_tokenizer
    from pleiade.engines.text_openvino.answers.tokenizer import TextTokenizer

    tokenizer = TextTokenizer(byte_tokenizer().to_str(), configuration={}, source="test")
    return tokenizer.token_bytes.index(piece)


def test_a_stop_string_ends_the_text_before_itself(text_worker: Worker) -> None:
    request = {"messages": HI, "max_tokens": 60, "temperature": 0, "ignore_eos": True}
    full = text_worker.ok(ROUTE, **request)["choices"][0]["message"]["content"]
    stop = full[5:8]
    cut = text_worker.ok(ROUTE, **request, stop=["never seen in any text", stop])
    assert cut["choices"][0]["message"]["content"] == full[: full.index(stop)]
    assert cut["choices"][0]["finish_reason"] == "stop"
    assert cut["usage"]["completion_tokens"] < 60
    events = text_worker.stream(ROUTE, **request, stop=stop)
    text = "".join(e["choices"][0]["delta"].get("content") or "" for e in events)
    assert text == full[: full.index(stop)]


def test_json_schema_answers_are_valid(text_worker: Worker) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string", "maxLength": 5}, "age": {"type": "integer", "maximum": 99}},
        "required": ["name", "age"],
        "additionalProperties": False,
    }
    form = {"type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": schema}}
    for seed in range(3):
        answer = text_worker.ok(ROUTE, messages=HI, max_tokens=200, seed=seed, response_format=form)
        [choice] = answer["choices"]
        assert choice["finish_reason"] == "stop"
        value = json.loads(choice["message"]["content"])
        assert set(value) == {"name", "age"}
        assert isinstance(value["age"], int)
    streamed = text_worker.stream(ROUTE, messages=HI, max_tokens=200, seed=3, n=2, response_format=form)
    for index in (0, 1):
        parts = [e["choices"][0] for e in streamed if e["choices"][0]["index"] == index]
        assert set(json.loads("".join(p["delta"].get("content") or "" for p in parts))) == {"name", "age"}


def test_json_object_is_an_object(text_worker: Worker) -> None:
    answer = text_worker.ok(
        ROUTE, messages=HI, max_tokens=300, seed=5, response_format={"type": "json_object"}, temperature=0.5
    )
    text = answer["choices"][0]["message"]["content"]
    assert text.startswith("{")
    if answer["choices"][0]["finish_reason"] == "stop":
        assert isinstance(json.loads(text), dict)


def test_an_impossible_schema_is_refused_by_name(text_worker: Worker) -> None:
    form = {
        "type": "json_schema",
        "json_schema": {"name": "x", "strict": True, "schema": {"type": "nonsense"}},
    }
    error = text_worker.error(ROUTE, messages=HI, response_format=form)
    assert error["param"] == "response_format.json_schema.schema"
    assert text_worker.error(ROUTE, messages=HI, response_format={"type": "xml"})["param"] == ("response_format.type")


def test_required_tools_are_called_with_valid_arguments(text_worker: Worker) -> None:
    request = {"messages": HI, "tools": [WEATHER, TIME], "tool_choice": "required", "max_tokens": 300}
    answer = text_worker.ok(ROUTE, **request, seed=1, parallel_tool_calls=False)
    [choice] = answer["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["message"]["content"] is None
    [call] = choice["message"]["tool_calls"]
    assert call["type"] == "function"
    assert call["id"].startswith("call_")
    arguments = json.loads(call["function"]["arguments"])
    assert set(arguments) == ({"city"} if call["function"]["name"] == "get_weather" else {"hour"})


def test_a_named_function_is_the_one_called_and_finish_reason_stays_stop(text_worker: Worker) -> None:
    choice = {"type": "function", "function": {"name": "get_time"}}
    answer = text_worker.ok(ROUTE, messages=HI, tools=[WEATHER, TIME], tool_choice=choice, max_tokens=200)
    assert answer["choices"][0]["finish_reason"] == "stop"
    [call] = answer["choices"][0]["message"]["tool_calls"]
    assert call["function"]["name"] == "get_time"
    assert 0 <= json.loads(call["function"]["arguments"])["hour"] <= 23


def test_tool_calls_stream_as_deltas(text_worker: Worker) -> None:
    events = text_worker.stream(
        ROUTE,
        messages=HI,
        tools=[TIME],
        tool_choice="required",
        parallel_tool_calls=False,
        max_tokens=200,
        seed=4,
    )
    deltas = [d for e in events for d in e["choices"][0]["delta"].get("tool_calls", [])]
    assert deltas[0]["function"] == {"name": "get_time", "arguments": ""}
    assert deltas[0]["id"].startswith("call_")
    assert all("id" not in d for d in deltas[1:])
    assert set(json.loads("".join(d["function"]["arguments"] for d in deltas))) == {"hour"}
    assert events[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_allowed_tools_and_the_functions_of_2023(text_worker: Worker) -> None:
    allowed = {
        "type": "allowed_tools",
        "allowed_tools": {
            "mode": "required",
            "tools": [{"type": "function", "function": {"name": "get_time"}}],
        },
    }
    answer = text_worker.ok(
        ROUTE,
        messages=HI,
        tools=[WEATHER, TIME],
        tool_choice=allowed,
        max_tokens=200,
        parallel_tool_calls=False,
    )
    assert answer["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "get_time"
    legacy = text_worker.ok(
        ROUTE,
        messages=HI,
        functions=[TIME["function"]],
        function_call={"name": "get_time"},
        max_tokens=200,
    )
    assert legacy["choices"][0]["message"]["function_call"]["name"] == "get_time"
    assert "tool_calls" not in legacy["choices"][0]["message"]


def test_tool_results_go_back_into_the_conversation(text_worker: Worker) -> None:
    messages = [
        {"role": "developer", "content": [{"type": "text", "text": "Be brief."}], "name": "boss"},
        *HI,
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "get_time", "arguments": "{}"}}],
        },
        {"role": "tool", "tool_call_id": "call_1", "content": "noon"},
    ]
    assert text_worker.ok(ROUTE, messages=messages, tools=[TIME], max_tokens=2)["choices"]


@pytest.mark.parametrize(
    ("change", "param", "code"),
    [
        ({"messages": []}, "messages", "empty_array"),
        ({"messages": None}, "messages", "invalid_type"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "user", "content": 5}]}, "messages[0].content", "invalid_type"),
        ({"max_tokens": "5"}, "max_tokens", "invalid_type"),
        ({"max_tokens": -1}, "max_tokens", "integer_below_min_value"),
        ({"max_tokens": 10**9}, "max_tokens", "invalid_value"),
        ({"max_completion_tokens": 10**9}, "max_completion_tokens", "invalid_value"),
        ({"n": 0}, "n", "integer_below_min_value"),
        ({"n": 129}, "n", "integer_above_max_value"),
        ({"n": 1.5}, "n", "invalid_type"),
        ({"temperature": 2.5}, "temperature", "decimal_above_max_value"),
        ({"top_p": -0.1}, "top_p", "decimal_below_min_value"),
        ({"presence_penalty": 3}, "presence_penalty", "decimal_above_max_value"),
        ({"stop": ["a", "b", "c", "d", "e"]}, "stop", "array_above_max_length"),
        ({"stop": [5]}, "stop[0]", "invalid_type"),
        ({"stop": ""}, "stop", "invalid_value"),
        ({"logit_bias": {"99999": 1}}, "logit_bias", "invalid_value"),
        ({"logit_bias": {"foo": 1}}, "logit_bias", "invalid_value"),
        ({"logit_bias": {"5": 101}}, "logit_bias.5", "decimal_above_max_value"),
        ({"top_logprobs": 3}, "top_logprobs", "invalid_value"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs", "integer_above_max_value"),
        ({"tool_choice": "required"}, "tool_choice", "invalid_value"),
        ({"tools": [WEATHER], "tool_choice": "perhaps"}, "tool_choice", "invalid_value"),
        ({"tools": [{"type": "custom"}]}, "tools[0]", "invalid_value"),
        ({"modalities": ["audio"]}, "modalities", "invalid_value"),
        ({"stream": "yes"}, "stream", "invalid_type"),
    ],
)
def test_wrong_fields_are_refused_by_name(
    text_worker: Worker, change: dict[str, object], param: str, code: str
) -> None:
    error = text_worker.error(ROUTE, **{"messages": HI, "max_tokens": 2, **change})
    assert (error["param"], error["code"], error["type"]) == (param, code, "invalid_request_error")


def test_missing_messages_are_named(text_worker: Worker) -> None:
    error = text_worker.error(ROUTE, model="tiny")
    assert (error["param"], error["code"]) == ("messages", "missing_required_parameter")


def test_images_to_a_text_model_are_refused_in_clear_words(text_worker: Worker) -> None:
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}
    error = text_worker.error(ROUTE, messages=[{"role": "user", "content": [part]}])
    assert error["param"] == "messages[0].content[0]"
    assert "text only, not images" in error["message"]


def test_a_conversation_that_is_too_long_is_refused_before_any_compute(text_worker: Worker) -> None:
    before = _steps(text_worker)
    error = text_worker.error(ROUTE, messages=[{"role": "user", "content": "x" * 2 * CONTEXT}])
    assert error["code"] == "context_length_exceeded"
    assert f"maximum context length is {CONTEXT} tokens" in error["message"]
    error = text_worker.error(ROUTE, messages=[{"role": "user", "content": "x" * 400}], max_tokens=CONTEXT)
    assert error["code"] == "context_length_exceeded"
    assert f"{CONTEXT} in the completion" in error["message"]
    assert _steps(text_worker) == before


def _steps(worker: Worker) -> float:
    lines = worker.client.get("/metrics").text.splitlines()
    return next(float(line.split()[-1]) for line in lines if line.startswith("pleiade_engine_steps_total{"))


def test_the_answer_to_nothing_but_a_score_is_empty(text_worker: Worker) -> None:
    answer = text_worker.ok(ROUTE, messages=HI, max_tokens=0)
    assert answer["choices"][0]["message"]["content"] == ""
    assert answer["choices"][0]["finish_reason"] == "length"


def test_unknown_fields_are_ignored(text_worker: Worker) -> None:
    extra = {"store": True, "metadata": {"a": "b"}, "service_tier": "auto", "prediction": {"type": "content"}}
    harmless = {"logit_bias": {"foo": 0}, "best_of": "nobody asks", "audio": {"voice": "x"}}
    assert text_worker.ok(ROUTE, messages=HI, max_tokens=1, **extra, **harmless)["choices"]
