"""Pools of capacity by model, and the slices of them that deployments get."""

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from pleiade.domain.limits import Capacity, CapacityKind, Stance
from pleiade.quota.errors import LimitsError
from pleiade.store import bump_version, limits, reading, tables, unit_of_work

MOST_UNITS = 1_000_000  # a thousand million tokens a minute: more than any one model has ever been served at
MOST_REQUESTS_PER_UNIT = 10_000
SLICES_S = (1, 10)  # wire-contract §8


class Slice(msgspec.Struct, frozen=True):
    """A deployment with its capacity."""

    deployment: str
    model: str
    capacity: Capacity


class Pool(msgspec.Struct, frozen=True):
    """A model's capacity, in thousands of tokens a minute, and what is allotted of it."""

    model: str
    units: int
    allotted: int

    @property
    def left(self) -> int:
        """Units that no deployment has."""
        return self.units - self.allotted


def set_capacity(db: sa.Engine, deployment: str, capacity: Capacity) -> Capacity:
    """Give a deployment its slice, or another one. Gateways follow within a second.

    Raises LimitsError for an absurd capacity, an unknown deployment, or more than its model's pool has left.
    """
    with unit_of_work(db) as connection:
        return write_capacity(connection, deployment, capacity)


def write_capacity(connection: sa.Connection, deployment: str, capacity: Capacity) -> Capacity:
    """`set_capacity` within a transaction of the caller's."""
    _require_sane(capacity)
    bump_version(connection, "limits")  # first: its row is the lock that lets one change follow another
    model = connection.scalar(sa.select(tables.deployments.c.model).where(tables.deployments.c.name == deployment))
    if model is None:
        raise LimitsError(f"no deployment is called {deployment!r}: `pleiade deployments` lists them")
    _require_possible(connection, deployment, model, capacity)
    connection.execute(sa.delete(limits.capacities).where(limits.capacities.c.deployment == deployment))
    connection.execute(sa.insert(limits.capacities).values(deployment=deployment, **msgspec.structs.asdict(capacity)))
    return capacity


def check_capacity(db: sa.Engine, deployment: str, model: str, capacity: Capacity) -> None:
    """Raises LimitsError where a deployment of `model`, there or not yet, could not have that capacity."""
    _require_sane(capacity)
    with reading(db) as connection:
        _require_possible(connection, deployment, model, capacity)


def remove_capacity(db: sa.Engine, deployment: str) -> None:
    """Make a deployment unlimited. Raises LimitsError where its model has a pool."""
    set_capacity(db, deployment, Capacity())


def capacity_of(db: sa.Engine, deployment: str) -> Capacity | None:
    """The capacity that was set for a deployment; None if none was."""
    found = [entry.capacity for entry in list_slices(db) if entry.deployment == deployment]
    return found[0] if found else None


def set_pool(db: sa.Engine, model: str, units: int) -> Pool:
    """Say how much all deployments of a model may have together, in thousands of tokens a minute.

    Raises LimitsError for an unknown model, an absurd number, and where deployments have more, or no slice, already.
    """
    with unit_of_work(db) as connection:
        return write_pool(connection, model, units)


def write_pool(connection: sa.Connection, model: str, units: int) -> Pool:
    """`set_pool` within a transaction of the caller's."""
    if not 1 <= units <= MOST_UNITS:
        raise LimitsError(f"a pool of {units} units: choose between 1 and {MOST_UNITS:,} (1 unit = 1,000 tokens/min)")
    bump_version(connection, "limits")
    if connection.scalar(sa.select(tables.models.c.id).where(tables.models.c.id == model)) is None:
        raise LimitsError(f"no model is called {model!r}: `pleiade model list` shows them")
    slices = [entry for entry in _slices(connection, every=True) if entry.model == model]
    bare = [entry.deployment for entry in slices if not entry.capacity.units]
    if bare:
        raise LimitsError(
            f"{model} can have no pool while these deployments of it are unlimited: {', '.join(bare)}. "
            "Give each a slice first: pleiade quota capacity NAME UNITS"
        )
    allotted = sum(entry.capacity.units for entry in slices)
    if allotted > units:
        raise LimitsError(
            f"a pool of {units} units is less than the {allotted} that are allotted: {_told(slices)}. "
            "Make these smaller first, or the pool larger"
        )
    connection.execute(sa.delete(limits.pools).where(limits.pools.c.model == model))
    connection.execute(sa.insert(limits.pools).values(model=model, units=units))
    return Pool(model, units, allotted)


def remove_pool(db: sa.Engine, model: str) -> None:
    """Let deployments of a model have as much as anybody gives them. Raises LimitsError if it has no pool."""
    with unit_of_work(db) as connection:
        delete_pool(connection, model)


def delete_pool(connection: sa.Connection, model: str) -> None:
    """`remove_pool` within a transaction of the caller's."""
    bump_version(connection, "limits")
    if not connection.execute(sa.delete(limits.pools).where(limits.pools.c.model == model)).rowcount:
        raise LimitsError(f"{model!r} has no pool: `pleiade quota pools` lists them")


def list_pools(db: sa.Engine) -> list[Pool]:
    """All pools with what is allotted of them, by model."""
    with reading(db) as connection:
        return _pools(connection)


def list_slices(db: sa.Engine, *, every: bool = False) -> list[Slice]:
    """Deployments that have a capacity (`every`: the others too, as unlimited), by name."""
    with reading(db) as connection:
        return _slices(connection, every=every)


def _pools(connection: sa.Connection) -> list[Pool]:
    slices = _slices(connection, every=False)
    rows = connection.execute(sa.select(limits.pools).order_by(limits.pools.c.model))
    return [
        Pool(row.model, row.units, sum(entry.capacity.units for entry in slices if entry.model == row.model))
        for row in rows
    ]


def _slices(connection: sa.Connection, *, every: bool) -> list[Slice]:
    joined = tables.deployments.join(limits.capacities, isouter=every)
    query = sa.select(tables.deployments.c.name, tables.deployments.c.model, limits.capacities).select_from(joined)
    return [
        Slice(row.name, row.model, _capacity(row) if row.deployment is not None else Capacity())
        for row in connection.execute(query.order_by(tables.deployments.c.name))
    ]


def _capacity(row: sa.Row[tuple[object, ...]]) -> Capacity:
    return Capacity(
        units=row.units,
        kind=CapacityKind(row.kind),
        requests_per_unit=row.requests_per_unit,
        slice_s=row.slice_s,
        spillover=row.spillover,
        stance=Stance(row.stance),
    )


def _require_sane(capacity: Capacity) -> None:
    """Raises LimitsError that lists all that is wrong with the numbers alone."""
    problems = []
    if not 0 <= capacity.units <= MOST_UNITS:
        problems.append(
            f"capacity {capacity.units}: choose between 1 and {MOST_UNITS:,} units of 1,000 tokens/min (0 = unlimited)"
        )
    if not 0 < capacity.requests_per_unit <= MOST_REQUESTS_PER_UNIT:  # also refuses "not a number"
        problems.append(
            f"{capacity.requests_per_unit} requests per unit: choose above 0, at most {MOST_REQUESTS_PER_UNIT:,}"
        )
    if capacity.slice_s not in SLICES_S:
        problems.append(f"slices of {capacity.slice_s} s: requests are judged over 1 or 10 seconds")
    provisioned = capacity.kind is CapacityKind.PROVISIONED
    if provisioned and not capacity.units:
        problems.append("a provisioned deployment needs a capacity: say how many units are set aside for it")
    if capacity.spillover and not provisioned:
        problems.append("only a provisioned deployment spills over: add --kind provisioned, or leave the spillover out")
    if problems:
        raise LimitsError("\n".join(problems))


def _require_possible(connection: sa.Connection, deployment: str, model: str, capacity: Capacity) -> None:
    """Raises LimitsError where the pool has too little left, or the spillover would lead nowhere."""
    slices = _slices(connection, every=True)
    others = [entry for entry in slices if entry.model == model and entry.deployment != deployment]
    units = connection.scalar(sa.select(limits.pools.c.units).where(limits.pools.c.model == model))
    if units is not None:
        left = units - sum(entry.capacity.units for entry in others)
        if not capacity.units:
            raise LimitsError(
                f"{model} has a pool, so {deployment} needs a slice of it: {left} of {units} units are left "
                "(1 unit = 1,000 tokens/min)"
            )
        if capacity.units > left:
            told = f" (the rest: {_told(others)})" if others else ""
            raise LimitsError(
                f"{deployment} cannot have {capacity.units} units: {left} of the {units} in the pool of {model} "
                f"are left{told}. Ask for less, or make the pool larger: pleiade quota pool {model} UNITS"
            )
    if capacity.kind is CapacityKind.PROVISIONED:
        spilling = [entry.deployment for entry in slices if entry.capacity.spillover == deployment]
        if spilling:
            raise LimitsError(f"{deployment} takes what spills over from {', '.join(spilling)}: it must stay standard")
    if capacity.spillover:
        _require_target(slices, deployment, model, capacity.spillover)


def _require_target(slices: Sequence[Slice], deployment: str, model: str, target: str) -> None:
    found = [entry for entry in slices if entry.deployment == target]
    if target == deployment:
        raise LimitsError(f"{deployment} cannot spill over to itself: name another deployment")
    if not found:
        raise LimitsError(f"spillover: no deployment is called {target!r}; `pleiade deployments` lists them")
    if found[0].capacity.kind is not CapacityKind.STANDARD:
        raise LimitsError(f"spillover: {target} is provisioned itself; name a standard deployment")
    if found[0].model != model:
        raise LimitsError(
            f"spillover: {target} serves {found[0].model}, and {deployment} serves {model}: name a deployment of the "
            "same model, for callers get the answer and the price that they asked for"
        )


def _told(slices: Sequence[Slice]) -> str:
    return ", ".join(f"{entry.deployment} {entry.capacity.units}" for entry in slices if entry.capacity.units)
