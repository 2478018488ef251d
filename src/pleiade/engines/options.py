"""A deployment's own options, checked by name and type before anything starts."""

from collections.abc import Mapping

from pleiade.domain import Deployment
from pleiade.engines.base import EngineError

Value = str | int | float | bool


def checked_options(deployment: Deployment, known: Mapping[str, type]) -> dict[str, Value]:
    """The options of `deployment`, each of the type that `known` gives (numbers may come as text).

    Raises EngineError with every problem at once.
    """
    values: dict[str, Value] = {}
    problems = []
    for name, given in deployment.options.items():
        kind = known.get(name)
        if kind is None:
            problems.append(f"option {name!r} is not known (known: {', '.join(sorted(known))})")
            continue
        try:
            values[name] = _as(kind, given)
        except ValueError:
            problems.append(f"option {name}={given!r} is not a valid {kind.__name__}")
    if problems:
        raise EngineError(f"deployment {deployment.name!r}: {'; '.join(problems)}")
    return values


def _as(kind: type, given: Value) -> Value:
    if kind is bool and isinstance(given, str):
        if given.lower() in ("true", "false"):
            return given.lower() == "true"
        raise ValueError(given)
    if kind is not bool and isinstance(given, bool):
        raise ValueError(given)
    value: Value = kind(given)
    return value


def flags(values: Mapping[str, Value]) -> list[str]:
    """Command-line flags: `kv_cache_mb=512` becomes `--kv-cache-mb 512`."""
    words: list[str] = []
    for name, value in values.items():
        words += [f"--{name.replace('_', '-')}", str(value)]
    return words


def bearer(token: str) -> dict[str, str]:
    """The header with which the gateway proves itself to an engine."""
    return {"authorization": f"Bearer {token}"}
