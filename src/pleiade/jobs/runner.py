"""Takes jobs from the queue and runs them, as many at once as their kinds allow, for as long as it has their leases."""

import asyncio
import logging
from collections.abc import Mapping

import sqlalchemy as sa

from pleiade.jobs import queue
from pleiade.jobs.bench import Bench
from pleiade.jobs.kinds import MOST_AT_ONCE, Run
from pleiade.jobs.queue import Job, JobError
from pleiade.store import StoreError

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5
RENEW_EVERY_S = 2.0
GRACE_S = 1.0  # that a job has to come to an end when the runner does
AGAIN_S = 15.0  # after something broke that is no fault of the job's


class Runner:
    """One process has one. `name` is the same in its next life, which then takes up at once what this one left."""

    def __init__(
        self, bench: Bench, name: str, kinds: Mapping[str, Run], *, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._bench = bench
        self._name = name
        self._kinds = kinds
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
        try:
            over = await self._kinds[job.kind](job, self._bench, stop)
        except JobError as error:
            await self._try_to_end(job, error=str(error))
        except Exception:
            logger.exception("job %s broke off, and is taken up again", job.id)
            await self._try_to_give_back(job, later_s=AGAIN_S)
        else:
            await (self._try_to_end(job) if over else self._try_to_give_back(job, later_s=0.0))

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

    async def _try_to_end(self, job: Job, error: str = "") -> None:
        try:
            now = await self._bench.read(queue.find, job.id)
            state: queue.State = "failed" if error else "cancelled" if now is not None and now.stop else "done"
            await self._bench.write(queue.finish, job.id, self._name, state, error)
        except (StoreError, sa.exc.SQLAlchemyError) as trouble:
            logger.error("the end of %s cannot be written, so it is taken up again: %s", job.id, trouble)

    async def _try_to_give_back(self, job: Job, later_s: float) -> None:
        try:
            await self._bench.write(queue.release, job.id, self._name, later_s=later_s)
        except (StoreError, sa.exc.SQLAlchemyError) as trouble:
            logger.error("%s waits for its lease to end: %s", job.id, trouble)


async def _either(event: asyncio.Event, seconds: float) -> None:
    """Until the event, or for so long."""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return
