"""The kinds of jobs of this room, as the runner of all jobs takes them."""

import asyncio
from functools import partial

from pleiade.finetuning.house import House, house_of
from pleiade.finetuning.work import check_files, give_up, give_up_running, train_next
from pleiade.jobs.bench import Bench
from pleiade.jobs.queue import Job
from pleiade.settings import load_settings


async def run_files(job: Job, bench: Bench, stop: asyncio.Event) -> bool:
    """Check the files of one job. Raises StoreError, ObjectsError: another try can go on then."""
    await asyncio.to_thread(check_files, _house(bench), str(job.payload["job"]))
    return True


async def run_training(job: Job, bench: Bench, stop: asyncio.Event) -> bool:
    """Train whose turn it is; False where the runner ends before the training does."""
    return await asyncio.to_thread(partial(train_next, _house(bench), stop.is_set))


async def give_up_files(job: Job, bench: Bench, why: str) -> None:
    """The job whose files were looked at failed. Raises StoreError."""
    await asyncio.to_thread(give_up, _house(bench), str(job.payload["job"]), why)


async def give_up_training(job: Job, bench: Bench, why: str) -> None:
    """The job that was in training here failed: a piece of work names none. Raises StoreError."""
    await asyncio.to_thread(give_up_running, _house(bench), why)


def _house(bench: Bench) -> House:
    return house_of(load_settings(), bench.db, bench.contents)
