"""The steps of a lesson up to its candidate's first call. Each can be done again: who dies on the way does."""

import hashlib
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import ModelKind, Principal
from pleiade.evals import records as evals
from pleiade.evals.nouns import OVER as RUN_OVER
from pleiade.evals.nouns import Eval, EvalRun
from pleiade.files import making as files
from pleiade.files import records as file_records
from pleiade.finetuning import making, serving
from pleiade.finetuning import records as jobs
from pleiade.finetuning.house import House
from pleiade.finetuning.making import Wanted, find_start
from pleiade.finetuning.nouns import ENDED
from pleiade.finetuning.nouns import Stored as StoredJob
from pleiade.finetuning.rules import read_method, read_suffix
from pleiade.lessons import gate, records
from pleiade.lessons.acting import actor_of
from pleiade.lessons.dataset import gate_lines, lines, read_gate, split
from pleiade.lessons.errors import InvalidError
from pleiade.lessons.gate import Outcome
from pleiade.lessons.nouns import LEAST_EXAMPLES, METHODS, Example, Lesson, LessonData, LessonSide, Stored
from pleiade.lessons.starting import collect
from pleiade.registry import RegistryError, get_deployment, list_deployments, list_models
from pleiade.store.tables import deployments


def make_dataset(house: House, stored: Stored) -> None:
    """Write what is learned, and what is measured on, as files; then ask for the fine-tuning job.

    Raises InvalidError where too little is left since the lesson was asked for, RefusedError, ObjectsError.
    """
    lesson = stored.lesson
    learned = collect(house.db, stored.organisation, lesson.project_id, lesson.deployment, lesson.kind, lesson.since)
    if len(learned.examples) < LEAST_EXAMPLES:
        raise InvalidError(f"{len(learned.examples)} examples are left, and a lesson needs {LEAST_EXAMPLES}")
    examples, aside = _parts(house, lesson, learned.examples)
    training = _keep(house, lesson, "training", list(lines(lesson.kind, examples)), making.PURPOSE)
    measured = _keep(house, lesson, "gate", list(gate_lines(aside)), "evals") if aside else None
    data = LessonData(
        examples=len(examples),
        held_back=len(aside),
        left_out=learned.left_out,
        redacted=learned.redacted,
        feedback_ids=tuple(sorted({one for example in learned.examples for one in example.feedback_ids})),
        training_file=training.id,
        gate_file=measured.id if measured is not None else "",
        sha256=training.sha256,
    )
    house.write(_ask_for_job, stored, data)


def _parts(house: House, lesson: Lesson, examples: tuple[Example, ...]) -> tuple[list[Example], list[Example]]:
    """What is learned, and what is measured on: none where an eval of one's own is the gate."""
    if not lesson.gate:
        return split(examples)
    if lesson.gate.startswith("eval_"):
        return list(examples), []
    kept = house.read(file_records.find, lesson.project_id, lesson.gate)
    with house.contents.open(kept) as stream:
        return list(examples), read_gate(lesson.kind, stream.read())


def _keep(house: House, lesson: Lesson, what: str, pieces: list[bytes], purpose: str) -> Any:
    """A file whose id says what is in it: who makes it again with other content makes another one."""
    digest = hashlib.sha256(b"".join(pieces)).hexdigest()
    bare = lesson.id.partition("_")[2]
    return files.make(
        house.db,
        house.contents,
        project=lesson.project_id,
        identifier=f"file-{bare}-{what[0]}{digest[:8]}",
        filename=f"{lesson.id}-{what}.jsonl",
        purpose=purpose,
        pieces=pieces,
    )


def _ask_for_job(connection: sa.Connection, stored: Stored, data: LessonData) -> None:
    lesson, plan = stored.lesson, stored.plan
    caller = msgspec.convert(plan.principal, Principal)
    method = METHODS[lesson.kind]
    wanted = Wanted(
        model=lesson.deployment,
        engine=_engine_of(connection, lesson),
        start=find_start(connection, lesson.incumbent.model, lesson.deployment),
        asked=read_method({"type": method, method: {"hyperparameters": plan.hyperparameters}}, None),
        training_file=data.training_file,
        validation_file=None,
        suffix=read_suffix(plan.suffix),
        seed=plan.seed,
        metadata={"lesson": lesson.id},
        integrations=(),
    )
    job = making.create(connection, wanted, caller)
    reason = f"The candidate is being trained on {data.examples} examples."
    records.change(connection, lesson.id, state="training", data=data, job_id=job.id, reason=reason)


def _engine_of(connection: sa.Connection, lesson: Lesson) -> str:
    engine = connection.scalar(sa.select(deployments.c.engine).where(deployments.c.name == lesson.deployment))
    if engine is None:
        raise InvalidError(f"the deployment {lesson.deployment} is gone")
    return str(engine)


def follow_training(house: House, stored: Stored) -> None:
    """Wait for the job; then begin the gate. Raises InvalidError where the job came to nothing."""
    lesson = stored.lesson
    job = house.read(jobs.load, lesson.job_id)
    if job is None or job.job.status not in ENDED:
        if job is None:
            raise InvalidError(f"the fine-tuning job {lesson.job_id} was deleted")
        return
    if job.job.status != "succeeded" or not job.job.fine_tuned_model:
        why = job.job.error.message if job.job.error is not None else f"it was {job.job.status}"
        raise InvalidError(f"the fine-tuning job {lesson.job_id} did not succeed: {why}")
    drop_checkpoints(house, stored, job)
    house.write(_begin_gate, stored, job.job.fine_tuned_model, _embedder(house))


def drop_checkpoints(house: House, stored: Stored, job: StoredJob) -> None:
    """Forget the models on the way: each adapter that an engine has loaded makes every answer of it a bit slower."""
    for checkpoint in house.read(jobs.list_checkpoints, job.job.id):
        serving.remove(house.db, checkpoint.fine_tuned_model_checkpoint, actor_of(stored), house.models)


def _embedder(house: House) -> str:
    kinds = {model.id: model.kind for model in list_models(house.db)}
    found = (one.name for one in list_deployments(house.db) if kinds.get(one.model) is ModelKind.EMBEDDING)
    return next(found, "")


def _begin_gate(connection: sa.Connection, stored: Stored, candidate: str, embedder: str) -> None:
    lesson = stored.lesson
    caller = msgspec.convert(stored.plan.principal, Principal)
    if lesson.gate.startswith("eval_"):
        of, source = lesson.gate, gate.run_to_repeat(connection, lesson.project_id, lesson.gate).data_source
    else:
        made = gate.make_eval(lesson)
        evals.insert(connection, lesson.project_id, made)
        assert lesson.data is not None
        of, source = made.id, gate.source_of(lesson.data.gate_file)
    models = (lesson.deployment, "incumbent"), (candidate, "candidate")
    begun = [
        gate.begin(connection, caller, of, source, model, f"{lesson.id}: {who}", embedder) for model, who in models
    ]
    records.change(
        connection,
        lesson.id,
        state="gating",
        eval_id=of,
        run_ids=tuple(begun),
        candidate=LessonSide(deployment=candidate, model=candidate),
        reason="Both models are asked the questions of the gate.",
    )


def gate_outcomes(house: House, lesson: Lesson) -> tuple[Outcome, Outcome] | None:
    """What the gate came to on the incumbent and on the candidate; None while it runs.

    Raises InvalidError where a run was deleted, cancelled or failed.
    """
    found = [house.read(evals.run_of, identifier) for identifier in lesson.run_ids]
    if any(one is not None and one[0].status not in RUN_OVER for one in found):
        return None
    own = not lesson.gate.startswith("eval_")
    outcomes = [_outcome(house, lesson, one, own=own) for one in found]
    return outcomes[0], outcomes[1]


def _outcome(house: House, lesson: Lesson, found: tuple[EvalRun, Eval] | None, *, own: bool) -> Outcome:
    if found is None:
        raise InvalidError("a run of the gate was deleted")
    run = found[0]
    if run.status != "completed":
        why = run.error.message if run.error is not None else f"it was {run.status}"
        raise InvalidError(f"the gate could not be run on {run.model}: {why}")
    return house.read(gate.outcome_of, run, lesson.kind, own=own)


def moderator(house: House) -> str:
    """A deployment that finds harm; "" = there is none."""
    kinds = {model.id: model.kind for model in list_models(house.db)}
    return next((one.name for one in list_deployments(house.db) if kinds.get(one.model) is ModelKind.MODERATION), "")


def there(house: House, name: str) -> bool:
    """Whether a deployment is there."""
    try:
        get_deployment(house.db, name)
    except RegistryError:
        return False
    return True
