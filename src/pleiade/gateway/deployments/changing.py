"""Making and changing deployments in the database, with a slice of the pool, their traffic and the audit log."""

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor, Deployment, Model, ModelFormat
from pleiade.domain.limits import Capacity
from pleiade.engines.offered import Offer, OptionError, Value, checked, offers_for
from pleiade.gateway.deployments.asked import Asked, AskedCapacity, NewDeployment
from pleiade.gateway.errors import ApiError
from pleiade.prices import require_sellable
from pleiade.quota.capacity import capacity_of, check_capacity, write_capacity
from pleiade.registry import RegistryError, deploy, get_deployment, get_model, list_deployments, set_traffic
from pleiade.tenancy.audit import recorder
from pleiade.tenancy.change import change

_SECRETS = ("key", "token", "secret", "password")


def secret(option: str) -> bool:
    """Whether an option opens another service: it is never shown."""
    return option.lower().endswith(_SECRETS)


def create(db: sa.Engine, asked: NewDeployment, actor: Actor) -> None:
    """Write a deployment with its slice. Raises RegistryError, LimitsError, PriceError; ApiError for a wrong option."""
    if any(deployment.name == asked.name for deployment in list_deployments(db)):
        raise RegistryError(
            f"there is a deployment called {asked.name!r} already: change that one, or choose another name"
        )
    model = get_model(db, asked.model)
    engine, kept = _engine(db, model, asked.engine)
    options = {**kept, **_options(db, model, engine, asked.options)}
    require_sellable(db, model)
    capacity = _capacity(Capacity(), asked.capacity)
    check_capacity(db, asked.name, model.id, capacity)
    record = recorder(actor, "deployment.created", asked.name, model=model.id, engine=engine)
    deploy(db, asked.name, model=model.id, engine=engine, aliases=asked.aliases, options=options, record=record)
    _write_capacity(db, asked.name, Capacity(), capacity, actor)


def update(db: sa.Engine, name: str, asked: Asked, actor: Actor) -> None:
    """Write what changes. Raises as `create`."""
    before = get_deployment(db, name)
    model = get_model(db, asked.model or before.model)
    engine, kept = before.engine, _kept(before, model)
    if model.id != before.model or (asked.engine or engine) != engine:
        engine, kept = _engine(db, model, asked.engine or "", before)
        require_sellable(db, model)
    if asked.options is not None:
        options = {**kept, **_options(db, model, engine, asked.options)}
    else:
        options = dict(before.options) if engine == before.engine else kept
    aliases = list(before.aliases) if asked.aliases is None else asked.aliases
    old = capacity_of(db, name) or Capacity()
    capacity = _capacity(old, asked.capacity) if asked.capacity is not None else old
    check_capacity(db, name, model.id, capacity)
    if (model.id, engine, options, aliases) != (before.model, before.engine, before.options, list(before.aliases)):
        record = recorder(actor, "deployment.updated", name, model=model.id, engine=engine, aliases=aliases)
        deploy(db, name, model=model.id, engine=engine, aliases=aliases, options=options, record=record)
    _write_capacity(db, name, old, capacity, actor)
    _steer(db, before, asked, actor)


def _steer(db: sa.Engine, before: Deployment, asked: Asked, actor: Actor) -> None:
    traffic = before.traffic
    if asked.drained is not None:
        traffic = msgspec.structs.replace(traffic, drained=asked.drained)
    if asked.canary is not None:
        name = asked.canary.deployment
        traffic = msgspec.structs.replace(traffic, canary=name, percent=asked.canary.percent if name else 0)
    if traffic != before.traffic:
        record = recorder(actor, "deployment.updated", before.name, **msgspec.structs.asdict(traffic))
        set_traffic(db, before.name, traffic, record=record)


def _engine(db: sa.Engine, model: Model, wanted: str, before: Deployment | None = None) -> tuple[str, dict[str, Value]]:
    """The engine, and the options that nobody sets over HTTP: those of another deployment of the model."""
    alike = [one for one in list_deployments(db) if one.model == model.id and (not wanted or one.engine == wanted)]
    if alike:
        return alike[0].engine, _kept(alike[0], model)
    base = get_model(db, model.base) if model.format is ModelFormat.ADAPTER else model
    offers = [offer.engine for offer in offers_for(base)]
    if wanted and wanted not in offers:
        known = ", ".join(offers) or "none"
        raise RegistryError(f"{model.id} cannot run on {wanted[:40]!r} from here (it can on: {known})")
    if not offers:
        raise RegistryError(
            f"nobody has said yet where {model.id} runs: deploy it once with `pleiade deploy NAME --model {model.id}`, "
            "and further deployments of it can be made here"
        )
    if before is not None and not wanted and before.engine in offers:
        return before.engine, {}
    return wanted or offers[0], {}


def _offer(model: Model, engine: str) -> Offer | None:
    return next((offer for offer in offers_for(model) if offer.engine == engine), None)


def _kept(deployment: Deployment, model: Model) -> dict[str, Value]:
    """Options that are set on the machine only."""
    offer = _offer(model, deployment.engine)
    open_ones = {option.name for option in offer.options} if offer is not None else set()
    return {name: value for name, value in deployment.options.items() if name not in open_ones}


def _options(db: sa.Engine, model: Model, engine: str, given: dict[str, object]) -> dict[str, Value]:
    offer = _offer(model, engine)
    try:
        if offer is None:
            if given:
                raise OptionError(next(iter(given)), f"the options of {engine} are set with `pleiade deploy` only")
            return {}
        return checked(offer, given)
    except OptionError as error:
        message = f"{str(error)[:1].upper()}{str(error)[1:]}."
        raise ApiError(400, message, param=f"options.{error.option}", code="invalid_value") from error


def _capacity(before: Capacity, asked: AskedCapacity) -> Capacity:
    given = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not None}
    return msgspec.structs.replace(before, **given)


def _write_capacity(db: sa.Engine, name: str, before: Capacity, capacity: Capacity, actor: Actor) -> None:
    if capacity == before:
        return
    # A transaction of its own: the locks of deployments and of the audit log are taken in another order there.
    with change(db, actor) as act:
        write_capacity(act.connection, name, capacity)
        data = {"capacity": capacity.units, "kind": capacity.kind.value}
        act.record("deployment.updated", DEFAULT_ORGANISATION, name, data=data)
