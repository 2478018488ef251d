"""A policy from a file or a request, and all that is wrong with it at once."""

import tomllib
from typing import Any

import msgspec

from pleiade.domain.policy import Blocklist, FilterPolicy, Screen
from pleiade.safety.blocklists import Fault, faults_of


class PolicyError(ValueError):
    """A policy that cannot be used; the message says all that is wrong, `param` names the first field that is."""

    def __init__(self, message: str, param: str = "") -> None:
        super().__init__(message)
        self.param = param


def read_policy(text: str) -> FilterPolicy:
    """A policy from TOML: `prompt`, `output` and `blocklists` as docs/safety.md shows them. Raises PolicyError."""
    try:
        given = tomllib.loads(text)
        policy = msgspec.convert(given, FilterPolicy)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the policy is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise PolicyError(f"the policy is wrong: {error}") from error
    check_policy(policy, given)
    return policy


def check_policy(policy: FilterPolicy, given: dict[str, Any] | None = None) -> None:
    """Raise PolicyError if it cannot be used, or if what it was made from (`given`) has names that no policy has."""
    faults = _unknown(given or {})
    for place, blocklist in enumerate(policy.blocklists):
        faults += [Fault(f"blocklists[{place}].{fault.field}", fault.message) for fault in faults_of(blocklist)]
        if blocklist.name in [other.name for other in policy.blocklists[:place]]:
            faults.append(Fault(f"blocklists[{place}].name", f"two blocklists are called {blocklist.name!r}"))
    if not 20 <= policy.window <= 1000:
        faults.append(Fault("window", f"window={policy.window}: 20 to 1000 characters"))
    for attack in ("jailbreak", "indirect_attack"):
        if getattr(policy.output, attack) != "off":
            faults.append(Fault(f"output.{attack}", f"output.{attack} means nothing: attacks stand in prompts"))
    if policy.prompt.protected_text != "off":
        told = "prompt.protected_text means nothing: it is answers that must not repeat a text"
        faults.append(Fault("prompt.protected_text", told))
    if faults:
        raise PolicyError("; ".join(dict.fromkeys(fault.message for fault in faults)), faults[0].field)


def written(policy: FilterPolicy) -> dict[str, Any]:
    """A policy with its defaults, which the stored form leaves out."""
    parts = {side: msgspec.structs.asdict(getattr(policy, side)) for side in ("prompt", "output")}
    lists = [msgspec.structs.asdict(blocklist) for blocklist in policy.blocklists]
    return {**msgspec.structs.asdict(policy), **parts, "blocklists": lists}


def _unknown(given: dict[str, Any]) -> list[Fault]:
    """Names that no policy has: a misspelled category must not leave a door open."""
    parts: list[tuple[str, dict[str, Any], type[msgspec.Struct]]] = [("", given, FilterPolicy)]
    parts += [(f"{side}.", given[side], Screen) for side in ("prompt", "output") if side in given]
    parts += [(f"blocklists[{place}].", each, Blocklist) for place, each in enumerate(given.get("blocklists", ()))]
    faults = []
    for where, values, kind in parts:
        known = [field.name for field in msgspec.structs.fields(kind)]
        faults += [
            Fault(where + name, f"{where}{name[:80]} is not known ({', '.join(known)})")
            for name in values
            if name not in known
        ]
    return faults
