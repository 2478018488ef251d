"""The keeper of a home's books: ships journals to the database, settles what dead processes left open, seals each hour.

It can be killed at any moment and loses nothing: what it knows is in the journals and in the database.
"""

import fcntl
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import sqlalchemy as sa

from pleiade.ledger.clock import wall_ms
from pleiade.ledger.errors import LedgerError
from pleiade.ledger.recovery import Tell, recover, untold
from pleiade.ledger.seals import HOUR_MS, last_sealed_ms, seal
from pleiade.ledger.segments import lock_path, segment_path, segments_of, sync_folder, take_over, writers_in
from pleiade.ledger.shipping import Shipment, Shipper, shipped_of
from pleiade.ledger.tail import JournalTail

BATCH = 2000  # entries in one transaction: about 50 ms of SQLite's one writer
BIRTH_S = 60.0  # a writer's lock has its name a moment after it is made

logger = logging.getLogger(__name__)


class KeeperBusyError(Exception):
    """Another keeper has this home."""


class _Followed:
    """One writer: its journal as far as it was read, and its lock once its process is gone."""

    def __init__(self, folder: Path, writer: str) -> None:
        self.tail = JournalTail(folder, writer)
        self.lock: int | None = None  # None = it lives, as far as we know
        self.complete = False  # read to its end, after its death

    def close(self) -> None:
        """Let go of its files."""
        self.tail.close()
        if self.lock is not None:
            os.close(self.lock)
            self.lock = None


class Keeper:
    """Keeps the books of one folder of journals in one database, a `turn` at a time."""

    def __init__(
        self, folder: Path, db: sa.Engine, *, now_ms: Callable[[], int] = wall_ms, tell: Tell = untold
    ) -> None:
        """Take the folder. `tell` knows what the calls of dead processes used (see `recover`).

        Raises KeeperBusyError where another keeper has it, OSError.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._db = db
        self._now_ms = now_ms
        self._tell = tell
        self._lock = os.open(folder / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise KeeperBusyError(f"another keeper keeps the books in {folder}: one is enough") from None
        self._shipper = Shipper(db)
        self._followed: dict[str, _Followed] = {}
        self._batch: list[Shipment] = []  # read and not yet shipped
        self._sealed_hour = -1
        self._told: set[str] = set()
        self._clear_unborn()

    @property
    def living(self) -> int:
        """Writers whose processes run, as seen in the last turn."""
        return sum(1 for followed in self._followed.values() if followed.lock is None)

    def turn(self) -> int:
        """Ship what there is now, at most one batch; how many entries it looked at (0: there are no more now).

        Raises StoreError where the database is away: the same batch is shipped by the next turn. Raises OSError.
        """
        if not self._batch:
            self._gather()
        shipped = sum(len(shipment.entered) for shipment in self._batch)
        if self._batch:
            self._shipper.ship(self._batch)
            ended = [shipment.writer for shipment in self._batch if shipment.ended]
            self._batch = []
            self._clear_away(ended)
        self._seal()
        return shipped

    def close(self) -> None:
        """Let go of the folder."""
        for followed in self._followed.values():
            followed.close()
        os.close(self._lock)

    def _gather(self) -> None:
        """Read the next entries of all writers into the batch, and make them durable in their journals."""
        names = writers_in(self._folder)
        most = max(1, BATCH // max(1, len(names)))  # of one writer, so that none waits for another
        for writer in names:
            if writer not in self._followed:
                self._followed[writer] = _Followed(self._folder, writer)
            followed = self._followed[writer]
            try:
                if followed.lock is None:
                    followed.lock = self._taken_over(writer)
                entered = followed.tail.read(most, ended=followed.lock is not None)
            except (LedgerError, OSError) as error:  # one journal that cannot be read holds up no other
                self._tell_once(f"the journal of {writer} waits: {error}")
                continue
            complete = followed.lock is not None and len(entered) < most
            if entered:
                followed.tail.sync()
            if entered or complete:
                self._batch.append(Shipment(writer, entered, complete))

    def _taken_over(self, writer: str) -> int | None:
        """The lock of a dead writer, whose open calls are settled now; None while it lives."""
        lock = take_over(self._folder, writer)
        if lock is None:
            return None
        try:
            recover(self._folder, writer, shipped_of(self._db, writer), self._tell)
        except BaseException:
            os.close(lock)
            raise
        return lock

    def _tell_once(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            logger.error("%s", message)

    def _clear_away(self, ended: list[str]) -> None:
        """Delete the segments that were read to their end and shipped, and writers that are gone."""
        for writer, followed in self._followed.items():
            tail = followed.tail
            old = [n for n in segments_of(self._folder, writer) if n < tail.number or writer in ended]
            if not old:
                continue
            tail.sync()  # the segment that goes on from there must be safe first
            sync_folder(self._folder)
            for number in old:
                path = segment_path(self._folder, writer, number)
                if number in tail.damaged:
                    path.rename(path.with_suffix(".damaged"))  # for whoever wants to know what it was
                else:
                    path.unlink()
        for writer in ended:
            for trial in self._folder.glob(f"{writer}.*.new"):
                trial.unlink()
            lock_path(self._folder, writer).unlink(missing_ok=True)
            self._followed.pop(writer).close()

    def _seal(self) -> None:
        hour = self._now_ms() // HOUR_MS
        if hour <= self._sealed_hour:
            return
        if last_sealed_ms(self._db) // HOUR_MS < hour:
            seal(self._db, self._now_ms())
        self._sealed_hour = hour

    def _clear_unborn(self) -> None:
        """Remove what writers left that died before they were born."""
        for path in self._folder.glob(".*.lock"):
            if time.time() - path.stat().st_mtime < BIRTH_S:
                continue
            descriptor = os.open(path, os.O_RDWR)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
            except BlockingIOError:
                logger.warning("%s is held by a process that does not go on", path.name)
            finally:
                os.close(descriptor)
