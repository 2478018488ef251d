"""Patient sequences, which are lines of batches: they stand still while anybody else waits, and lose nothing by it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from engines.text_openvino.scheduler_steps import described, make, scheduler, step
from pleiade.engines.text_openvino.generation import QueueFull
from pleiade.engines.text_openvino.scheduler import Scheduler


def drain(s: Scheduler, most: int = 2000) -> list[str]:
    """Run to the end; the requests in the order in which they ended."""
    ended: list[str] = []
    for _ in range(most):
        before = {sequence.request.id for sequence in s.sequences()}
        if not before:
            return ended
        step(s)
        ended += sorted(before - {sequence.request.id for sequence in s.sequences()})
    raise AssertionError("it does not come to an end")


def test_whoever_comes_goes_first_and_the_patient_go_on_where_they_stood() -> None:
    s = scheduler()
    s.submit(make("line", range(10), max_tokens=20, patient=True))
    for _ in range(5):
        step(s)
    s.submit(make("live", range(100, 110), max_tokens=3))
    for _ in range(3):
        assert set(described(step(s))) == {"live"}
    assert described(step(s)) == {"line": (14, 1)}


def test_a_prompt_of_a_line_is_computed_in_small_steps_and_stands_still_in_the_middle() -> None:
    s = scheduler(step_tokens=512, patient_tokens=64)
    s.submit(make("line", range(500), patient=True))
    assert described(step(s)) == {"line": (0, 64)}
    s.submit(make("live", range(600, 900), max_tokens=1))
    assert described(step(s)) == {"live": (0, 300)}
    assert described(step(s)) == {"line": (64, 64)}


def test_a_live_call_with_the_same_beginning_does_not_wait_for_the_line_that_computes_it() -> None:
    s = scheduler(patient_tokens=32)
    s.submit(make("line", range(200), patient=True))
    step(s)
    s.submit(make("live", range(200), max_tokens=1))
    assert set(described(step(s))) == {"live"}


def test_lines_rest_after_their_steps_while_somebody_may_come_again() -> None:
    s = scheduler()
    s.submit(make("line", range(10), max_tokens=20, patient=True))
    step(s)
    s.rest(3600)
    assert s.resting() == 0  # nobody else was here
    s.submit(make("live", range(100, 110), max_tokens=1))
    step(s)
    s.rest(3600)
    assert s.resting() > 3000
    assert step(s) == []
    s.submit(make("another", range(200, 210), max_tokens=1))
    assert set(described(step(s))) == {"another"}


def test_lines_go_on_once_they_have_rested() -> None:
    s = scheduler()
    s.submit(make("live", range(100, 110), max_tokens=1))
    step(s)
    s.submit(make("line", range(10), patient=True))
    s.rest(0.01)
    while s.resting():
        pass
    assert set(described(step(s))) == {"line"}


def test_a_step_of_those_who_wait_for_nobody_is_followed_by_no_rest() -> None:
    s = scheduler()
    s.submit(make("line", range(10), patient=True))
    s.submit(make("live", range(100, 110), max_tokens=5))
    step(s)
    s.rest(3600)
    assert s.resting() == 0


def test_lines_leave_their_places_and_blocks_to_others() -> None:
    s = scheduler(blocks=8, max_batch=2)
    for name in ("a", "b"):
        s.submit(make(name, range(90), max_tokens=30, patient=True))
        step(s)
    for _ in range(3):
        step(s)
    for number in range(2):
        s.submit(make(f"live-{number}", range(1000 * number + 1000, 1000 * number + 1090), max_tokens=30))
    assert set(described(step(s))) == {"live-0", "live-1"}
    assert drain(s)[:2] == ["live-0", "live-1"]
    assert s.pool.available == s.pool.count


def test_lines_fill_a_queue_of_their_own() -> None:
    s = scheduler(max_batch=1, queue_limit=2)
    for number in range(3):
        s.submit(make(f"line-{number}", range(5), patient=True))
        step(s)
    try:
        s.submit(make("line-3", range(5), patient=True))
    except QueueFull:
        pass
    else:
        raise AssertionError("the queue of lines is full")
    s.submit(make("live", range(5)))
    assert set(described(step(s))) == {"live"}


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60), st.integers(1, 12)), min_size=1, max_size=12))
def test_everything_ends_whatever_comes_when(calls: list[tuple[bool, int, int]]) -> None:
    s = scheduler(blocks=6, max_batch=3, step_tokens=24, patient_tokens=8, queue_limit=100)
    ended: list[str] = []
    for number, (patient, prompt, tokens) in enumerate(calls):
        s.submit(make(f"{number}", range(prompt), max_tokens=tokens, patient=patient))
        chunks = step(s)
        if any(not sequence.request.patient for sequence in s.running):
            assert not any(chunk.sequence.request.patient for chunk in chunks)
    ended += drain(s)
    assert s.pool.available == s.pool.count
