"""What a plan is told by people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PlanConfig:
    """`price_per_hour` of one device, in the currency that the cost shall have; None prints device-hours instead."""

    price_per_hour: float | None = None
