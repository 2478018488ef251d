"""Deployments, their versions and registered models as the house's administrators see them: no secret, all the rest."""

from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import Deployment, DeploymentVersion, Endpoint, Model, ModelFormat
from pleiade.domain.limits import Capacity
from pleiade.domain.policy import preset_of
from pleiade.engines.memory import need_of, weights_size
from pleiade.engines.offered import OFFERS, Offer, OptionError, checked, offers_for
from pleiade.gateway.deployments.asked import Planned
from pleiade.gateway.deployments.changing import secret
from pleiade.gateway.errors import ApiError
from pleiade.quota.capacity import Pool, list_pools, list_slices
from pleiade.registry import get_model, list_deployments, list_models, version_numbers


def deployments_shown(db: sa.Engine, endpoints: dict[str, Endpoint]) -> list[dict[str, Any]]:
    """All that is known of each deployment. May block."""
    there, models = list_deployments(db), {model.id: model for model in list_models(db)}
    capacities = {entry.deployment: entry.capacity for entry in list_slices(db)}
    pools = {pool.model: pool for pool in list_pools(db)}
    numbers = version_numbers(db)
    senders: dict[str, list[str]] = {}
    for deployment in there:
        if deployment.traffic.canary:
            senders.setdefault(deployment.traffic.canary, []).append(deployment.name)
    return [
        {
            **_shown(deployment, models[deployment.model], endpoints.get(deployment.name)),
            "version": numbers.get(deployment.name, 1),
            "capacity": _capacity(capacities.get(deployment.name, Capacity())),
            "pool": _pool(pools.get(deployment.model)),
            "canary_of": senders.get(deployment.name, []),
        }
        for deployment in there
        if deployment.model in models
    ]


def _shown(deployment: Deployment, model: Model, endpoint: Endpoint | None) -> dict[str, Any]:
    traffic = deployment.traffic
    state = endpoint.state.value if endpoint is not None else "stopped"
    return {
        "object": "organization.deployment",
        "id": deployment.name,
        "name": deployment.name,
        "model": deployment.model,
        "kind": model.kind.value,
        "format": model.format.value,
        "parameters": model.parameters or None,
        "licence": model.licence or None,
        "context_length": model.context_length or None,
        "engine": deployment.engine,
        "options": {name: "…" if secret(name) else value for name, value in deployment.options.items()},
        "aliases": list(deployment.aliases),
        "created_at": deployment.created,
        "concurrency": _concurrency(deployment),
        "state": state,
        "detail": endpoint.detail if endpoint is not None else "",
        "drained": traffic.drained,
        "canary": {"deployment": traffic.canary, "percent": traffic.percent} if traffic.canary else None,
        "adapter_of": model.base or None,
        "filter": preset_of(deployment.policy),
    }


def _concurrency(deployment: Deployment) -> int | None:
    """How many calls its engine answers at a time; None where nobody said, or nothing limits it."""
    for offer in OFFERS:
        if offer.engine == deployment.engine and offer.concurrency:
            option = next(option for option in offer.options if option.name == offer.concurrency)
            said = deployment.options.get(offer.concurrency, option.default)
            return int(said) if said is not None else None
    return None


def _capacity(capacity: Capacity) -> dict[str, Any]:
    return {
        **msgspec.to_builtins(capacity),
        "tokens_per_minute": capacity.tokens_per_minute or None,
        "requests_per_minute": capacity.requests_per_minute or None,
    }


def _pool(pool: Pool | None) -> dict[str, int] | None:
    return {"units": pool.units, "left": pool.left} if pool is not None else None


def version_shown(version: DeploymentVersion) -> dict[str, Any]:
    """One version of a deployment."""
    return {
        "object": "organization.deployment.version",
        "id": str(version.number),
        "version": version.number,
        "model": version.model,
        "engine": version.engine,
        "options": {name: "…" if secret(name) else value for name, value in version.options.items()},
        "created_at": version.created,
    }


def models_shown(db: sa.Engine) -> list[dict[str, Any]]:
    """Every registered model, with what can be chosen for it. May block: it looks at files' sizes."""
    used: dict[str, list[Deployment]] = {}
    for deployment in list_deployments(db):
        used.setdefault(deployment.model, []).append(deployment)
    return [
        _model(model, used.get(model.id, []), {one.id: one for one in list_models(db)}) for model in list_models(db)
    ]


def _model(model: Model, used: list[Deployment], models: dict[str, Model]) -> dict[str, Any]:
    base = models.get(model.base, model) if model.format is ModelFormat.ADAPTER else model
    return {
        "object": "organization.model",
        "id": model.id,
        "kind": model.kind.value,
        "format": model.format.value,
        "parameters": model.parameters or None,
        "context_length": model.context_length or None,
        "licence": model.licence or None,
        "size_bytes": weights_size(model.path) or None,
        "base": model.base or None,
        "engines": [_offer(offer) for offer in offers_for(base)],
        "deployments": [deployment.name for deployment in used],
    }


def _offer(offer: Offer) -> dict[str, Any]:
    return {"engine": offer.engine, "options": [msgspec.to_builtins(option) for option in offer.options]}


def plan_shown(db: sa.Engine, asked: Planned) -> dict[str, Any]:
    """What memory is wanted. Raises RegistryError, ApiError for a wrong option. May block."""
    model = get_model(db, asked.model)
    offers = {offer.engine: offer for offer in offers_for(model)}
    engine = asked.engine or next(iter(offers), "")
    try:
        options = checked(offers[engine], asked.options) if engine in offers else {}
    except OptionError as error:
        raise ApiError(400, f"{error}.", param=f"options.{error.option}", code="invalid_value") from error
    need = need_of(model, engine, options)
    return {
        "object": "organization.model.plan",
        "model": model.id,
        "engine": engine or None,
        "weights_bytes": need.weights,
        "cache_bytes": need.cache,
        "program_bytes": need.program,
        "total_bytes": need.total,
        "available_bytes": need.available,
        "fits": need.fits,
    }
