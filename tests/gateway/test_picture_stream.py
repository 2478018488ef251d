"""Streams of pictures: whole events go out, however the bytes came in, and what is finished is counted."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scripted_pictures import event

from pleiade.domain import Usage
from pleiade.gateway.picture_stream import PictureEvents

PARTIAL = event("image_generation.partial_image", b64_json="AAAA", partial_image_index=0)
DONE = event("image_generation.completed", b64_json="AAAA")


def fed(data: bytes, cuts: list[int]) -> tuple[bytes, PictureEvents]:
    events = PictureEvents()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    out = b"".join(events.feed(data[start:end]) for start, end in pairwise(places))
    return out + events.close(), events


@given(st.lists(st.integers(0, 600), max_size=12), st.booleans(), st.booleans())
def test_any_cut_gives_the_same_events(cuts: list[int], crlf: bool, ended: bool) -> None:
    told = PARTIAL + b": a comment\n\n" + DONE + DONE
    data = told.replace(b"\n", b"\r\n") if crlf else told
    out, events = fed(data if ended else data.rstrip(b"\r\n"), cuts)
    assert out == PARTIAL + DONE + DONE
    assert events.usage == Usage(images=2)
    assert events.complete
    assert not events.broken


def test_nothing_is_finished_before_the_end() -> None:
    _, events = fed(PARTIAL, [])
    assert not events.complete
    assert events.usage == Usage()


def test_done_is_not_passed_on_and_a_missing_event_line_is_added() -> None:
    out, _ = fed(DONE.split(b"\n", 1)[1] + b"data: [DONE]\n\n", [])
    assert out == DONE


@pytest.mark.parametrize("first", [b"", PARTIAL])
def test_an_error_of_the_engine_ends_the_stream(first: bytes) -> None:
    out, events = fed(first + b'event: error\ndata: {"type":"error","error":{"message":"no"}}\n\n' + DONE, [])
    assert out == first
    assert b'"no"' in events.failure
    assert events.usage == Usage()


@pytest.mark.parametrize("bad", [b"data: {]\n\n", b"data: 5\n\n", b'data: {"type":"a\\nb"}\n\n'])
def test_what_is_no_event_breaks_the_stream(bad: bytes) -> None:
    out, events = fed(PARTIAL + bad + DONE, [])
    assert out == PARTIAL
    assert events.broken
