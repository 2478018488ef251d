"""A lesson followed as a job of the queue, step by step, for days if need be: its state is in the database."""

import asyncio
import time
from collections.abc import Sequence

import aiohttp
import msgspec

from pleiade.files.errors import InvalidError, NotFoundError
from pleiade.finetuning.errors import RefusedError
from pleiade.finetuning.house import House, house_of
from pleiade.jobs.bench import Bench
from pleiade.jobs.queue import Job
from pleiade.lessons import records, steps, trying
from pleiade.lessons.deciding import fails_gate
from pleiade.lessons.gate import Outcome
from pleiade.lessons.nouns import OVER, LessonSide, Stored
from pleiade.registry import RegistryError
from pleiade.settings import load_settings

LOOK_S = 1.0  # between two looks at a lesson
TURN_S = 60.0  # of a lesson; then others have one
AT_ONCE = 32  # texts that the moderation model is shown together


async def run_lesson(job: Job, bench: Bench, stop: asyncio.Event) -> bool:
    """Take a lesson further, until it is over or its turn is; whether it is over. Raises StoreError, ObjectsError."""
    house = house_of(load_settings(), bench.db, bench.contents)
    ends = time.monotonic() + TURN_S
    while not stop.is_set() and time.monotonic() < ends:
        stored = await bench.read(records.load, str(job.payload["lesson"]))
        if stored is None or stored.lesson.state in OVER:
            return True
        await advance(bench, house, stored)
        try:
            await asyncio.wait_for(stop.wait(), LOOK_S)
        except TimeoutError:
            continue
    return False


async def give_up_lesson(job: Job, bench: Bench, why: str) -> None:
    """The lesson failed, and its candidate answers no more."""
    house = house_of(load_settings(), bench.db, bench.contents)
    stored = await bench.read(records.load, str(job.payload["lesson"]))
    if stored is not None and stored.lesson.state not in OVER:
        await asyncio.to_thread(trying.clear, house, stored, why)


async def advance(bench: Bench, house: House, stored: Stored) -> None:
    """One step, or nothing where it is not time yet. What a person has to mend ends the lesson, with the reason."""
    try:
        if stored.wish:
            await asyncio.to_thread(trying.promote if stored.wish == "promote" else trying.roll_back, house, stored)
            return
        match stored.lesson.state:
            case "dataset":
                await asyncio.to_thread(steps.make_dataset, house, stored)
            case "training":
                await asyncio.to_thread(steps.follow_training, house, stored)
            case "gating":
                await _gate(bench, house, stored)
            case _:
                await asyncio.to_thread(trying.watch, house, stored)
    except (InvalidError, NotFoundError, RefusedError, RegistryError) as error:
        await asyncio.to_thread(trying.clear, house, stored, str(error))


async def _gate(bench: Bench, house: House, stored: Stored) -> None:
    lesson = stored.lesson
    outcomes = await asyncio.to_thread(steps.gate_outcomes, house, lesson)
    if outcomes is None:
        return
    assert lesson.candidate is not None
    incumbent = await _measured(bench, house, stored, lesson.incumbent, outcomes[0])
    candidate = await _measured(bench, house, stored, lesson.candidate, outcomes[1])
    if why := fails_gate(incumbent, candidate, lesson.margin):
        await bench.write(records.change, lesson.id, incumbent=incumbent, candidate=candidate)
        await bench.write(trying.condemn, lesson.id, why)
        return
    await asyncio.to_thread(trying.begin_canary, house, stored, incumbent, candidate)


async def _measured(bench: Bench, house: House, stored: Stored, side: LessonSide, outcome: Outcome) -> LessonSide:
    flagged = await _flagged(bench, stored, await asyncio.to_thread(steps.moderator, house), outcome.answers)
    return msgspec.structs.replace(side, gate=round(outcome.figure, 6), graded=outcome.rows, flagged=flagged)


async def _flagged(bench: Bench, stored: Stored, moderator: str, texts: Sequence[str]) -> int | None:
    """How many texts the moderation model finds harmful; None where it cannot be asked."""
    if not moderator:
        return None
    count = 0
    for at in range(0, len(texts), AT_ONCE):
        body = msgspec.json.encode({"model": moderator, "input": list(texts[at : at + AT_ONCE])})
        try:
            answer = await bench.post("/v1/moderations", body, stored.plan.principal, {})
        except (aiohttp.ClientError, TimeoutError, OSError):
            return None
        if answer.status != 200:
            return None
        count += sum(bool(result["flagged"]) for result in msgspec.json.decode(answer.body)["results"])
    return count
