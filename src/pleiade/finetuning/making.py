"""A job asked for: who asks, what for, what it begins with; kept, and handed to whoever checks its files."""

import secrets
import time
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import ModelFormat, ModelKind, Principal
from pleiade.files import records as file_records
from pleiade.files.errors import InvalidError
from pleiade.finetuning import pricing, records
from pleiade.finetuning.nouns import Job, Plan, Stored
from pleiade.finetuning.rules import Asked
from pleiade.finetuning.work import FILES_KIND
from pleiade.jobs import queue
from pleiade.store.tables import models

PURPOSE = "fine-tune"
TUNABLE = frozenset({"text_openvino", "vllm"})  # engines that serve adapters


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """What a deployment that somebody names stands for: the model that is served, and where training begins."""

    base: str
    start: str
    parameters: int


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A job as asked for, its fields checked."""

    model: str  # as the caller calls it
    engine: str
    start: Start
    asked: Asked
    training_file: str
    validation_file: str | None
    suffix: str
    seed: int
    metadata: dict[str, str] | None
    integrations: tuple[dict[str, Any], ...]
    full: bool = False
    legacy: bool = False


def find_start(connection: sa.Connection, model: str, named: str) -> Start:
    """What training `model` (a registered model's id) begins with. Raises InvalidError where it cannot be trained."""
    row = connection.execute(sa.select(models).where(models.c.id == model)).first()
    if row is None or row.kind != ModelKind.TEXT.value:
        raise _untrained(named, "only models that write text are fine-tuned")
    base: sa.Row[Any] | None = row
    if row.format == ModelFormat.ADAPTER.value:
        base = connection.execute(sa.select(models).where(models.c.id == row.base)).first()
    if base is None or base.format != ModelFormat.SAFETENSORS.value:
        raise _untrained(named, "its weights are not here as a Hugging Face folder (safetensors)")
    return Start(base=base.id, start=row.id, parameters=base.parameters)


def check_files(connection: sa.Connection, project: str, files: Mapping[str, str | None]) -> None:
    """Each file is the project's, and is for training. Raises NotFoundError, InvalidError."""
    for param, identifier in files.items():
        if identifier:
            kept = file_records.find(connection, project, identifier)
            if kept.file.purpose != PURPOSE:
                raise InvalidError(
                    f"Invalid '{param}': {identifier} has the purpose '{kept.file.purpose}'; upload it with the "
                    f"purpose '{PURPOSE}'.",
                    param=param,
                    code="invalid_value",
                )


def create(connection: sa.Connection, wanted: Wanted, caller: Principal) -> Job:
    """Keep the job; its files are looked at next. Raises RefusedError where it has no price."""
    sold = pricing.check_sold(connection, caller.storefront, caller.billing, wanted.start.base)
    asked = wanted.asked
    shown = {name: asked.hyperparameters[name] for name in ("n_epochs", "batch_size", "learning_rate_multiplier")}
    job = Job(
        id=f"{'ft' if wanted.legacy else 'ftjob'}-{secrets.token_hex(12)}",
        created_at=int(time.time()),
        hyperparameters=shown,
        model=wanted.model,
        organization_id=caller.organisation,
        seed=wanted.seed,
        training_file=wanted.training_file,
        validation_file=wanted.validation_file,
        integrations=wanted.integrations,
        metadata=wanted.metadata,
        method=asked.shown(shown),
        suffix=wanted.suffix or None,
        created_by=caller.user or caller.key or None,
    )
    plan = Plan(
        base=wanted.start.base,
        start=wanted.start.start,
        engine=wanted.engine,
        method=asked.name,
        hyperparameters=asked.hyperparameters,
        grader=asked.grader,
        full=wanted.full,
        user=caller.user,
        key=caller.key,
        sold=sold,
        legacy=wanted.legacy,
    )
    records.insert(connection, Stored(job=job, plan=plan, organisation=caller.organisation, project=caller.project))
    records.tell(connection, job.id, f"Created fine-tuning job: {job.id}")
    queue.enqueue(
        connection,
        kind=FILES_KIND,
        organisation=caller.organisation,
        project=caller.project,
        payload={"job": job.id},
    )
    return job


def _untrained(named: str, why: str) -> InvalidError:
    return InvalidError(
        f"Model {named} cannot be fine-tuned: {why}. Choose another one.", param="model", code="model_not_available"
    )
