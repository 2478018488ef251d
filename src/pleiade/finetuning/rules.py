"""What may be asked of a fine-tuning job: method, hyperparameters, grader, suffix, integrations."""

import re
from collections.abc import Mapping
from typing import Any, cast

from pleiade.domain.graders.check import check_grader
from pleiade.domain.graders.errors import GraderError
from pleiade.files.errors import InvalidError
from pleiade.finetuning.nouns import MethodName

METHODS = ("supervised", "dpo", "reinforcement")
LONGEST_SUFFIX = 64
MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 16, 64, 512
SEEDS = 2**31
# name -> lowest, highest, whole numbers only. A lowest of 0 is not allowed itself.
_BASIC = {"n_epochs": (1, 50, True), "batch_size": (1, 256, True), "learning_rate_multiplier": (0, 1e6, False)}
HYPERPARAMETERS: Mapping[str, Mapping[str, tuple[float, float, bool]]] = {
    "supervised": _BASIC,
    "dpo": {**_BASIC, "beta": (0, 2, False), "sft_weight": (0, 100, False)},
    "reinforcement": {
        **_BASIC,
        "compute_multiplier": (0, 10, False),
        "eval_interval": (1, 10_000, True),
        "eval_samples": (1, 64, True),
    },
}


class Asked:
    """The method of a job: its name, its hyperparameters as the lab takes them, its grader; and as it is shown."""

    def __init__(self, name: MethodName, hyperparameters: dict[str, Any], grader: dict[str, Any] | None) -> None:
        self.name = name
        self.hyperparameters = hyperparameters
        self.grader = grader

    def shown(self, hyperparameters: Mapping[str, Any]) -> dict[str, Any]:
        """The job's `method`, with hyperparameters as they have become."""
        inner: dict[str, Any] = {"hyperparameters": {**self.hyperparameters, **hyperparameters}}
        return {"type": self.name, self.name: inner if self.grader is None else {"grader": self.grader, **inner}}


def read_method(method: Mapping[str, Any] | None, hyperparameters: Mapping[str, Any] | None) -> Asked:
    """The method that a request names; `hyperparameters` is the older place for those of supervised training.

    Raises InvalidError that names the field.
    """
    method = method or {"type": "supervised"}
    name = method.get("type")
    if name not in METHODS:
        raise invalid("method.type", f"use {', '.join(METHODS)}, and not {name!r}")
    inner = method.get(str(name)) or {}
    if not isinstance(inner, Mapping):
        raise invalid(f"method.{name}", "it must be an object")
    where = f"method.{name}.hyperparameters"
    given = inner.get("hyperparameters")
    if given is None and name == "supervised":
        given, where = hyperparameters, "hyperparameters"
    found = read_hyperparameters(str(name), given or {}, where)
    grader = None
    if name == "reinforcement":
        where = "method.reinforcement.grader"
        if "grader" not in inner:
            raise InvalidError(
                f"Missing required parameter: '{where}'.", param=where, code="missing_required_parameter"
            )
        grader = read_grader(inner["grader"], where)
    return Asked(cast(MethodName, name), found, grader)


def read_grader(value: Any, where: str) -> dict[str, Any]:
    """A grader that training can compute. Raises InvalidError."""
    try:
        return dict(check_grader(value, where))
    except GraderError as error:
        raise InvalidError(f"Invalid grader: {error}.", param=where, code="invalid_grader") from error


def read_hyperparameters(method: str, given: Any, where: str) -> dict[str, Any]:
    """Hyperparameters in their ranges; what is left out is "auto". Raises InvalidError."""
    if not isinstance(given, Mapping):
        raise invalid(where, "it must be an object")
    found: dict[str, Any] = {}
    for name, value in given.items():
        if name == "reasoning_effort" and method == "reinforcement":
            if value not in (None, "default"):
                raise invalid(f"{where}.{name}", "models here are trained as they answer; leave it out")
            continue
        if name not in HYPERPARAMETERS[method]:
            known = ", ".join(HYPERPARAMETERS[method])
            raise invalid(f"{where}.{name}", f"{method} has no such hyperparameter; it has {known}")
        if value is not None:
            found[name] = _number(value, f"{where}.{name}", *HYPERPARAMETERS[method][name])
    return {**dict.fromkeys(("n_epochs", "batch_size", "learning_rate_multiplier"), "auto"), **found}


def _number(value: Any, where: str, low: float, high: float, whole: bool) -> Any:
    if value == "auto":
        return value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or (whole and int(value) != value):
        raise invalid(where, f"give 'auto' or {'an integer' if whole else 'a number'}")
    if not low <= value <= high or value <= 0:
        least = "above 0" if low == 0 else f"from {low:g}"
        raise invalid(where, f"give 'auto' or a number {least} up to {high:g}, and not {value}")
    return int(value) if whole else float(value)


def read_suffix(suffix: str | None, most: int = LONGEST_SUFFIX) -> str:
    """What of a suffix can stand in a model's name. Raises InvalidError for one that is too long, or is nothing."""
    if suffix is None:
        return ""
    if len(suffix) > most:
        raise invalid("suffix", f"it has {len(suffix)} characters and may have {most}")
    slug = re.sub(r"[^a-z0-9._-]+", "-", suffix.lower()).strip("-")
    if suffix and not slug:
        raise invalid("suffix", "use letters, digits, '-', '_' and '.'")
    return slug


def read_integrations(given: list[dict[str, Any]] | None) -> tuple[dict[str, Any], ...]:
    """Integrations as a job shows them: `wandb` is a file in its form, and nothing is sent. Raises InvalidError."""
    found = []
    for place, one in enumerate(given or []):
        kind = one.get("type")
        if kind != "wandb":
            raise invalid(
                f"integrations[{place}].type",
                f"{kind!r} is not offered: 'wandb' is, as a file of metrics among the result files",
            )
        wandb = one.get("wandb")
        if not isinstance(wandb, dict) or not isinstance(wandb.get("project"), str):
            raise invalid(f"integrations[{place}].wandb", "it needs a project")
        found.append({"type": "wandb", "wandb": wandb})
    return tuple(found)


def read_metadata(given: dict[str, str] | None) -> dict[str, str] | None:
    """Up to 16 pairs. Raises InvalidError."""
    if given is not None:
        if len(given) > MOST_PAIRS:
            raise invalid("metadata", f"it has {len(given)} pairs and may have {MOST_PAIRS}")
        if any(len(key) > LONGEST_KEY or len(value) > LONGEST_VALUE for key, value in given.items()):
            raise invalid("metadata", f"keys have up to {LONGEST_KEY} characters, values up to {LONGEST_VALUE}")
    return given


def read_seed(seed: int | None, default: int) -> int:
    """The seed, or `default`. Raises InvalidError."""
    if seed is None:
        return default
    if not 0 <= seed < SEEDS:
        raise invalid("seed", f"give an integer from 0 to {SEEDS - 1}")
    return seed


def invalid(param: str, problem: str) -> InvalidError:
    """About one field."""
    return InvalidError(f"Invalid '{param}': {problem}.", param=param, code="invalid_value")
