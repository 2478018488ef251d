"""What administrators ask for when they make and change deployments."""

from typing import Any

import msgspec

from pleiade.domain.limits import CapacityKind, Stance


class AskedCapacity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays; `units` 0 is no limit."""

    units: int | None = None
    kind: CapacityKind | None = None
    requests_per_unit: float | None = None
    slice_s: int | None = None
    spillover: str | None = None
    stance: Stance | None = None


class AskedCanary(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who gets which share of the calls; an empty name ends it."""

    deployment: str = ""
    percent: int = 0


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A change: what is left out, or null, stays."""

    model: str | None = None
    engine: str | None = None
    options: dict[str, Any] | None = None  # all that can be chosen here: one that is left out is the engine's own again
    aliases: list[str] | None = None
    capacity: AskedCapacity | None = None
    drained: bool | None = None
    canary: AskedCanary | None = None


class NewDeployment(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A deployment to be made; `engine` "" is the first that can serve the model."""

    name: str
    model: str
    engine: str = ""
    options: dict[str, Any] = {}
    aliases: list[str] = []
    capacity: AskedCapacity = AskedCapacity()


class Planned(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What somebody thinks of deploying."""

    model: str
    engine: str = ""
    options: dict[str, Any] = {}


class WayBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The version to go back to; 0 is the one before."""

    version: int = 0
