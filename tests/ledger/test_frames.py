"""Frames: whatever is cut, flipped or filled with zeros, what is whole is found, and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from pleiade.ledger.frames import HEAD_BYTES, MAX_PAYLOAD, Tail, frame, next_frame, read_frame

payloads = st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=6)


def frames_in(buffer: bytes) -> list[bytes]:
    """All that is whole, damage passed over."""
    found, place = [], 0
    while place >= 0:
        step = read_frame(buffer, place)
        if isinstance(step, tuple):
            payload, place = step
            found.append(payload)
        else:
            place = next_frame(buffer, place)
    return found


@given(payloads)
def test_what_was_framed_is_read(contents: list[bytes]) -> None:
    assert frames_in(b"".join(map(frame, contents))) == contents


@given(payloads, st.integers(0, 2000))
def test_a_torn_end_takes_the_last_frame_only(contents: list[bytes], cut: int) -> None:
    whole = b"".join(map(frame, contents))
    torn = whole[: max(0, len(whole) - 1 - cut % len(frame(contents[-1])))]
    assert frames_in(torn) == contents[:-1]
    assert read_frame(torn, len(whole) - len(frame(contents[-1]))) in (Tail.PARTIAL, Tail.END)


@given(payloads, st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_takes_one_frame_only(contents: list[bytes], place: int, bit: int) -> None:
    whole = bytearray(b"".join(map(frame, contents)))
    place %= len(whole)
    whole[place] ^= 1 << bit
    lengths = [len(frame(content)) for content in contents]
    hit = next(number for number in range(len(contents)) if sum(lengths[: number + 1]) > place)
    assert frames_in(bytes(whole)) == contents[:hit] + contents[hit + 1 :]


@given(payloads, st.integers(0, 3000))
def test_zeros_before_a_frame_are_passed_over(contents: list[bytes], zeros: int) -> None:
    assert frames_in(bytes(zeros) + b"".join(map(frame, contents))) == contents


def test_the_longest_frame_is_found_after_megabytes_of_zeros() -> None:
    for size in (1, 255, 256, 65_535, MAX_PAYLOAD):
        buffer = bytes(5_000_000) + frame(bytes([7]) * size)
        assert next_frame(buffer, 0) == 5_000_000
    assert next_frame(bytes(5_000_000), 0) == -1
    assert len(frame(b"x")) == HEAD_BYTES + 1
