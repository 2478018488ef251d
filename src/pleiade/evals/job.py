"""A run of an eval as a job of the queue: calls go to the public API; those that fail for a while are made again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
import sqlalchemy as sa

from pleiade.domain import Principal
from pleiade.evals import records
from pleiade.evals.nouns import EvalApiError, EvalRun
from pleiade.evals.running import KIND, Refused, Runner
from pleiade.jobs import queue
from pleiade.jobs.bench import Bench
from pleiade.jobs.queue import Job

BUSY = frozenset({408, 409, 429, 500, 502, 503, 504})
TRIES = 8
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 30.0


async def run_eval(job: Job, bench: Bench, stop: asyncio.Event) -> bool:
    """Grade what is left until `stop`; whether the run is over. Raises StoreError: another attempt goes on then."""
    payload = msgspec.convert(job.payload, Payload)
    ask = _Caller(bench, payload.principal)
    runner = Runner(bench.db, bench.contents, job.project, ask, payload.embedder)
    running = asyncio.create_task(runner.run(payload.run))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
            return True
    finally:
        for task in (running, stopping):
            task.cancel()
        await asyncio.gather(running, stopping, return_exceptions=True)
    found = await bench.read(records.run_of, payload.run)
    return found is None or records.is_over(found[0].status)


async def give_up_eval(job: Job, bench: Bench, why: str) -> None:
    """The run failed. Raises StoreError."""
    found = await bench.read(records.run_of, msgspec.convert(job.payload, Payload).run)
    if found is not None:
        run = msgspec.structs.replace(found[0], status="failed", error=EvalApiError("server_error", why))
        await bench.write(records.update_run, run)


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """What a job of this kind carries."""

    run: str
    principal: dict[str, Any]  # who asked for it: their key, project and organisation pay
    embedder: str = ""  # a deployment that embeds, for graders that compare by meaning; "" = there is none


def enqueue_run(connection: sa.Connection, principal: Principal, embedder: str, run: EvalRun) -> None:
    """Keep a new run of an eval of the principal's project, and have it run."""
    payload = Payload(run=run.id, principal=msgspec.to_builtins(principal), embedder=embedder)
    job = queue.enqueue(
        connection,
        kind=KIND,
        organisation=principal.organisation,
        project=principal.project,
        payload=msgspec.to_builtins(payload),
    )
    records.insert_run(connection, run, job)


class _Caller:
    """The public API, on behalf of whoever created the run."""

    def __init__(self, bench: Bench, principal: dict[str, Any]) -> None:
        self._bench = bench
        self._principal = principal

    async def __call__(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer. Raises Refused, also where the house stays busy or broken for long."""
        wait_s = FIRST_WAIT_S
        problem = Refused(503, "nobody answered")
        for _ in range(TRIES):
            try:
                answer = await self._bench.post(path, msgspec.json.encode(body), self._principal, {})
            except (aiohttp.ClientError, TimeoutError, OSError) as error:
                problem = Refused(503, f"the gateway did not answer ({type(error).__name__})")
            else:
                if answer.status == 200:
                    told: dict[str, Any] = msgspec.json.decode(answer.body)
                    return told
                problem = Refused(answer.status, _message(answer.body))
                if answer.status not in BUSY:
                    break
                wait_s = max(wait_s, answer.retry_after_s)
            await asyncio.sleep(min(wait_s, LONGEST_WAIT_S) * random.uniform(0.5, 1.0))
            wait_s *= 2
        raise problem


def _message(body: bytes) -> str:
    try:
        return str(msgspec.json.decode(body)["error"]["message"])
    except (ValueError, TypeError, KeyError):
        return body[:200].decode("utf-8", "replace")
