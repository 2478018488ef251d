"""Reading a writer's journal from where one was, segment after segment, while it is being written or after its end.

Damage is passed over and told: an entry that is lost leaves a gap in the sequence, which `pleiade ledger verify` shows.
"""

import logging
import os
from pathlib import Path

from pleiade.ledger.errors import LedgerError
from pleiade.ledger.frames import Tail, next_frame, read_frame
from pleiade.ledger.records import Entered, Opening, chained, decode
from pleiade.ledger.segments import segment_path, segments_of

CHUNK_BYTES = 1024 * 1024

logger = logging.getLogger(__name__)


class JournalTail:
    """One writer's journal, read forward. Memory is bounded by what `read` is asked for."""

    def __init__(self, folder: Path, writer: str) -> None:
        self.writer = writer
        self.number = 0  # the segment being read; 0 = none yet
        self.sequence = 0  # of the last entry read
        self._folder = folder
        self._head = b""
        self._descriptor = -1
        self._offset = 0
        self._torn = -1  # where the torn end is that was told already
        self.damaged: set[int] = set()  # segments in which something was not as it was written

    def read(self, most: int, *, ended: bool = False) -> list[Entered]:
        """The next entries, at most `most`; fewer where there are no more now.

        Raises OSError, and LedgerError for a journal that a newer Pleiade wrote.

        `ended`: the writer is gone, so that what is torn at the end stays so.
        """
        found: list[Entered] = []
        while len(found) < most:
            before = len(found), self._offset, self.number
            if self._descriptor < 0 and not self._next_segment():
                break
            chunk = os.pread(self._descriptor, CHUNK_BYTES, self._offset)
            try:
                self._parse(chunk, found, most)
            except LedgerError:
                if not found:
                    raise
                break  # what was found is given; the next call raises
            if (len(found), self._offset, self.number) == before and not self._pass_over(chunk, ended):
                break
        return found

    def sync(self) -> None:
        """Make durable what was read, before anybody relies on it."""
        if self._descriptor >= 0:
            os.fdatasync(self._descriptor)

    def close(self) -> None:
        """Stop reading."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _parse(self, chunk: bytes, found: list[Entered], most: int) -> None:
        """Take the whole frames at the chunk's beginning, which lies at our offset."""
        place = 0
        while len(found) < most:
            step = read_frame(chunk, place)
            if isinstance(step, Tail):
                return
            payload, end = step
            record = decode(payload) if payload[0] in (0, 3) else None  # reservations and marks tell nothing here
            if isinstance(record, Opening):
                self._opened(record)
            elif isinstance(record, Entered):
                self._linked(record)
                found.append(record)
            self._offset += end - place
            place = end

    def _opened(self, opening: Opening) -> None:
        if self._head and opening.sequence != self.sequence:
            self._tell(f"entries {self.sequence + 1} to {opening.sequence} are missing before segment {opening.number}")
        self.sequence, self._head = opening.sequence, opening.head

    def _linked(self, record: Entered) -> None:
        sequence = record.entry.sequence
        if sequence != self.sequence + 1:
            self._tell(f"entries {self.sequence + 1} to {sequence - 1} are missing before offset {self._offset}")
        elif self._head and chained(self._head, record.bytes) != record.hash:
            self._tell(f"entry {sequence} at offset {self._offset} does not follow from the one before: it was changed")
        self.sequence, self._head = sequence, record.hash

    def _pass_over(self, chunk: bytes, ended: bool) -> bool:
        """Whether reading can go on though no whole frame stands here: after damage, or in the next segment."""
        finished = ended or self._successor() > 0
        if chunk:
            whole = next_frame(chunk, 0)
            if whole > 0:
                self._tell(f"{whole} bytes at offset {self._offset} are damaged and were passed over")
                self._offset += whole
                return True
            if len(chunk) == CHUNK_BYTES:
                self._offset += len(chunk) // 2
                return True
            if finished and self._torn != self._offset:
                self._torn = self._offset
                logger.warning("%s: %d bytes at the end are torn", self._name(), len(chunk))
        if self._successor() > 0:
            self.close()
            return True
        return False

    def _next_segment(self) -> bool:
        number = self._successor()
        if not number:
            return False
        self._descriptor = os.open(segment_path(self._folder, self.writer, number), os.O_RDONLY)
        self.number, self._offset = number, 0
        return True

    def _successor(self) -> int:
        """The next segment's number; 0 if there is none yet."""
        return next((number for number in segments_of(self._folder, self.writer) if number > self.number), 0)

    def _name(self) -> str:
        return segment_path(self._folder, self.writer, self.number).name

    def _tell(self, what: str) -> None:
        self.damaged.add(self.number)
        logger.error("%s: %s; run `pleiade ledger verify`", self._name(), what)
