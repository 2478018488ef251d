"""The table of endpoints: what gateways read, replaced as a whole at each change."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from pleiade.domain import Deployment, Endpoint, EndpointState, EndpointTable, Model, ModelFormat


def read_table(path: Path) -> EndpointTable:
    """The table on disk; an empty one of version 0 where there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=EndpointTable)
    except (FileNotFoundError, msgspec.DecodeError):
        return EndpointTable(version=0)


def write_table(path: Path, table: EndpointTable) -> None:
    """Replace the table atomically: a reader sees the old or the new one. Mode 0600, it holds tokens."""
    trial = path.with_suffix(".new")
    descriptor = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(table))
    os.replace(trial, path)


class Followed(msgspec.Struct, frozen=True):
    """How far the supervisor has followed the database: what `pleiade deploy` waits for."""

    version: int = -1  # registry.deployments_version that it has acted upon
    pending: tuple[str, ...] = ()  # deployments whose engine, or its successor, neither is ready nor has failed yet


def read_followed(path: Path) -> Followed:
    """What the supervisor wrote last; version -1 where there is nothing."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Followed)
    except (FileNotFoundError, msgspec.DecodeError):
        return Followed()


def write_followed(path: Path, followed: Followed) -> None:
    """Replace it atomically."""
    trial = path.with_suffix(".new")
    trial.write_bytes(msgspec.json.encode(followed))
    os.replace(trial, path)


def adapter_endpoint(deployment: Deployment, model: Model, base: Endpoint | None, base_name: str) -> Endpoint:
    """Where an adapter answers: in the engine of its base, which calls it by the adapter's model id."""
    if base is None:
        return Endpoint(
            deployment=deployment.name,
            model=model.id,
            kind=model.kind.value,
            engine=deployment.engine,
            state=EndpointState.FAILED,
            licence=model.licence,
            created=deployment.created,
            aliases=deployment.aliases,
            traffic=deployment.traffic,
            projects=deployment.projects,
            policy=deployment.policy,
            priced_as=model.base,
            detail=f"its base is not deployed on {deployment.engine}: "
            f"pleiade deploy NAME --model {base_name} --engine {deployment.engine}",
        )
    return msgspec.structs.replace(
        base,
        deployment=deployment.name,
        model=model.id,
        send_model=model.id,
        rewrite_model=False,
        licence=model.licence,
        created=deployment.created,
        aliases=deployment.aliases,
        traffic=deployment.traffic,
        projects=deployment.projects,
        policy=deployment.policy,
        priced_as=model.base,
    )


def base_of(adapter: Deployment, deployments: Sequence[Deployment], models: Mapping[str, Model]) -> Deployment | None:
    """The deployment in whose engine `adapter` is loaded: the oldest of its base model on the same engine."""
    base = models[adapter.model].base
    for deployment in deployments:
        if deployment.model == base and deployment.engine == adapter.engine:
            return deployment
    return None


def is_adapter(deployment: Deployment, models: Mapping[str, Model]) -> bool:
    """Whether a deployment runs in another one's engine."""
    return models[deployment.model].format is ModelFormat.ADAPTER
