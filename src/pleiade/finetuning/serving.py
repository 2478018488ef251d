"""What a job made, put to use: registered, deployed under its name for its project alone, and removed again."""

import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor, Deployment, EndpointState, EndpointTable, Model, ModelFormat
from pleiade.finetuning.errors import TuningError
from pleiade.finetuning.nouns import Stored
from pleiade.registry import (
    RegistryError,
    add_model,
    deploy,
    get_model,
    inspect_model,
    list_deployments,
    list_models,
    remove_model,
    undeploy,
)
from pleiade.tenancy.audit import recorder

READY_S = 180.0
LOOK_S = 0.2


def name_of(base: str, organisation: str, suffix: str, job: str) -> str:
    """`ft:BASE:ORGANISATION:SUFFIX:ID`, as a deployment can be called."""
    parts = (base.rsplit("/", 1)[-1], organisation, suffix, job.rpartition("-")[2][:8])
    return ":".join(("ft", *(re.sub(r"[^A-Za-z0-9._@-]+", "-", part) for part in parts)))[:200]


def put_to_use(db: sa.Engine, stored: Stored, name: str, folder: Path) -> None:
    """Register what lies in `folder` and deploy it, for its project alone; done again, it changes nothing.

    Raises TuningError where the base is gone, or what came out is no model that its engine could serve.
    """
    plan = stored.plan
    actor = Actor(type="api_key" if plan.key else "session", user=plan.user, key=plan.key)
    try:
        base = get_model(db, plan.base)
        found = inspect_model(folder)
        model = msgspec.structs.replace(
            found,
            id=name,
            base=base.id,  # its price holds for a whole model, too
            kind=base.kind,
            architecture=found.architecture or base.architecture,
            context_length=base.context_length,
            licence=found.licence or base.licence,
            source=f"fine-tuned: {stored.job.id}",
        )
        if all(known.id != name for known in list_models(db)):
            add_model(db, model, record=recorder(actor, "model.added", name, source=model.source))
        if all(deployment.name != name for deployment in list_deployments(db)):
            record = recorder(actor, "deployment.created", name, model=name, engine=plan.engine)
            options = {} if model.format is ModelFormat.ADAPTER else _options(db, plan.base, plan.engine)
            deploy(db, name, model=name, engine=plan.engine, options=options, project=stored.project, record=record)
    except RegistryError as error:
        raise TuningError(f"what was trained cannot be served: {error}", code="model_not_usable") from error


def wait_until_served(table: Path, name: str, stop: Callable[[], bool], within_s: float = READY_S) -> None:
    """Wait until the engine of the base has loaded it; where nothing serves now, it is loaded at the next start.

    Raises TuningError with the engine's reason where that cannot load it.
    """
    deadline = time.monotonic() + within_s
    while table.is_file() and time.monotonic() < deadline and not stop():
        try:
            endpoints = msgspec.json.decode(table.read_bytes(), type=EndpointTable).endpoints
        except (OSError, msgspec.DecodeError):
            endpoints = ()
        for endpoint in endpoints:
            if endpoint.deployment == name and endpoint.state is EndpointState.READY:
                return
            if endpoint.deployment == name and endpoint.state is EndpointState.FAILED:
                raise TuningError(
                    f"the engine cannot serve what was trained: {endpoint.detail}", code="model_not_usable"
                )
        time.sleep(LOOK_S)


def remove(db: sa.Engine, name: str, actor: Actor, models: Path) -> None:
    """Undeploy and forget a model that a job made, with its files below `models`. Raises RegistryError."""
    deployed = any(deployment.name == name for deployment in list_deployments(db))
    if deployed:
        undeploy(db, name, record=recorder(actor, "deployment.deleted", name))
    known: Model | None = next((model for model in list_models(db) if model.id == name), None)
    if known is None:
        return
    remove_model(db, name, record=recorder(actor, "model.removed", name))
    folder = Path(known.path)
    if folder.is_relative_to(models):
        shutil.rmtree(folder, ignore_errors=True)


def _options(db: sa.Engine, base: str, engine: str) -> dict[str, str | int | float | bool]:
    """Options of the oldest deployment of the base: a whole model is served as its base is."""
    like: Deployment | None = next(
        (one for one in list_deployments(db) if one.model == base and one.engine == engine), None
    )
    return dict(like.options) if like is not None else {}
