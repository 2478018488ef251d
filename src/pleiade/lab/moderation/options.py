"""What a person may choose of a moderation run, without importing torch."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class ModerationPlan:
    """The size of the table and the length of the fit; `compare` also measures the other designs (minutes more)."""

    buckets: int = 1 << 17
    epochs: int = 4
    learning_rate: float = 0.02
    compare: bool = False


def read_overrides(overrides: Sequence[str]) -> ModerationPlan:
    """The plan with changes given as key=value. Raises ValueError with what is possible."""
    plan = ModerationPlan()
    known = {field.name: type(getattr(plan, field.name)) for field in dataclasses.fields(plan)}
    changes: dict[str, int | float | bool] = {}
    for each in overrides:
        name, separator, value = each.partition("=")
        if not separator or name not in known:
            raise ValueError(f"{each!r} changes nothing: write one of {', '.join(known)} as key=value")
        try:
            changes[name] = value.lower() == "true" if known[name] is bool else known[name](value)
        except ValueError:
            raise ValueError(f"{name}={value!r} is no {known[name].__name__}") from None
    chosen = dataclasses.replace(plan, **changes)  # type: ignore[arg-type]
    if chosen.buckets < 1024 or chosen.buckets & (chosen.buckets - 1):
        raise ValueError(f"buckets={chosen.buckets}: it must be a power of two, at least 1024")
    if chosen.epochs < 1 or chosen.learning_rate <= 0:
        raise ValueError("epochs must be at least 1, and learning_rate above 0")
    return chosen
