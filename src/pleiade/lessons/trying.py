"""The candidate on trial: its share of the calls, people's ratings of both, and the end, either way."""

import time
from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pleiade.domain import ModelFormat, Traffic
from pleiade.feedback.nouns import Verdict
from pleiade.feedback.reading import count_verdicts
from pleiade.finetuning import records as jobs
from pleiade.finetuning import stopping
from pleiade.finetuning.house import House
from pleiade.finetuning.nouns import ENDED
from pleiade.lessons import records
from pleiade.lessons.acting import actor_of
from pleiade.lessons.deciding import fails_canary, stands, wilson
from pleiade.lessons.nouns import Lesson, LessonSide, Stored
from pleiade.lessons.starting import names_of
from pleiade.lessons.steps import drop_checkpoints, there
from pleiade.registry import RegistryError, deploy, get_deployment, get_model, set_traffic, undeploy
from pleiade.tenancy.audit import recorder


def begin_canary(house: House, stored: Stored, incumbent: LessonSide, candidate: LessonSide) -> None:
    """Send the candidate its share of the calls. Raises RegistryError where that cannot be."""
    lesson = stored.lesson
    if lesson.percent:
        drained = get_deployment(house.db, lesson.deployment).traffic.drained
        traffic = Traffic(drained=drained, canary=candidate.deployment, percent=lesson.percent)
        _steer(house, stored, traffic)
    reason = (
        f"The candidate answers {lesson.percent} % of the calls for {lesson.deployment}."
        if lesson.percent
        else f"The candidate passed the gate and waits for a decision: {candidate.gate or 0:.3f} beside "
        f"{incumbent.gate or 0:.3f}."
    )
    house.write(
        records.change,
        lesson.id,
        state="canary" if lesson.percent else "waiting",
        canary_since=time.time_ns() // 1000,
        incumbent=incumbent,
        candidate=candidate,
        reason=reason,
    )


def watch(house: House, stored: Stored) -> None:
    """Count ratings; a candidate that is clearly worse is to be rolled back, one that was rated enough waits."""
    lesson = stored.lesson
    assert lesson.candidate is not None
    mine, theirs = names_of(house.db, lesson.deployment), (lesson.candidate.deployment,)
    counts = house.read(count_verdicts, lesson.project_id, (*mine, *theirs), lesson.canary_since)
    incumbent, candidate = _rated(lesson.incumbent, mine, counts), _rated(lesson.candidate, theirs, counts)
    why = fails_canary(incumbent, candidate)
    fields: dict[str, object] = {}
    if (incumbent, candidate) != (lesson.incumbent, lesson.candidate):
        fields = {"incumbent": incumbent, "candidate": candidate}
    if not why and lesson.percent and candidate.up + candidate.down >= lesson.ratings:
        told = stands(incumbent, candidate)
        if lesson.state != "waiting" or told != lesson.reason:
            fields |= {"state": "waiting", "reason": told}
    if fields:
        house.write(records.change, lesson.id, **fields)
    if why:
        house.write(condemn, lesson.id, why)


def condemn(connection: sa.Connection, identifier: str, why: str) -> None:
    """By the rules the candidate is to be rolled back, unless a person was faster."""
    if records.decide(connection, identifier, "rollback"):
        records.change(connection, identifier, reason=why)


def promote(house: House, stored: Stored) -> None:
    """Have the deployment serve what the candidate serves, and take the candidate away. No call finds nobody meanwhile.

    Raises RegistryError where the deployment serves something else by now.
    """
    lesson = stored.lesson
    assert lesson.candidate is not None
    model = lesson.candidate.model
    now = get_deployment(house.db, lesson.deployment)
    if now.model != model:
        require_unchanged(now.model, lesson)
        trained = get_deployment(house.db, lesson.candidate.deployment)
        adapter = get_model(house.db, model).format is ModelFormat.ADAPTER
        act = recorder(actor_of(stored), "deployment.updated", now.name, model=model, lesson=lesson.id)
        deploy(
            house.db,
            now.name,
            model=model,
            engine=trained.engine,
            aliases=now.aliases,
            options=now.options if adapter else trained.options,  # an adapter stays in the engine that runs
            record=act,
        )
    _take_away(house, stored)
    reason = f"{lesson.deployment} serves {model} now; `pleiade rollback {lesson.deployment}` is the way back."
    house.write(records.change, lesson.id, state="promoted", reason=reason)


def require_unchanged(serves: str, lesson: Lesson) -> None:
    """Raises RegistryError where the deployment was given another model since the lesson began."""
    if serves != lesson.incumbent.model:
        raise RegistryError(
            f"{lesson.deployment} serves {serves} by now, and the candidate was compared with "
            f"{lesson.incumbent.model}: roll the lesson back, and begin a new one"
        )


def roll_back(house: House, stored: Stored) -> None:
    """Take the candidate away, wherever the lesson stands; what serves stays as it is."""
    lesson = stored.lesson
    job = house.read(jobs.load, lesson.job_id) if lesson.job_id else None
    if job is not None and job.job.status not in ENDED:
        if job.wish != "cancel":
            house.write(stopping.cancel, lesson.project_id, lesson.job_id)
        return  # once it has ended it is known whether it left a model
    _take_away(house, stored)
    house.write(records.change, lesson.id, state="rolled_back")


def clear(house: House, stored: Stored, why: str) -> None:
    """The lesson cannot go on: nothing of it answers any more."""
    _take_away(house, stored)
    house.write(records.change, stored.lesson.id, state="failed", reason=f"{why[:1].upper()}{why[1:].rstrip('.')}.")


def _take_away(house: House, stored: Stored) -> None:
    lesson = stored.lesson
    name = lesson.candidate.deployment if lesson.candidate is not None else _trained(house, stored)
    if not name:
        return
    if there(house, lesson.deployment):
        traffic = get_deployment(house.db, lesson.deployment).traffic
        if traffic.canary == name:
            _steer(house, stored, Traffic(drained=traffic.drained))
    if there(house, name):
        undeploy(house.db, name, record=recorder(actor_of(stored), "deployment.deleted", name, lesson=lesson.id))


def _trained(house: House, stored: Stored) -> str:
    """What the job left before its lesson heard of it; "" = nothing."""
    job = house.read(jobs.load, stored.lesson.job_id) if stored.lesson.job_id else None
    if job is None or not job.job.fine_tuned_model:
        return ""
    drop_checkpoints(house, stored, job)
    return job.job.fine_tuned_model


def _steer(house: House, stored: Stored, traffic: Traffic) -> None:
    name = stored.lesson.deployment
    told = {"drained": traffic.drained, "canary": traffic.canary, "percent": traffic.percent}
    set_traffic(
        house.db,
        name,
        traffic,
        record=recorder(actor_of(stored), "deployment.updated", name, lesson=stored.lesson.id, **told),
    )


def _rated(side: LessonSide, names: Sequence[str], counts: Mapping[tuple[str, Verdict], int]) -> LessonSide:
    verdicts: tuple[Verdict, ...] = ("up", "down")
    up, down = (sum(counts.get((name, verdict), 0) for name in names) for verdict in verdicts)
    low, high = wilson(down, up + down)
    return msgspec.structs.replace(side, up=up, down=down, down_low=round(low, 4), down_high=round(high, 4))
