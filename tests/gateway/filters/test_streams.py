"""Filtered streams: in vetted pieces, or at once with judgements that follow."""

from pathlib import Path

from scripted_books import PRICE, Books, paying
from scripted_engine import ScriptedEngine
from scripted_filters import check_wire, content_of, dead, events_of, judge_by_words, says
from scripted_gateway import AZURE, CHAT, OPENAI

from pleiade.domain.books import Outcome
from pleiade.domain.policy import FilterPolicy

BUFFERED = FilterPolicy(window=20)
BESIDE = FilterPolicy(streaming="asynchronous", window=20)
STREAM = CHAT | {"stream": True}
GOOD = "one two three four five six seven eight nine ten"
BAD = "one two three four five six PUNCH eight nine ten eleven twelve"
LONG_BAD = "one two three four five six PUNCH " + "more " * 600


async def stream(served, path: str, **more: object) -> list:
    answer = await served.post(path, STREAM | more)
    assert answer.status == 200
    return events_of(await answer.text())


async def test_a_buffered_stream_as_azure_writes_it(filtered, engine) -> None:
    engine.script = says(GOOD)
    served = await filtered(BUFFERED)
    events = await stream(served, AZURE)
    check_wire("buffered", events)
    assert content_of(events).strip() == GOOD


async def test_a_buffered_stream_never_shows_what_is_filtered(filtered, engine) -> None:
    engine.script = says(BAD)
    served = await filtered(BUFFERED)
    events = await stream(served, AZURE)
    check_wire("buffered_filtered", events)
    assert "PUNCH" not in content_of(events)
    assert content_of(events).startswith("one two")


async def test_openais_clients_see_plain_chunks_that_end_by_the_filter(filtered, engine) -> None:
    engine.script = says(BAD)
    served = await filtered(BUFFERED)
    events = await stream(served, OPENAI, stream_options={"include_usage": True})
    assert "PUNCH" not in content_of(events)
    assert {key for event in events for key in event} == {"id", "object", "created", "model", "choices", "usage"}
    *_, last, told = events
    assert last["choices"] == [{"index": 0, "delta": {}, "finish_reason": "content_filter"}]
    assert told["choices"] == []
    assert told["usage"]["completion_tokens"] > 0


async def test_an_untouched_stream_says_the_same_as_without_a_filter(filtered, engine) -> None:
    engine.script = says(GOOD)
    served = await filtered(BUFFERED)
    events = await stream(served, OPENAI, stream_options={"include_usage": True})
    assert content_of(events).strip() == GOOD
    assert [event["choices"][0]["finish_reason"] for event in events if event["choices"]][-1] == "stop"
    assert events[-1]["usage"]["completion_tokens"] == 10


async def test_an_asynchronous_stream_as_azure_writes_it(filtered, engine) -> None:
    engine.script = says(GOOD)
    served = await filtered(BESIDE)
    events = await stream(served, AZURE)
    assert content_of(events).strip() == GOOD
    said = [event for event in events if event["id"]]
    assert all("content_filter_results" not in choice for event in said for choice in event["choices"])
    told = [choice for event in events if not event["id"] for choice in event["choices"]]
    assert all("delta" not in choice for choice in told)
    offsets = [choice["content_filter_offsets"] for choice in told]
    checks = [each["check_offset"] for each in offsets]
    assert checks == sorted(checks)
    assert offsets[0]["start_offset"] == len("hi")  # where the prompt ends
    assert offsets[-1]["end_offset"] == len("hi") + len(GOOD) + 1
    assert [a["end_offset"] for a in offsets[:-1]] == [b["start_offset"] for b in offsets[1:]]


async def test_an_asynchronous_violation_ends_the_stream(filtered, engine) -> None:
    engine.script = says(BAD)
    served = await filtered(FilterPolicy(streaming="asynchronous", window=1000))
    check_wire("asynchronous_filtered", await stream(served, AZURE))


async def test_an_asynchronous_violation_is_told_within_a_thousand_characters(filtered, engine) -> None:
    engine.script = says(LONG_BAD)
    served = await filtered(BESIDE)
    events = await stream(served, AZURE)
    assert events[-1]["choices"][0]["finish_reason"] == "content_filter"
    assert len(content_of(events)) - LONG_BAD.index("PUNCH") <= 1000
    offsets = events[-1]["choices"][0]["content_filter_offsets"]
    assert offsets["start_offset"] <= len("hi") + LONG_BAD.index("PUNCH") < offsets["end_offset"]


async def test_an_outage_in_a_stream_lets_it_pass_and_says_so(filtered, engine, judge) -> None:
    engine.script = says(BAD)
    for policy, name in ((BUFFERED, "outage_buffered"), (BESIDE, "")):
        served = await filtered(policy)
        dead(judge)
        events = await stream(served, AZURE)
        assert content_of(events).strip() == BAD
        codes = {
            choice["content_filter_result"]["error"]["code"]
            for event in events
            for choice in event["choices"]
            if "content_filter_result" in choice
        }
        assert codes == {"content_filter_error"}
        if name:
            check_wire(name, events)


async def test_harm_that_lies_across_two_pieces_is_found(filtered, engine, judge) -> None:
    async def needs_both_words(exchange) -> None:
        exchange.raw = exchange.raw.replace(b"bread knife", b"PUNCH")
        await judge_by_words(exchange)

    judge.script = needs_both_words
    engine.script = says("he took the long bread knife and more words after it")
    served = await filtered(FilterPolicy(window=22))  # the first piece ends after "bread "
    events = await stream(served, OPENAI)
    assert "knife" not in content_of(events)
    assert events[-1]["choices"][0]["finish_reason"] == "content_filter"


async def test_a_cut_stream_stops_the_engine_and_is_charged_as_far_as_it_went(
    filtered, engine: ScriptedEngine, tmp_path: Path
) -> None:
    engine.script = says(LONG_BAD)
    books = Books(tmp_path, prices=[PRICE])
    served = await filtered(BUFFERED, commerce=books.commerce, keys=paying())
    events = await stream(served, OPENAI)
    assert events[-1]["choices"][0]["finish_reason"] == "content_filter"
    (entry,) = await books.settled(1)
    assert entry.outcome is Outcome.FILTERED
    assert 0 < entry.usage.completion_tokens < 600


async def test_every_one_of_several_choices_is_judged_for_itself(filtered, engine) -> None:
    import json

    from scripted_engine import Exchange, chunk

    def of(index: int, text: str | None, finish: str | None = None) -> bytes:
        event = json.loads(chunk(text, finish=finish)[6:])
        event["choices"][0]["index"] = index
        return b"data: " + json.dumps(event, separators=(",", ":")).encode() + b"\n\n"

    async def two(exchange: Exchange) -> None:
        await exchange.begin()
        for part in (of(0, "fine "), of(1, "a PUNCH "), of(0, "still"), of(0, None, "stop"), of(1, None, "stop")):
            await exchange.part(part)
        await exchange.part(b"data: [DONE]\n\n")
        await exchange.end()

    engine.script = two
    served = await filtered(BUFFERED)
    events = await stream(served, OPENAI, n=2)
    finished = {c["index"]: c["finish_reason"] for e in events for c in e["choices"] if c["finish_reason"]}
    assert finished == {0: "stop", 1: "content_filter"}
    assert content_of(events) == "fine still"
