"""The official `openai` package against the running server: every promise on each surface, 2.x and 3.x.

This file runs twice: with the package of the environment (3.x), and inside test_older_sdk.py (2.x).
"""

import base64
import json
import math
import os
import struct

import openai
import pytest
from openai import AsyncAzureOpenAI, AsyncOpenAI, AzureOpenAI, OpenAI

from serving import API_VERSION, CHAT, EMBED, Server

Client = OpenAI | AzureOpenAI
AsyncClient = AsyncOpenAI | AsyncAzureOpenAI

HELLO = [{"role": "user", "content": "Hello! Who are you?"}]


def is_azure(client: Client | AsyncClient) -> bool:
    """Whether a client speaks to one of the Azure surfaces."""
    return "/openai" in str(client.base_url)


def test_the_line_of_the_package_is_the_one_announced() -> None:
    expected = os.environ.get("EXPECTED_OPENAI", "3.")
    assert openai.__version__.startswith(expected)


# Chat


def test_a_chat_completion_has_text_a_reason_and_a_count(client: Client) -> None:
    answer = client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=12, temperature=0)
    choice = answer.choices[0]
    assert answer.object == "chat.completion"
    assert answer.id.startswith("chatcmpl-")
    assert choice.message.role == "assistant"
    assert choice.message.content
    assert choice.finish_reason in ("stop", "length")
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > 0
    assert 0 < answer.usage.completion_tokens <= 12
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


def test_an_answer_names_the_model_not_the_deployment(client: Client) -> None:
    answer = client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=1)
    assert answer.model == "pleiade-pico"


def test_no_filter_means_no_annotation(client: Client) -> None:
    answer = client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=4)
    assert "content_filter" not in answer.model_dump_json().replace('"content_filter_results":null', "")


def test_a_stream_begins_with_the_role_and_ends_with_a_reason(client: Client) -> None:
    chunks = list(client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=12, stream=True))
    assert chunks[0].choices[0].delta.role == "assistant"
    assert all(chunk.object == "chat.completion.chunk" for chunk in chunks)
    assert all(chunk.choices for chunk in chunks)  # no empty choices where nobody asked for usage
    assert all(chunk.usage is None for chunk in chunks)
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    reasons = [chunk.choices[0].finish_reason for chunk in chunks]
    assert reasons[-1] in ("stop", "length")
    assert not any(reasons[:-1])
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks)


def test_usage_comes_last_and_only_when_asked_for(client: Client) -> None:
    chunks = list(
        client.chat.completions.create(
            model=CHAT, messages=HELLO, max_tokens=12, stream=True, stream_options={"include_usage": True}
        )
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage is not None
    assert 0 < chunks[-1].usage.completion_tokens <= 12
    assert all(chunk.usage is None for chunk in chunks[:-1])


def test_a_seed_at_temperature_one_gives_the_same_words_twice(client: Client) -> None:
    first, second = (
        client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=16, temperature=1, seed=7)
        for _ in range(2)
    )
    assert first.choices[0].message.content == second.choices[0].message.content


def test_n_gives_that_many_choices(client: Client) -> None:
    answer = client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=4, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]


def test_log_probabilities_are_those_of_the_tokens_that_came(client: Client) -> None:
    answer = client.chat.completions.create(
        model=CHAT, messages=HELLO, max_tokens=5, temperature=0, logprobs=True, top_logprobs=3
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content
    assert "".join(token.token for token in logprobs.content).startswith(answer.choices[0].message.content or "")
    for token in logprobs.content:
        assert token.logprob <= 0
        assert len(token.top_logprobs) == 3
        ranked = [top.logprob for top in token.top_logprobs]
        assert ranked == sorted(ranked, reverse=True)
        assert token.token == token.top_logprobs[0].token  # greedy


def test_a_stop_string_ends_the_answer_and_is_not_in_it(client: Client) -> None:
    asked = {"model": CHAT, "messages": HELLO, "max_tokens": 24, "temperature": 0, "extra_body": {"ignore_eos": True}}
    whole = client.chat.completions.create(**asked).choices[0].message.content or ""
    stop = whole[len(whole) // 2 :][:3]  # somewhere in the middle, across tokens as it happens
    cut = client.chat.completions.create(**asked, stop=[stop])
    assert cut.choices[0].finish_reason == "stop"
    assert cut.choices[0].message.content == whole[: whole.index(stop)]


def test_a_schema_is_kept_to(client: Client) -> None:
    schema = {
        "type": "object",
        "properties": {"colour": {"enum": ["red", "green"]}, "known": {"type": "boolean"}},
        "required": ["colour", "known"],
        "additionalProperties": False,
    }
    answer = client.chat.completions.create(
        model=CHAT,
        messages=HELLO,
        max_tokens=64,
        response_format={
            "type": "json_schema",
            "json_schema": {"name": "paint", "schema": schema, "strict": True},
        },
    )
    assert answer.choices[0].finish_reason == "stop"
    content = json.loads(answer.choices[0].message.content or "")
    assert set(content) == {"colour", "known"}
    assert content["colour"] in ("red", "green")


def test_a_required_tool_is_called_with_arguments_of_its_schema(client: Client) -> None:
    function = {
        "name": "set_lamp",
        "parameters": {
            "type": "object",
            "properties": {"on": {"type": "boolean"}},
            "required": ["on"],
            "additionalProperties": False,
        },
        "strict": True,
    }
    answer = client.chat.completions.create(
        model=CHAT,
        messages=[{"role": "user", "content": "Switch the lamp on."}],
        tools=[{"type": "function", "function": function}],
        tool_choice="required",
        parallel_tool_calls=False,
        max_tokens=128,
    )
    assert answer.choices[0].finish_reason == "tool_calls"
    calls = answer.choices[0].message.tool_calls
    assert calls
    assert calls[0].id
    assert calls[0].function.name == "set_lamp"
    assert isinstance(json.loads(calls[0].function.arguments)["on"], bool)


def test_unknown_fields_are_passed_on_never_refused(client: Client) -> None:
    answer = client.chat.completions.create(
        model=CHAT, messages=HELLO, max_tokens=2, extra_body={"a_field_of_next_year": {"x": 1}}
    )
    assert answer.choices


def test_each_answer_carries_the_ids_of_both_families(client: Client) -> None:
    raw = client.chat.completions.with_raw_response.create(model=CHAT, messages=HELLO, max_tokens=1)
    assert raw.headers["x-request-id"]
    assert raw.headers["apim-request-id"]
    assert raw.headers["x-content-type-options"] == "nosniff"
    assert int(raw.headers["openai-processing-ms"]) >= 0
    assert raw.parse()._request_id == raw.headers["x-request-id"]


async def test_asynchronous_clients_chat_and_stream(async_client: AsyncClient) -> None:
    answer = await async_client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=4)
    assert answer.choices[0].message.content
    stream = await async_client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=4, stream=True)
    chunks = [chunk async for chunk in stream]
    assert chunks[-1].choices[0].finish_reason
    await async_client.close()


# Completions


def test_a_completion_continues_the_prompt(client: Client) -> None:
    answer = client.completions.create(model=CHAT, prompt="Once upon a time", max_tokens=8)
    assert answer.object == "text_completion"
    assert answer.choices[0].text
    assert answer.choices[0].logprobs is None


def test_a_streamed_completion_ends_with_a_reason(client: Client) -> None:
    chunks = list(client.completions.create(model=CHAT, prompt="Once upon a time", max_tokens=8, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks)
    assert chunks[-1].choices[0].finish_reason in ("stop", "length")


def test_an_echo_gives_the_prompt_its_log_probabilities(client: Client) -> None:
    prompt = "Once upon a time"
    answer = client.completions.create(model=CHAT, prompt=prompt, max_tokens=2, echo=True, logprobs=2, temperature=0)
    choice = answer.choices[0]
    assert choice.text.startswith(prompt)
    assert choice.logprobs is not None
    assert choice.logprobs.token_logprobs is not None
    assert choice.logprobs.token_logprobs[0] is None
    assert all(value is not None and value <= 0 for value in choice.logprobs.token_logprobs[1:])
    assert "".join(choice.logprobs.tokens or []) == choice.text
    assert (choice.logprobs.text_offset or [None])[0] == 0


def test_prompts_in_a_list_are_answered_in_their_order(client: Client) -> None:
    answer = client.completions.create(model=CHAT, prompt=["One", "Two"], max_tokens=2, n=2, echo=True)
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert [choice.text[:3] for choice in answer.choices] == ["One", "One", "Two", "Two"]


def test_token_ids_are_a_prompt_too(client: Client) -> None:
    answer = client.completions.create(model=CHAT, prompt=[5, 6, 7], max_tokens=2)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == 3


def test_a_hole_before_a_suffix_is_filled_whole_and_streamed(client: Client) -> None:
    asked = {
        "model": CHAT,
        "prompt": "def add(a, b):\n    return ",
        "suffix": "\n\nprint(add(1, 2))\n",
        "max_tokens": 8,
        "logprobs": 1,
        "extra_body": {"repetition_penalty": 1},  # nothing of the prompt may be held against the middle
    }
    answer = client.completions.create(**asked, n=2, temperature=0)
    assert [choice.index for choice in answer.choices] == [0, 1]
    first = answer.choices[0]
    assert first.text == answer.choices[1].text
    assert first.finish_reason in ("stop", "length")
    assert first.logprobs is not None
    assert "".join(first.logprobs.tokens or []) == first.text
    chunks = list(client.completions.create(**asked, temperature=0, stream=True))
    assert "".join(chunk.choices[0].text for chunk in chunks) == first.text
    assert "<|" not in answer.to_json() + "".join(chunk.to_json() for chunk in chunks)
    ends = {"prompt": asked["prompt"] + asked["suffix"]}
    alone = client.completions.create(**{**asked, **ends, "suffix": None, "max_tokens": 1})
    assert answer.usage is not None
    assert alone.usage is not None
    assert answer.usage.prompt_tokens >= alone.usage.prompt_tokens + 3  # the marks


# Embeddings


def length(vector: list[float]) -> float:
    """Euclidean length."""
    return math.sqrt(sum(x * x for x in vector))


def test_embeddings_come_as_base64_and_are_read_as_floats(client: Client) -> None:
    raw = client.embeddings.with_raw_response.create(model=EMBED, input=["The sea is calm.", "La mer est calme."])
    on_the_wire = json.loads(raw.content)["data"][0]["embedding"]
    assert isinstance(on_the_wire, str)
    count = len(base64.b64decode(on_the_wire)) // 4
    answer = raw.parse()
    assert [item.index for item in answer.data] == [0, 1]
    assert len(answer.data[0].embedding) == count == 384
    assert length(answer.data[0].embedding) == pytest.approx(1, abs=1e-3)
    assert answer.data[0].embedding == list(struct.unpack(f"<{count}f", base64.b64decode(on_the_wire)))
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 0


def test_floats_and_base64_are_the_same_numbers(client: Client) -> None:
    floats = client.embeddings.create(model=EMBED, input="The sea is calm.", encoding_format="float")
    base64_form = client.embeddings.create(model=EMBED, input="The sea is calm.", encoding_format="base64")
    packed = base64_form.data[0].embedding
    numbers = struct.unpack("<384f", base64.b64decode(packed)) if isinstance(packed, str) else packed
    assert floats.data[0].embedding == pytest.approx(list(numbers), abs=1e-6)


def test_what_means_the_same_is_near(client: Client) -> None:
    texts = ["A man is eating food.", "A man eats something.", "The stock market fell."]
    vectors = [item.embedding for item in client.embeddings.create(model=EMBED, input=texts).data]

    def cosine(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b, strict=True))

    assert cosine(vectors[0], vectors[1]) > cosine(vectors[0], vectors[2]) + 0.2


async def test_asynchronous_clients_embed(async_client: AsyncClient) -> None:
    answer = await async_client.embeddings.create(model=EMBED, input="The sea is calm.")
    assert len(answer.data[0].embedding) == 384
    await async_client.close()


# Models


def test_models_lists_the_deployments(client: Client) -> None:
    names = {model.id for model in client.models.list()}
    assert {CHAT, EMBED} <= names
    model = client.models.retrieve(CHAT)
    assert model.id == CHAT
    assert model.object == "model"
    assert model.created > 0
    assert model.owned_by


# Responses and stored completions


def test_a_response_is_created_retrieved_continued_and_deleted(client: Client) -> None:
    first = client.responses.create(model=CHAT, input="Hello!", max_output_tokens=16)
    assert first.status in ("completed", "incomplete")
    assert first.output_text
    assert client.responses.retrieve(first.id).output_text == first.output_text
    second = client.responses.create(
        model=CHAT, input="Tell me more.", previous_response_id=first.id, max_output_tokens=16
    )
    assert second.previous_response_id == first.id
    assert second.usage is not None
    assert first.usage is not None
    assert second.usage.input_tokens > first.usage.input_tokens
    assert len(client.responses.input_items.list(first.id).data) == 1
    client.responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)


def test_a_streamed_response_tells_its_life_in_order(client: Client) -> None:
    events = list(client.responses.create(model=CHAT, input="Hello!", max_output_tokens=16, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    assert events[-1].type in ("response.completed", "response.incomplete")
    told = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert told == events[-1].response.output_text


def test_a_stored_completion_can_be_found_and_forgotten(server: Server) -> None:
    client = OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0)
    kept = client.chat.completions.create(
        model=CHAT, messages=HELLO, max_tokens=4, store=True, metadata={"chapter": "one"}
    )
    found = client.chat.completions.retrieve(kept.id)
    assert found.choices[0].message.content == kept.choices[0].message.content
    assert kept.id in [item.id for item in client.chat.completions.list(metadata={"chapter": "one"})]
    assert client.chat.completions.update(kept.id, metadata={"chapter": "two"}).metadata == {"chapter": "two"}
    assert [message.content for message in client.chat.completions.messages.list(kept.id)] == [HELLO[0]["content"]]
    assert client.chat.completions.delete(kept.id).deleted
    with pytest.raises(openai.NotFoundError):
        client.chat.completions.retrieve(kept.id)


# Azure's own ways in


def test_a_deployment_may_stand_in_the_client_instead_of_the_call(server: Server) -> None:
    client = AzureOpenAI(
        azure_endpoint=server.url,
        azure_deployment=CHAT,
        api_version=API_VERSION,
        api_key=server.key,
        max_retries=0,
    )
    assert client.chat.completions.create(model="whatever", messages=HELLO, max_tokens=2).choices


def test_an_entra_token_is_a_bearer_like_any_other(server: Server) -> None:
    client = AzureOpenAI(azure_endpoint=server.url, api_version=API_VERSION, azure_ad_token=server.key, max_retries=0)
    assert client.chat.completions.create(model=CHAT, messages=HELLO, max_tokens=2).choices


# Errors, by the class that the package raises


def test_a_wrong_key_is_an_authentication_error(client: Client) -> None:
    with pytest.raises(openai.AuthenticationError) as caught:
        client.with_options(api_key="sk-wrong").chat.completions.create(model=CHAT, messages=HELLO)
    assert caught.value.status_code == 401
    assert caught.value.code == ("401" if is_azure(client) else "invalid_api_key")
    assert caught.value.request_id


def test_an_unknown_model_is_not_found(client: Client) -> None:
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="no-such-model", messages=HELLO)
    assert caught.value.code == ("DeploymentNotFound" if is_azure(client) else "model_not_found")


def test_empty_messages_are_a_bad_request(client: Client) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=CHAT, messages=[])
    assert caught.value.param == "messages"


def test_a_prompt_beyond_the_context_is_a_bad_request(client: Client) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model=CHAT, messages=[{"role": "user", "content": "word " * 50_000}])
    assert caught.value.code == "context_length_exceeded"
    assert caught.value.param == "messages"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 0),
        ("n", 129),
        ("max_tokens", -1),
        ("temperature", 3),
        ("top_p", 1.5),
        ("presence_penalty", -2.5),
        ("stop", ["a", "b", "c", "d", "e"]),
        ("logit_bias", {"5": 101}),
        ("top_logprobs", 21),
        ("tool_choice", "sometimes"),
        ("response_format", {"type": "poem"}),
        ("messages", "hello"),
        ("messages", [{"role": "wizard", "content": "x"}]),
        ("temperature", "hot"),
    ],
)
def test_a_value_out_of_range_is_refused_by_its_name(server: Server, field: str, value: object) -> None:
    client = OpenAI(base_url=f"{server.url}/v1", api_key=server.key, max_retries=0)
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(
            model=CHAT, messages=HELLO, logprobs=True, extra_body={"max_tokens": 2, field: value}
        )
    assert caught.value.type == "invalid_request_error"
    assert (caught.value.param or "").split("[")[0].split(".")[0] == field


async def test_an_asynchronous_client_sees_the_same_errors(async_client: AsyncClient) -> None:
    with pytest.raises(openai.NotFoundError):
        await async_client.chat.completions.create(model="no-such-model", messages=HELLO)
    await async_client.close()
