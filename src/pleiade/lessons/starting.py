"""What a lesson would learn from, and a lesson begun."""

import secrets
import time
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import Deployment, Principal
from pleiade.feedback.nouns import Wanted
from pleiade.feedback.reading import read_through
from pleiade.files import records as files
from pleiade.finetuning.making import PURPOSE, TUNABLE, find_start
from pleiade.finetuning.rules import SEEDS, read_hyperparameters, read_suffix
from pleiade.jobs import queue
from pleiade.lessons import records
from pleiade.lessons.dataset import split
from pleiade.lessons.errors import InvalidError
from pleiade.lessons.examples import learn
from pleiade.lessons.gate import KIND as JOB
from pleiade.lessons.gate import run_to_repeat
from pleiade.lessons.nouns import (
    DEFAULTS,
    LEAST_EXAMPLES,
    METHODS,
    Kind,
    Learned,
    Lesson,
    LessonPlan,
    LessonSide,
    Stored,
)
from pleiade.registry import RegistryError, get_deployment, list_deployments
from pleiade.store import unit_of_work


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A lesson as asked for."""

    deployment: str
    kind: Kind
    percent: int
    margin: float
    ratings: int
    gate: str = ""  # id of an eval that was run before, or of a file of examples; "" = a part is kept aside
    hyperparameters: dict[str, Any] = {}
    suffix: str = ""
    seed: int | None = None
    since: int = 0  # Unix seconds: ratings from then on


def collect(db: sa.Engine, organisation: str, project: str, deployment: str, kind: Kind, since: int = 0) -> Learned:
    """What ratings of a deployment's answers in a project give to learn from. `since`: Unix seconds. May block."""
    wanted = Wanted(organisation=organisation, projects=(project,), since=since)
    return learn(kind, read_through(db, wanted, names_of(db, deployment)))


def names_of(db: sa.Engine, deployment: str) -> tuple[str, ...]:
    """Under what names its answers may be rated: its own, and its aliases."""
    found = next((one for one in list_deployments(db) if one.name == deployment), None)
    return (deployment, *(found.aliases if found is not None else ()))


def start(db: sa.Engine, asked: Asked, caller: Principal) -> Lesson:
    """Begin a lesson; the runner of jobs does the rest. Raises InvalidError and NotFoundError of files."""
    deployment = _teachable(db, asked.deployment)
    hyperparameters = read_hyperparameters(
        METHODS[asked.kind], {**DEFAULTS[asked.kind], **asked.hyperparameters}, "hyperparameters"
    )
    read_suffix(asked.suffix)
    learned = collect(db, caller.organisation, caller.project, asked.deployment, asked.kind, asked.since)
    _require_enough(learned, asked)
    lesson = Lesson(
        id=f"lesson_{secrets.token_hex(12)}",
        created_at=int(time.time()),
        project_id=caller.project,
        deployment=asked.deployment,
        kind=asked.kind,
        percent=asked.percent,
        margin=asked.margin,
        ratings=asked.ratings,
        gate=asked.gate,
        since=asked.since,
        incumbent=LessonSide(deployment=deployment.name, model=deployment.model),
    )
    plan = LessonPlan(
        principal=msgspec.to_builtins(caller),
        hyperparameters=hyperparameters,
        seed=secrets.randbelow(SEEDS) if asked.seed is None else asked.seed,
        suffix=asked.suffix,
    )
    stored = Stored(lesson=lesson, plan=plan, organisation=caller.organisation)
    try:
        with unit_of_work(db) as connection:
            find_start(connection, deployment.model, asked.deployment)
            _check_gate(connection, caller.project, asked.gate)
            records.insert(connection, stored)
            place = {"organisation": caller.organisation, "project": caller.project}
            queue.enqueue(connection, kind=JOB, payload={"lesson": lesson.id}, **place)
    except sa.exc.IntegrityError as error:
        message = f"Somebody began a lesson of {asked.deployment} at the same moment: `pleiade lessons` shows it."
        raise InvalidError(message, "deployment", "lesson_under_way") from error
    return lesson


def _teachable(db: sa.Engine, name: str) -> Deployment:
    """The deployment, where a candidate can stand beside it. Raises InvalidError."""
    try:
        deployment = get_deployment(db, name)
    except RegistryError as error:
        raise InvalidError(f"Invalid 'deployment': {error}.", "deployment", "not_found") from error
    if deployment.engine not in TUNABLE:
        raise InvalidError(
            f"Invalid 'deployment': {name} runs on {deployment.engine}, which serves no adapters: have it deployed on "
            f"one of {', '.join(sorted(TUNABLE))}.",
            "deployment",
        )
    traffic = deployment.traffic
    if traffic.canary or traffic.drained:
        why = f"sends calls to {traffic.canary}" if traffic.canary else "is drained"
        raise InvalidError(
            f"Invalid 'deployment': {name} {why}, so a candidate cannot be compared with it now: take that back first "
            f"(pleiade traffic {name} --alone --resume).",
            "deployment",
        )
    return deployment


def _require_enough(learned: Learned, asked: Asked) -> None:
    count = len(learned.examples)
    aside = [] if asked.gate else split(learned.examples)[1] if count else []
    if count < LEAST_EXAMPLES or len(aside) == count:
        reasons = ", ".join(f"{number} {why}" for why, number in learned.left_out.items()) or "nobody has rated any"
        raise InvalidError(
            f"{count} examples of kind {asked.kind} can be learned from ratings of {asked.deployment}, and a lesson "
            f"needs {LEAST_EXAMPLES}, of two questions at least. Left out: {reasons}.",
            "deployment",
            "too_few_examples",
        )


def _check_gate(connection: sa.Connection, project: str, gate: str) -> None:
    """Raises InvalidError, NotFoundError where what is named as the gate cannot be one."""
    if gate.startswith("eval_"):
        run_to_repeat(connection, project, gate)
    elif gate:
        kept = files.find(connection, project, gate)
        if kept.file.purpose != PURPOSE:
            raise InvalidError(
                f"Invalid 'gate': {gate} has the purpose '{kept.file.purpose}'; upload it with '{PURPOSE}'.", "gate"
            )
