"""Takes jobs from the queue and runs them, as many at once as their kinds allow, for as long as it has their leases."""

import asyncio
import logging
import time
from collections.abc import Mapping

import sqlalchemy as sa

from pleiade.jobs import queue
from pleiade.jobs.bench import Bench
from pleiade.jobs.breaking import FIRST_S, MOST, broken_off, given_up, wait_s
from pleiade.jobs.kinds import MOST_AT_ONCE, GiveUp, Run
from pleiade.jobs.queue import Job, JobError
from pleiade.store import StoreError

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
RENEW_EVERY_S = 2.0
GRACE_S = 1.0  # that a job has to come to an end when the runner does


class Runner:
    """One process has one. `name` is the same in its next life, which then takes up at once what this one left."""

    def __init__(
        self,
        bench: Bench,
        name: str,
        kinds: Mapping[str, Run],
        give_ups: Mapping[str, GiveUp] | None = None,
        *,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        """`give_ups`: by kind, who tells of a job that is not tried any more."""
        self._bench = bench
        self._name = name
        self._kinds = kinds
        self._give_ups = give_ups or {}
        self._look_every_s = look_every_s
        self._running: dict[asyncio.Task[None], str] = {}  # and of which kind each is

    async def run(self, ended: asyncio.Event) -> None:
        """Work until `ended`; then give back what is under way. A database that is away is waited for."""
        reclaimed, failing = False, False
        while not ended.is_set():
            try:
                if not reclaimed:
                    await self._bench.write(queue.reclaim, self._name)
                    reclaimed = True
                while (job := await self._claim()) is not None:
                    task = asyncio.create_task(self._work(job, ended), name=f"job {job.id}")
                    self._running[task] = job.kind
                    task.add_done_callback(lambda done: self._running.pop(done, None))
                failing = False
            except (StoreError, sa.exc.SQLAlchemyError) as error:
                if not failing:
                    logger.error("jobs wait while the database is away: %s", error)
                failing = True
            await _either(ended, self._look_every_s)
        if self._running:
            await asyncio.wait(tuple(self._running))

    async def _claim(self) -> Job | None:
        counts = list(self._running.values())
        free = [kind for kind in self._kinds if counts.count(kind) < MOST_AT_ONCE.get(kind, 1)]
        return await self._bench.write(queue.claim, self._name, free) if free else None

    async def _work(self, job: Job, ended: asyncio.Event) -> None:
        stop = asyncio.Event()
        working = asyncio.create_task(self._run(job, stop), name=f"job {job.id} runs")
        holding = asyncio.create_task(self._hold(job, stop, ended), name=f"job {job.id} is held")
        await asyncio.wait((working, holding), return_when=asyncio.FIRST_COMPLETED)
        late = not working.done()  # the lease is lost, or the runner ends and the job does not
        if late:
            working.cancel()
        holding.cancel()
        await asyncio.gather(working, holding, return_exceptions=True)
        if late and ended.is_set():
            await self._try_to_give_back(job, later_s=0.0)

    async def _run(self, job: Job, stop: asyncio.Event) -> None:
        began = time.monotonic()
        try:
            over = await self._kinds[job.kind](job, self._bench, stop)
        except JobError as error:
            await self._try_to_give_up(job, str(error))
        except (StoreError, sa.exc.OperationalError) as error:  # no fault of the job's, and no count can be written
            logger.warning("job %s waits while the database is away: %s", job.id, error)
            await self._try_to_give_back(job, later_s=FIRST_S)
        except Exception as error:
            times, said = broken_off(job, error, ran_s=time.monotonic() - began)
            if times < MOST:
                logger.exception("job %s %s; it is taken up again in %.0f s", job.id, said, wait_s(times))
                await self._try_to_give_back(job, later_s=wait_s(times), why=said)
            else:
                logger.exception("job %s %s, and is given up", job.id, said)
                await self._try_to_give_up(job, given_up(said))
        else:
            # Its turn ended well: what broke off before it counts no more.
            await (self._try_to_end(job) if over else self._try_to_give_back(job, later_s=0.0, why=""))

    async def _hold(self, job: Job, stop: asyncio.Event, ended: asyncio.Event) -> None:
        """Renew the lease; hear that the job shall stop. Returns where the lease is lost, or it is time to end."""
        while True:
            await _either(ended, RENEW_EVERY_S)
            if ended.is_set():
                stop.set()
                await asyncio.sleep(GRACE_S)
                return
            try:
                found = await self._bench.write(queue.renew, job.id, self._name)
            except (StoreError, sa.exc.SQLAlchemyError) as error:
                logger.warning("the lease of %s cannot be renewed now: %s", job.id, error)
            else:
                if found is None:
                    return
                if found.stop:
                    stop.set()

    async def _try_to_give_up(self, job: Job, why: str) -> None:
        """The job failed. Who cannot even be told of it finds it in the queue's own row, and in the log."""
        tell = self._give_ups.get(job.kind)
        try:
            if tell is not None:
                await tell(job, self._bench, why)
        except Exception:
            logger.exception("whoever asked for job %s cannot be told that it failed", job.id)
        await self._try_to_end(job, error=why)

    async def _try_to_end(self, job: Job, error: str = "") -> None:
        try:
            now = await self._bench.read(queue.find, job.id)
            state: queue.State = "failed" if error else "cancelled" if now is not None and now.stop else "done"
            await self._bench.write(queue.finish, job.id, self._name, state, error)
        except (StoreError, sa.exc.SQLAlchemyError) as trouble:
            logger.error("the end of %s cannot be written, so it is taken up again: %s", job.id, trouble)

    async def _try_to_give_back(self, job: Job, later_s: float, why: str | None = None) -> None:
        try:
            await self._bench.write(queue.release, job.id, self._name, later_s=later_s, why=why)
        except (StoreError, sa.exc.SQLAlchemyError) as trouble:
            logger.error("%s waits for its lease to end: %s", job.id, trouble)


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Until the event, or for so long."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
