"""Asking for the lines of a batch: many at once, fewer where the house is busy, again where something broke."""

import asyncio
import random
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import msgspec

from pleiade.jobs.batch.input import Line
from pleiade.jobs.batch.lines import Result
from pleiade.jobs.batch.nouns import LINE
from pleiade.jobs.bench import Answer, Bench

MOST_AT_ONCE = 8
FIRST_WAIT_S, LONGEST_WAIT_S = 0.2, 30.0
BROKEN_TRIES = 5  # of a line whose engine breaks: what is merely busy is waited for until the window ends
_BUSY = frozenset({408, 429, 503, 504})
_BROKEN = frozenset({500, 502})


class Asking:
    """Works off lines until they end, `stop` is set, or the window ends; results go into `results`."""

    def __init__(self, bench: Bench, batch: str, path: str, principal: dict[str, Any], attempt: int) -> None:
        self._bench = bench
        self._batch = batch
        self._path = path
        self._principal = principal
        self._attempt = attempt
        self.results: asyncio.Queue[Result] = asyncio.Queue()
        self._most = MOST_AT_ONCE
        self._running = 0
        self._room = asyncio.Condition()

    async def run(self, requests: Iterator[Line], stop: asyncio.Event, until: float) -> None:
        """Ask for each line once; returns when none is under way any more. `until` is a Unix time."""
        async with asyncio.TaskGroup() as group:
            while not stop.is_set() and time.time() < until:
                await self._wait_for_room(stop)
                if stop.is_set():
                    return
                line = await asyncio.to_thread(next, requests, None)
                if line is None:
                    return
                self._running += 1
                group.create_task(self._work(line, stop, until))

    async def _wait_for_room(self, stop: asyncio.Event) -> None:
        async with self._room:
            while self._running >= self._most and not stop.is_set():
                try:
                    await asyncio.wait_for(self._room.wait(), 0.5)
                except TimeoutError:
                    continue

    async def _work(self, line: Line, stop: asyncio.Event, until: float) -> None:
        try:
            result = await self._result(line, stop, until)
            if result is not None:
                self.results.put_nowait(result)
        finally:
            async with self._room:
                self._running -= 1
                self._room.notify_all()

    async def _result(self, line: Line, stop: asyncio.Event, until: float) -> Result | None:
        """How the line ended; None where it did not."""
        if line.stream:
            return _refused(line, "Lines of batches are answered whole: leave 'stream' out.", "stream")
        broken, wait_s = 0, FIRST_WAIT_S
        again = self._attempt > 1
        while True:
            answer = await self._ask(line, again=again)
            if answer is not None and answer.status not in _BUSY | _BROKEN:
                self._more()
                return _result_of(line, answer)
            if answer is not None and answer.status in _BROKEN:
                broken += 1
                if broken >= BROKEN_TRIES:
                    return _result_of(line, answer)
            again = True
            self._fewer()
            told = answer.retry_after_s if answer is not None else 0.0
            pause = max(told, wait_s * random.uniform(0.5, 1.0))
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            if not await _pause(min(pause, LONGEST_WAIT_S), stop, until):
                return None

    async def _ask(self, line: Line, *, again: bool) -> Answer | None:
        headers = {LINE: f"{self._batch}/{line.number}/{2 if again else 1}"}
        try:
            return await self._bench.post(self._path, line.body, self._principal, headers)
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None  # the gateway is being started again, say

    def _more(self) -> None:
        self._most = min(MOST_AT_ONCE, self._most + 1)

    def _fewer(self) -> None:
        self._most = max(1, self._most // 2)


async def _pause(seconds: float, stop: asyncio.Event, until: float) -> bool:
    """Wait; False where there is no use in going on."""
    try:
        await asyncio.wait_for(stop.wait(), max(0.0, min(seconds, until - time.time())))
    except TimeoutError:
        return time.time() < until
    return False


def _refused(line: Line, message: str, param: str) -> Result:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": "invalid_value"}
    body = msgspec.json.encode({"error": error})
    return Result(number=line.number, custom_id=line.custom_id, status=400, request="", body=body)


def _result_of(line: Line, answer: Answer) -> Result:
    return Result(
        number=line.number,
        custom_id=line.custom_id,
        status=answer.status,
        request=answer.request,
        body=_json(answer),
    )


def _json(answer: Answer) -> bytes:
    """The answer's body, if it is JSON; some proxy's page as a text, else."""
    try:
        msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        return msgspec.json.encode(answer.body.decode("utf-8", "replace"))
    return answer.body
