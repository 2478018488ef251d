"""The filter between an engine's event stream and the client, as a function of bytes."""

import json
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scripted_engine import chunk, final_usage

from pleiade.domain import Usage
from pleiade.gateway.streaming import EventFilter, last_usage, replace_model

DONE = b"data: [DONE]\n\n"
STREAM = [
    chunk("Hello", tokens=1),
    chunk(' ,"usage":{"prompt_tokens":9}} ', tokens=2),  # text that looks like what is cut
    chunk("\n\ndata: [DONE]\n\n", tokens=3),
    chunk("é😀", tokens=4),
    chunk(None, finish="stop", tokens=4),
    final_usage(4),
    DONE,
]
PLAIN = [
    chunk("Hello"),
    chunk(' ,"usage":{"prompt_tokens":9}} '),
    chunk("\n\ndata: [DONE]\n\n"),
    chunk("é😀"),
    chunk(None, finish="stop"),
    DONE,
]


untimed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no fault


def run(events: EventFilter, pieces: list[bytes]) -> bytes:
    return b"".join([*(events.feed(piece) for piece in pieces), events.close()])


def cut_at(data: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


@untimed
@given(st.lists(st.integers(0, 10_000), max_size=12))
def test_usage_is_cut_to_the_byte_wherever_the_network_cuts_the_stream(places: list[int]) -> None:
    events = EventFilter(usage_wanted=False)
    assert run(events, cut_at(b"".join(STREAM), places)) == b"".join(PLAIN)
    assert events.usage == Usage(prompt_tokens=5, completion_tokens=4)
    assert events.complete


@untimed
@given(st.lists(st.integers(0, 10_000), max_size=12))
def test_asked_for_usage_comes_once_at_the_end_and_is_null_before(places: list[int]) -> None:
    out = run(EventFilter(usage_wanted=True), cut_at(b"".join(STREAM), places))
    *chunks, done = [event[6:] for event in out.split(b"\n\n") if event]
    assert done == b"[DONE]"
    usages = [json.loads(data)["usage"] for data in chunks]
    assert usages == [None] * 5 + [{"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}]


anything = st.recursive(
    st.none() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["usage", "a", "b"]), inner),
    max_leaves=3,
)
real_usage = st.none() | st.just({"prompt_tokens": 3, "completion_tokens": 1})
events_of_any_shape = st.builds(
    lambda fields, usage, last: fields | {"usage": usage} if last else {"usage": usage} | fields,
    st.dictionaries(st.sampled_from(["id", "content", "choices", "finish_reason"]), anything),
    real_usage,
    st.booleans(),
)


@untimed
@given(st.lists(events_of_any_shape, max_size=4), st.lists(st.integers(0, 10_000), max_size=8))
def test_only_the_outermost_usage_is_ever_touched(objects: list[dict[str, object]], places: list[int]) -> None:
    wire = [json.dumps(o, separators=(",", ":"), ensure_ascii=False).encode() for o in objects]
    out = run(EventFilter(usage_wanted=False), cut_at(b"".join(b"data: " + o + b"\n\n" for o in wire), places))
    kept = [o for o in objects if not (o.get("choices") == [] and o["usage"])]
    got = [json.loads(event[6:]) for event in out.split(b"\n\n") if event]
    assert got == [{name: value for name, value in o.items() if name != "usage"} for o in kept]


@pytest.mark.parametrize("usage_wanted", [True, False])
@pytest.mark.parametrize("continuous", [True, False])
@pytest.mark.parametrize("model", ["", "pico-1"])
def test_events_that_come_one_by_one_fare_as_those_that_come_together(
    usage_wanted: bool, continuous: bool, model: str
) -> None:
    two_choices = chunk("x", tokens=5).replace(
        b'"choices":[', b'"choices":[{"index":1,"delta":{},"logprobs":null,"finish_reason":"stop"},'
    )
    for stream in (STREAM, [*STREAM[:2], two_choices, STREAM[3], DONE], [DONE, *STREAM], [*STREAM[:2], b"data: 7\n\n"]):
        one, other = (
            EventFilter(usage_wanted=usage_wanted, continuous_wanted=continuous, model=model) for _ in range(2)
        )
        assert run(one, stream) == run(other, [b"".join(stream)])
        assert (one.usage, one.broken) == (other.usage, other.broken)


def test_a_cut_stream_knows_what_was_used_where_it_was_cut() -> None:
    events = EventFilter(usage_wanted=False)
    events.feed(b"".join(STREAM[:3]) + STREAM[3][:20])
    assert events.usage == Usage(prompt_tokens=5, completion_tokens=3)
    assert not events.complete


def test_cached_tokens_are_counted() -> None:
    body = b'{"usage":{"prompt_tokens":9,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":8}}}'
    assert last_usage(b'{"id":"x",' + body[1:]) == Usage(prompt_tokens=9, completion_tokens=1, cached_tokens=8)
    assert last_usage(body) == Usage(prompt_tokens=9, completion_tokens=1, cached_tokens=8)
    assert last_usage(b'{"usage": {"prompt_tokens": 9}, "id": "x"}') == Usage(prompt_tokens=9)
    assert last_usage(b"[]") is None
    assert last_usage(b"not json") is None


def test_chunks_spelled_with_spaces_are_read_all_the_same() -> None:
    spaced = b"".join(
        b"data: " + json.dumps(json.loads(event[6:])).encode() + b"\n\n" for event in STREAM if event != DONE
    )
    events = EventFilter(usage_wanted=False)
    out = run(events, [spaced + DONE])
    assert b'"usage"' not in out.replace(rb"\"usage\"", b"")
    assert events.usage == Usage(prompt_tokens=5, completion_tokens=4)
    assert events.complete


def test_crlf_comments_and_event_lines_become_plain_data_lines() -> None:
    events = EventFilter(usage_wanted=False)
    first = chunk("a").strip()
    wire = b": ping\r\n\r\nevent: x\r\nid: 7\r\n" + first + b"\r\n\r\ndata:" + chunk(None, finish="stop")[6:].strip()
    out = run(events, cut_at(wire + b"\r\n\r\ndata:[DONE]\r\n\r\n", list(range(0, 400, 3))))
    assert out == chunk("a") + chunk(None, finish="stop") + DONE
    assert events.complete


def test_a_stream_without_its_last_blank_line_is_still_complete() -> None:
    events = EventFilter(usage_wanted=False)
    assert run(events, [chunk(None, finish="stop"), b"data: [DONE]"]).endswith(DONE)
    assert events.complete


def test_done_without_a_finish_reason_is_no_end() -> None:
    events = EventFilter(usage_wanted=False)
    assert run(events, [chunk("a"), DONE]) == chunk("a")
    assert not events.complete


def test_an_error_event_is_kept_back_for_the_dialect_to_tell() -> None:
    events = EventFilter(usage_wanted=False)
    out = run(events, [chunk("a"), b'data: {"error":{"message":"out of memory"}}\n\n', chunk("b"), DONE])
    assert out == chunk("a")
    assert json.loads(events.failure)["error"]["message"] == "out of memory"


def test_nothing_is_passed_on_after_the_end() -> None:
    events = EventFilter(usage_wanted=False)
    assert run(events, [chunk(None, finish="stop"), DONE, chunk("late")]) == chunk(None, finish="stop") + DONE


def test_the_upstreams_name_for_the_model_is_replaced_in_every_chunk() -> None:
    events = EventFilter(usage_wanted=False, model="ours")
    out = run(events, STREAM)
    models = {json.loads(event[6:])["model"] for event in out.split(b"\n\n") if event.startswith(b"data: {")}
    assert models == {"ours"}
    assert events.usage == Usage(prompt_tokens=5, completion_tokens=4)
    assert json.loads(replace_model(b'{"model":"theirs","x":1.50}', "ours")) == {"model": "ours", "x": 1.5}
    assert replace_model(b"no json", "ours") == b"no json"


@pytest.mark.parametrize("bad", [b"data: {oops}\n\n", b"data: hello\n\n", b'data: {"usage": 7}\n\n'])
def test_what_came_before_a_broken_event_is_passed_on_and_nothing_after(bad: bytes) -> None:
    events = EventFilter(usage_wanted=False, model="pico-1")
    assert run(events, [chunk("a") + bad + chunk("b")]) == chunk("a")
    assert events.broken
    assert not events.complete
