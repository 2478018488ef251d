"""A batch from its first look at the input to its files. Whatever dies on the way, the next run goes on from there."""

import asyncio
import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.files import making
from pleiade.files import records as file_records
from pleiade.files.errors import NotFoundError
from pleiade.files.nouns import MB, PURPOSE_MB, Kept
from pleiade.jobs.batch import lines, records
from pleiade.jobs.batch.asking import Asking
from pleiade.jobs.batch.input import Checked, Line, check, read_lines
from pleiade.jobs.batch.lines import Result
from pleiade.jobs.batch.nouns import Batch, BatchError, BatchErrors, Counts, Payload
from pleiade.jobs.batch.output import LEFT, UsageSum, bad_lines, file_id, good, good_lines
from pleiade.jobs.batch.records import Stored
from pleiade.jobs.bench import Bench
from pleiade.jobs.queue import Job
from pleiade.store import reading

logger = logging.getLogger(__name__)

GATHER_S = 0.2  # results of that long are written in one transaction


async def run_batch(job: Job, bench: Bench, stop: asyncio.Event) -> bool:
    """Bring a batch to its end, if nobody ends the runner before; whether it is over.

    Raises StoreError, ObjectsError: another run can go on then.
    """
    payload = msgspec.convert(job.payload, Payload)
    stored = await bench.read(records.load, payload.batch)
    if stored is None:
        return True
    batch = stored.batch
    if batch.status == "validating":
        batch = await _validate(bench, stored)
    if batch.status == "in_progress":
        try:
            batch = await _work(bench, stored, batch, payload.principal, job.attempts, stop)
        except NotFoundError as error:
            return await _finish(bench, stored, batch, gone=str(error))
    if batch.status in ("in_progress", "finalizing", "cancelling"):
        return await _finish(bench, stored, batch)
    return True


async def give_up_batch(job: Job, bench: Bench, why: str) -> None:
    """It failed, with the answers that it has. Raises as `run_batch` does, where not even these can be written."""
    stored = await bench.read(records.load, msgspec.convert(job.payload, Payload).batch)
    if stored is None:
        return
    batch = stored.batch
    if batch.status == "validating":
        await _fail(bench, batch, (BatchError(code="server_error", message=why),))
    elif batch.status in ("in_progress", "finalizing", "cancelling"):
        try:
            await _finish(bench, stored, batch, gone=why, code="server_error")
        except Exception:  # what broke it may be what it has
            logger.exception("the answers of %s are lost", batch.id)
            await _fail(bench, batch, (BatchError(code="server_error", message=why),))


async def _validate(bench: Bench, stored: Stored) -> Batch:
    batch = stored.batch
    try:
        kept = await bench.read(file_records.find, stored.project, batch.input_file_id)
    except NotFoundError as error:
        return await _fail(bench, batch, (BatchError(code="missing_input_file", message=str(error)),))
    if kept.file.bytes > PURPOSE_MB["batch"] * MB:  # one that came for another purpose
        said = f"The input file has more than {PURPOSE_MB['batch']} MB: cut it up."
        return await _fail(bench, batch, (BatchError(code="file_too_large", message=said),))
    found = await asyncio.to_thread(_check, bench, kept, batch)
    if found.errors:
        return await _fail(bench, batch, found.errors)
    return await bench.write(
        records.change,
        batch.id,
        status="in_progress",
        in_progress_at=int(time.time()),
        model=found.model or None,
        request_counts=Counts(total=found.total),
    )


def _check(bench: Bench, kept: Kept, batch: Batch) -> Checked:
    with bench.contents.open(kept) as stream:
        return check(stream, batch.path)


async def _fail(bench: Bench, batch: Batch, errors: tuple[BatchError, ...]) -> Batch:
    return await bench.write(
        records.change, batch.id, status="failed", failed_at=int(time.time()), errors=BatchErrors(data=errors)
    )


async def _work(
    bench: Bench, stored: Stored, batch: Batch, principal: dict[str, Any], attempt: int, stop: asyncio.Event
) -> Batch:
    """Ask for what has no result yet."""
    kept = await bench.read(file_records.find, stored.project, batch.input_file_id)
    statuses = await bench.read(lines.known, batch.id)
    asking = Asking(bench, batch.id, batch.path, principal, attempt)
    ended = asyncio.Event()
    keeping = asyncio.create_task(_keep_results(bench, batch, asking, statuses, ended))
    tasks = [keeping]
    try:
        with bench.contents.open(kept) as stream:
            requests = (line for line in read_lines(stream, batch.path) if line.number not in statuses)
            until = batch.expires_at or 0
            working = asyncio.create_task(asking.run(requests, stop, until))
            tasks.append(working)
            done, _ = await asyncio.wait((working, keeping), return_when=asyncio.FIRST_COMPLETED)
            if keeping in done:  # the database is away: no more lines are asked for
                working.cancel()
                await asyncio.gather(working, return_exceptions=True)
                keeping.result()
            working.result()
            ended.set()
            await keeping
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return await _write_results(bench, batch, asking, statuses)


async def _keep_results(
    bench: Bench, batch: Batch, asking: Asking, statuses: dict[int, int], ended: asyncio.Event
) -> None:
    """Write results until `ended`, and what has come by then: nobody reads them while they are being written."""
    while not ended.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), GATHER_S)
        await _write_results(bench, batch, asking, statuses)


async def _write_results(bench: Bench, batch: Batch, asking: Asking, statuses: dict[int, int]) -> Batch:
    """Write what has come down, and how far the batch is."""
    fresh: list[Result] = []
    while not asking.results.empty():
        fresh.append(asking.results.get_nowait())
    statuses.update({result.number: result.status for result in fresh})
    completed = sum(map(good, statuses.values()))
    counts = Counts(total=batch.request_counts.total, completed=completed, failed=len(statuses) - completed)

    def write(connection: sa.Connection) -> Batch:
        for result in fresh:
            lines.keep_result(connection, batch.id, result)
        return records.change(connection, batch.id, request_counts=counts)

    if not fresh:
        stored = await bench.read(records.load, batch.id)
        return stored.batch if stored is not None else batch
    return await bench.write(write)


async def _finish(
    bench: Bench, stored: Stored, batch: Batch, *, gone: str = "", code: str = "missing_input_file"
) -> bool:
    """Make the files, and let the batch be over; `gone`: why it fails with what it has, say without its input."""
    counts = batch.request_counts
    whole = counts.completed + counts.failed >= counts.total
    if batch.status == "in_progress" and not whole and not gone and time.time() < (batch.expires_at or 0):
        return False  # stopped by nobody but the runner's own end: the next run goes on
    end = "failed" if gone else "completed" if whole else "expired"
    batch = await bench.write(records.change, batch.id, status="finalizing", finalizing_at=int(time.time()))
    if batch.status == "cancelling":
        end = "cancelled"
    usage = UsageSum()
    changes: dict[str, Any] = {"status": end, f"{end}_at": int(time.time())}
    if gone:
        changes["errors"] = BatchErrors(data=(BatchError(code=code, message=gone),))
    if batch.in_progress_at is not None:
        changes |= await asyncio.to_thread(_make_files, bench, stored, batch, end, usage)

    def close(connection: sa.Connection) -> None:
        records.change(connection, batch.id, usage=usage.total, **changes)
        lines.forget(connection, batch.id)

    await bench.write(close)
    return True


def _make_files(bench: Bench, stored: Stored, batch: Batch, end: str, usage: UsageSum) -> dict[str, str]:
    """The ids of the output and the error file, where there is a line for them; adds up what the answers used."""
    counts = batch.request_counts
    kept: Kept | None = None
    with reading(bench.db) as connection, suppress(NotFoundError):
        kept = file_records.find(connection, stored.project, batch.input_file_id)
    with reading(bench.db) as connection:
        for result in lines.results(connection, batch.id):
            if good(result.status):
                usage.add(result.body)
    made = {}
    left = counts.total - counts.completed - counts.failed if kept is not None and end in LEFT else 0
    wanted = {"output": counts.completed, "error": counts.failed + left}
    for which in (which for which, count in wanted.items() if count):
        file = making.make(
            bench.db,
            bench.contents,
            project=stored.project,
            identifier=file_id(batch.id, which),
            filename=f"{batch.id}_{which}.jsonl",
            purpose="batch_output",
            pieces=_pieces(bench, kept, batch, which, end),
            keep=stored.keep,
        )
        made[f"{which}_file_id"] = file.id
    return made


def _pieces(bench: Bench, kept: Kept | None, batch: Batch, which: str, end: str) -> Iterator[bytes]:
    with ExitStack() as stack:
        results = lines.results(stack.enter_context(reading(bench.db)), batch.id)
        if which == "output":
            yield from good_lines(batch.id, results)
            return
        requests: Iterator[Line] = iter(())
        if kept is not None:
            requests = read_lines(stack.enter_context(bench.contents.open(kept)), batch.path)
        yield from bad_lines(batch.id, results, requests, end)
