"""What a process that died left open is settled, in its own journal: at the last mark, with the outcome "crashed".

A kill at any moment of this leaves a journal on which it can be done again: what was appended counts, what was torn is
cut off.
"""

import errno
import logging
import mmap
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pleiade.domain import Usage
from pleiade.domain.books import Reservation
from pleiade.ledger.entering import crash, enter
from pleiade.ledger.frames import Tail, frame, next_frame, read_frame
from pleiade.ledger.records import (
    NO_HASH,
    Entered,
    Marked,
    Opening,
    Reserved,
    chained,
    decode,
    encode_entered,
    entry_bytes,
)
from pleiade.ledger.segments import segment_path, segments_of, sync_folder

logger = logging.getLogger(__name__)


# What reserved calls have used and cost (nano) by the engines' count, as far as they tell: by call.
Tell = Callable[[Sequence[Reservation]], Mapping[str, tuple[Usage, int]]]


def untold(reservations: Sequence[Reservation]) -> Mapping[str, tuple[Usage, int]]:
    """Nobody can be asked."""
    return {}


class Shipped(NamedTuple):
    """How far the database has a writer."""

    sequence: int
    head: bytes
    calls_after: Callable[[int], set[str]]  # the calls of its entries after a sequence


class Left(NamedTuple):
    """What a segment holds, for whoever goes on with it."""

    records: int
    sequence: int  # of the last entry; -1 = it does not tell
    head: bytes
    time_ms: int  # of the last record
    running: dict[str, tuple[Reserved, Marked | None]]  # calls reserved and not settled, in order
    end: int  # where the last whole record ends
    size: int


def read_segment(path: Path) -> Left:
    """What a segment holds, damage passed over. Raises OSError, LedgerError for a newer Pleiade's journal."""
    records, sequence, head, time_ms, end = 0, -1, NO_HASH, 0, 0
    running: dict[str, tuple[Reserved, Marked | None]] = {}
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for payload, whole_until in _payloads(file.fileno(), size):
            records, end = records + 1, whole_until
            match decode(payload):
                case Opening() as opening:
                    sequence, head, time_ms = opening.sequence, opening.head, opening.time_ms
                case Reserved() as reserved:
                    running[reserved.reservation.call] = (reserved, None)
                    time_ms = max(time_ms, reserved.time_ms)
                case Marked() as marked:
                    if marked.call in running:  # else its reservation was damaged: nobody knows whose it is
                        running[marked.call] = (running[marked.call][0], marked)
                    time_ms = max(time_ms, marked.time_ms)
                case Entered(entry, link, _):
                    running.pop(entry.call, None)
                    sequence, head, time_ms = entry.sequence, link, max(time_ms, entry.time_ms)
    return Left(records, sequence, head, time_ms, running, end, size)


def recover(folder: Path, writer: str, shipped: Shipped, tell: Tell = untold) -> int:
    """Settle what a dead writer left open; how many calls that were. The caller holds the writer's lock.

    `tell` is asked once what those calls have used by the engines' own count; else their last mark counts.

    Raises OSError where the journal cannot be written (a full disk): nothing is lost, and it can be done later.
    """
    path, left = _last_segment(folder, writer)
    if path is None or left is None:
        return 0
    sequence, head, running = left.sequence, left.head, dict(left.running)
    if sequence < shipped.sequence:  # the disk lost, or never told, what the database has
        for call in shipped.calls_after(sequence):
            running.pop(call, None)
        sequence, head = shipped.sequence, shipped.head
    told = tell([reserved.reservation for reserved, _ in running.values()]) if running else {}
    frames = []
    for reserved, marked in running.values():
        sequence += 1
        # The last sign of life is the time that is known; it also keeps the entry in the month of its call.
        entry = enter(
            writer,
            sequence,
            reserved,
            left.time_ms,
            crash(reserved, marked, left.time_ms, told.get(reserved.reservation.call)),
        )
        content = entry_bytes(entry)
        head = chained(head, content)
        frames.append(frame(encode_entered(head, content)))
    if frames or left.end < left.size:
        _append(path, left.end, frames)
    if frames:
        logger.warning("%s: its process died; %d calls are settled as crashed", path.name, len(frames))
    return len(frames)


def _last_segment(folder: Path, writer: str) -> tuple[Path, Left] | tuple[None, None]:
    """The last segment that holds anything (a power cut may keep a name and not its content)."""
    for number in reversed(segments_of(folder, writer)):
        path = segment_path(folder, writer, number)
        left = read_segment(path)
        if left.records:
            return path, left
        logger.error("%s holds nothing that can be read; it is kept as .damaged", path.name)
        path.rename(path.with_suffix(".damaged"))
        sync_folder(folder)
    return None, None


def _payloads(descriptor: int, size: int) -> Iterator[tuple[bytes, int]]:
    """Whole payloads and where their frames end."""
    if not size:
        return
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) as buffer:
        place = 0
        while place >= 0:
            step = read_frame(buffer, place)
            if isinstance(step, Tail):
                place = next_frame(buffer, place)
                continue
            yield step
            place = step[1]


def _append(path: Path, end: int, frames: list[bytes]) -> None:
    """Cut off what is torn after `end`, and write there. Durable when it returns."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.ftruncate(descriptor, end)
        for content in frames:
            if os.pwrite(descriptor, content, end) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
            end += len(content)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
