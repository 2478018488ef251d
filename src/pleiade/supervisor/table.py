"""The table of endpoints: what gateways read, replaced as a whole at each change."""

import os
from pathlib import Path

import msgspec

from pleiade.domain import Deployment, Endpoint, EndpointTable, Model


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


def adapter_endpoint(deployment: Deployment, model: Model, engine: Endpoint) -> Endpoint:
    """Where an adapter answers: in the engine that has loaded it, which calls it by the adapter's model id."""
    return msgspec.structs.replace(
        engine,
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
