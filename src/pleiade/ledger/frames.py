"""Records in a file: length, CRC-32, payload. What a crash, a power cut or a rotten disk leaves can be told apart.

A frame that ends beyond the file is being written, or was torn; one whose checksum is wrong is damaged, and reading
goes on at the next frame that is whole.
"""

import mmap
import re
import struct
import zlib
from enum import Enum

_HEAD = struct.Struct("<II")  # length and CRC-32 of the payload
HEAD_BYTES = _HEAD.size
_ZEROS = bytes(4)
_NOT_ZERO = re.compile(rb"[^\x00]")
MAX_PAYLOAD = 64 * 1024  # no record is longer: a length beyond it is damage, and is not waited for


Buffer = bytes | mmap.mmap


class Tail(Enum):
    """What stands where no whole frame begins."""

    END = "end"  # nothing more
    PARTIAL = "partial"  # a frame that is not all there
    DAMAGED = "damaged"  # bytes that are no frame


def frame(payload: bytes) -> bytes:
    """`payload` as it stands in a file. Raises ValueError if it is longer than MAX_PAYLOAD."""
    if len(payload) > MAX_PAYLOAD:
        raise ValueError(f"a record of {len(payload)} bytes is longer than {MAX_PAYLOAD}")
    return _HEAD.pack(len(payload), zlib.crc32(payload)) + payload


def read_frame(buffer: Buffer, start: int) -> tuple[bytes, int] | Tail:
    """The payload that begins at `start` and where its frame ends, or what stands there instead."""
    if start >= len(buffer):
        return Tail.END
    if len(buffer) - start < HEAD_BYTES:
        return Tail.PARTIAL
    length, checksum = _HEAD.unpack_from(buffer, start)
    if not 0 < length <= MAX_PAYLOAD:
        return Tail.DAMAGED
    begin = start + HEAD_BYTES
    end = begin + length
    if end > len(buffer):
        return Tail.PARTIAL
    payload = buffer[begin:end]
    return (payload, end) if zlib.crc32(payload) == checksum else Tail.DAMAGED


def next_frame(buffer: Buffer, start: int) -> int:
    """Where the next whole frame after `start` begins; -1 if there is none in `buffer`."""
    place = start + 1
    while place < len(buffer) - HEAD_BYTES:
        if isinstance(read_frame(buffer, place), tuple):
            return place
        if buffer[place : place + 4] == _ZEROS:  # what a power cut leaves may be many megabytes of them
            other = _NOT_ZERO.search(buffer, place)
            if other is None:
                return -1
            place = max(place, other.start() - 3)  # no length has more than two zero bytes before another one
        place += 1
    return -1
