"""The journal of one process: calls are reserved, marked and settled here, in microseconds, before any database hears.

Each record is one write(2), so that what was written survives kill -9; fdatasync follows in the background. A
settlement that the disk does not take stays in memory, goes first when there is room again, and until then no new call
is reserved.
"""

import asyncio
import errno
import logging
import os
import threading
from pathlib import Path
from typing import Self

from pleiade.domain import Usage
from pleiade.domain.books import Entry, Reservation, Settlement
from pleiade.ledger import entering
from pleiade.ledger.clock import SteadyClock
from pleiade.ledger.errors import LedgerError, disk_refused
from pleiade.ledger.frames import frame
from pleiade.ledger.records import (
    FORM,
    NO_HASH,
    Marked,
    Opening,
    Reserved,
    chained,
    encode_entered,
    encode_marked,
    encode_opening,
    encode_reserved,
    entry_bytes,
)
from pleiade.ledger.segments import new_writer, segment_path
from pleiade.ledger.syncing import Syncing

SEGMENT_BYTES = 64 * 1024 * 1024  # a full segment can be deleted once its entries are in the database
SYNC_MS = 100

logger = logging.getLogger(__name__)


class _Running:
    """A call that is reserved and not settled, and its last mark."""

    __slots__ = ("mark", "reserved")

    def __init__(self, reserved: Reserved) -> None:
        self.reserved = reserved
        self.mark: Marked | None = None


class Journal:
    """The journal that this process writes, from `open` to `close`. Its methods may be called from any thread."""

    def __init__(
        self, folder: Path, writer: str, lock: int, *, segment_bytes: int, sync_ms: int, clock: SteadyClock
    ) -> None:
        """Use `open`."""
        self.writer = writer
        self._folder = folder
        self._lock = lock
        self._segment_bytes = segment_bytes
        self._clock = clock
        self._mutex = threading.Lock()
        self._running: dict[str, _Running] = {}
        self._sequence = 0
        self._head = NO_HASH
        self._number = 0
        self._descriptor = -1
        self._end = 0
        self._rotate_at = 0
        self._unsynced: list[int] = []  # descriptors of former segments
        self._synced_to = (0, 0)
        self._unwritten: list[bytes] = []  # frames of entries that the disk did not take, in order
        self._full = False
        self._broken = ""  # why nothing may be reserved any more: what was written may not be there
        self._begin_segment()
        self._syncing = Syncing(self._sync, sync_ms / 1000)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        segment_bytes: int = SEGMENT_BYTES,
        sync_ms: int = SYNC_MS,
        clock: SteadyClock | None = None,
    ) -> Self:
        """A new writer's journal in `folder` (made if missing). Raises LedgerError where it cannot be written.

        `sync_ms`: how often what was written is made durable against a loss of power.
        """
        lock = -1
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            writer, lock = new_writer(folder)
            return cls(folder, writer, lock, segment_bytes=segment_bytes, sync_ms=sync_ms, clock=clock or SteadyClock())
        except OSError as error:
            if lock >= 0:
                os.close(lock)  # the keeper finds a dead writer without entries, and clears it away
            raise LedgerError(disk_refused(folder, error)) from error

    @property
    def open_calls(self) -> int:
        """Calls that are reserved and not settled."""
        return len(self._running)

    @property
    def trouble(self) -> str:
        """Why calls cannot be reserved now, as far as is known; "" if they can."""
        if self._broken:
            return self._broken
        if self._unwritten:
            return f"{len(self._unwritten)} settlements wait in memory: free some disk space for {self._folder}"
        return ""

    def reserve(self, reservation: Reservation) -> None:
        """Note that a call is about to be made. Raises LedgerError where it cannot be: then it must not be made."""
        with self._mutex:
            if self._broken:
                raise LedgerError(self._broken)
            if reservation.call in self._running:
                raise LedgerError(f"call {reservation.call} is reserved already")
            entering.check(reservation)
            reserved = Reserved(self._clock.now(), reservation)
            try:
                content = frame(encode_reserved(reserved))
            except (ValueError, OverflowError) as error:
                raise LedgerError(f"call {reservation.call!a} cannot be reserved: {error}") from error
            try:
                self._write_unwritten()
                self._append(content)
            except OSError as error:
                raise LedgerError(disk_refused(self._folder, error)) from error
            self._running[reservation.call] = _Running(reserved)
            self._rotate_if_full()

    def mark(self, call: str, usage: Usage, cost: int = 0) -> None:
        """Note what a running call has used by now and what that costs (nano): if we die, it is settled so.

        A mark that the disk does not take, or that nobody can believe, is left out: the next one, or the settlement,
        tells the same and more.
        Raises LedgerError for a call that is not open.
        """
        with self._mutex:
            running = self._found(call)
            if not entering.believable(usage, cost):
                return
            running.mark = entering.mark(self._clock.now(), call, usage, cost)
            if self._unwritten:
                return
            try:
                self._append(frame(encode_marked(running.mark)))
            except OSError as error:
                self._refused(error)
                return
            self._rotate_if_full()

    def settle(self, settlement: Settlement) -> Entry:
        """Enter how a reserved call ended: once, for good. The entry is returned.

        Counts that nobody can believe are not booked: then what was marked last is. A full disk raises nothing: see
        `trouble`. Raises LedgerError for a call that is not open.
        """
        with self._mutex:
            running = self._found(settlement.call)
            believed = entering.believed(settlement, running.mark)
            if believed is not settlement:
                told = f"{settlement.usage} at {settlement.cost} nano"
                logger.error("call %s is settled at its last mark: %s is absurd", settlement.call, told)
            try:
                entry = entering.enter(self.writer, self._sequence + 1, running.reserved, self._clock.now(), believed)
                content = entry_bytes(entry)
            except (ValueError, OverflowError) as error:
                raise LedgerError(f"call {settlement.call} cannot be settled so: {error}") from error
            link = chained(self._head, content)
            self._unwritten.append(frame(encode_entered(link, content)))
            del self._running[settlement.call]
            self._sequence, self._head = entry.sequence, link
            self._try_unwritten()
            self._rotate_if_full()
            return entry

    async def durable(self) -> None:
        """Wait until all that was written so far would survive a loss of power; one fdatasync serves all who wait.

        Raises LedgerError where it may not.
        """
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str] = loop.create_future()

        def tell(trouble: str) -> None:
            if not done.done():
                done.set_result(trouble)

        def tell_from_thread(trouble: str) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(tell, trouble)

        self._syncing.ask(tell_from_thread)
        trouble = await done
        if trouble:
            raise LedgerError(trouble)

    def close(self) -> None:
        """Make all durable and free the writer: calls that are still open will be settled as crashed."""
        self._syncing.stop()
        with self._mutex:
            if self._descriptor < 0:
                return
            if self._unwritten:
                logger.error(
                    "%d settlements are lost: their calls are settled at their last mark", len(self._unwritten)
                )
            os.close(self._descriptor)
            os.close(self._lock)
            self._descriptor = -1  # its number may be another file's soon: what comes late is refused

    def _found(self, call: str) -> _Running:
        running = self._running.get(call)
        if running is None:
            raise LedgerError(f"call {call} is not open: it was never reserved, or is settled already")
        return running

    def _append(self, content: bytes) -> None:
        """One write at the end. Raises OSError; what was half written is overwritten by the next one."""
        written = os.pwrite(self._descriptor, content, self._end)
        if written != len(content):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._end += written

    def _write_unwritten(self) -> None:
        while self._unwritten:
            self._append(self._unwritten[0])
            del self._unwritten[0]

    def _try_unwritten(self) -> None:
        try:
            self._write_unwritten()
        except OSError as error:
            self._refused(error)
            return
        if self._full:
            self._full = False
            logger.warning("the ledger's folder can be written again: calls are taken")

    def _refused(self, error: OSError) -> None:
        if not self._full:  # said once, not for each call
            self._full = True
            logger.error("%s; until then no call is taken", disk_refused(self._folder, error))

    def _rotate_if_full(self) -> None:
        if self._end < self._rotate_at or self._unwritten:
            return
        former = self._descriptor
        try:
            self._begin_segment()
        except OSError as error:
            self._rotate_at = self._end + self._segment_bytes // 8  # the former one serves on, for a while
            logger.warning("no new segment yet: %s", disk_refused(self._folder, error))
            return
        self._unsynced.append(former)

    def _begin_segment(self) -> None:
        """Write the next segment's beginning, with all calls that are open, and only then let it appear."""
        number = self._number + 1
        opening = Opening(FORM, self.writer, number, os.getpid(), self._clock.now(), self._sequence, self._head)
        frames = [frame(encode_opening(opening))]
        for running in self._running.values():
            frames.append(frame(encode_reserved(running.reserved)))
            if running.mark is not None:
                frames.append(frame(encode_marked(running.mark)))
        content = b"".join(frames)
        path = segment_path(self._folder, self.writer, number)
        trial = path.with_suffix(".new")
        descriptor = os.open(trial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            if os.write(descriptor, content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.rename(trial, path)
        except OSError:
            os.close(descriptor)
            trial.unlink(missing_ok=True)
            raise
        self._number, self._descriptor, self._end = number, descriptor, len(content)
        self._rotate_at = max(self._segment_bytes, 2 * len(content))

    def _sync(self) -> str:
        """Write what waits and make all durable, for the background; what is wrong, "" if nothing."""
        with self._mutex:
            if self._unwritten:
                self._try_unwritten()
            trouble = self.trouble
            position = (self._number, self._end)
            if position == self._synced_to:
                return trouble
            former, self._unsynced = self._unsynced, []
            descriptors = [*former, os.dup(self._descriptor)]
        try:
            for descriptor in descriptors:
                os.fdatasync(descriptor)
            self._synced_to = position
        except OSError as error:
            # What the kernel could not write it forgets: a later fdatasync that succeeds would prove nothing.
            self._broken = disk_refused(self._folder, error) + "; then start again"
            logger.error("%s", self._broken)
        finally:
            for descriptor in descriptors:
                os.close(descriptor)
        return self._broken or trouble
