"""A policy from a file, and all that is wrong with it at once."""

import tomllib
from typing import Any

import msgspec

from pleiade.domain.policy import Blocklist, FilterPolicy, Screen
from pleiade.safety.blocklists import problems_of


class PolicyError(ValueError):
    """A policy that cannot be used; the message says why and what to do."""


def read_policy(text: str) -> FilterPolicy:
    """A policy from TOML: `prompt`, `output` and `blocklists` as docs/safety.md shows them. Raises PolicyError."""
    try:
        given = tomllib.loads(text)
        policy = msgspec.convert(given, FilterPolicy)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"the policy is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise PolicyError(f"the policy is wrong: {error}") from error
    check_policy(policy, _unknown(given))
    return policy


def check_policy(policy: FilterPolicy, problems: tuple[str, ...] = ()) -> None:
    """Raise PolicyError with `problems` and every other one."""
    found = [*problems, *(problem for blocklist in policy.blocklists for problem in problems_of(blocklist))]
    names = [blocklist.name for blocklist in policy.blocklists]
    found += [f"two blocklists are called {name!r}" for name in sorted({n for n in names if names.count(n) > 1})]
    if not 20 <= policy.window <= 1000:
        found.append(f"window={policy.window}: 20 to 1000 characters")
    if policy.output.jailbreak != "off" or policy.output.indirect_attack != "off":
        found.append("output.jailbreak and output.indirect_attack mean nothing: attacks stand in prompts")
    if policy.prompt.protected_text != "off":
        found.append("prompt.protected_text means nothing: it is answers that must not repeat a text")
    if found:
        raise PolicyError("; ".join(found))


def _unknown(given: dict[str, Any]) -> tuple[str, ...]:
    """Names that no policy has: a misspelled category must not leave a door open."""
    parts: list[tuple[str, dict[str, Any], type[msgspec.Struct]]] = [("", given, FilterPolicy)]
    parts += [(f"{side}.", given[side], Screen) for side in ("prompt", "output") if side in given]
    parts += [("blocklists.", each, Blocklist) for each in given.get("blocklists", ())]
    problems = []
    for where, values, kind in parts:
        known = [field.name for field in msgspec.structs.fields(kind)]
        problems += [f"{where}{name} is not known ({', '.join(known)})" for name in values if name not in known]
    return tuple(problems)
