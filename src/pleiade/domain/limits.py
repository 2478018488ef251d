"""What may pass: capacity of deployments, rates of keys, projects and organisations, budgets in money.

Terms and rules are Azure's for deployments (wire-contract §8) and OpenAI's for everybody who calls them.
"""

from enum import StrEnum

import msgspec

UNIT_TOKENS = 1000  # one unit of capacity, in tokens a minute


class Scope(StrEnum):
    """Whose limit it is."""

    DEPLOYMENT = "deployment"
    KEY = "key"
    PROJECT = "project"
    ORGANISATION = "organisation"


class CapacityKind(StrEnum):
    """How a deployment's capacity is judged."""

    STANDARD = "standard"  # counters that are reset each minute, never corrected downwards
    PROVISIONED = "provisioned"  # a leaky bucket, corrected by what was really used


class Stance(StrEnum):
    """What happens to a limited call while the limiter's store is lost."""

    CLOSED = "closed"  # refused with 503
    OPEN = "open"  # let through, with a warning in the log


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """A deployment's slice of its model's pool."""

    units: int = 0  # thousands of tokens a minute; 0 = unlimited
    kind: CapacityKind = CapacityKind.STANDARD
    requests_per_unit: float = 6.0  # requests a minute per unit (wire-contract §8: 6; reasoning models 1 to 0.1)
    slice_s: int = 1  # requests are judged over slices of 1 or 10 seconds
    spillover: str = ""  # the deployment that takes what a provisioned one refuses
    stance: Stance = Stance.CLOSED

    @property
    def tokens_per_minute(self) -> int:
        """The limit in tokens a minute; 0 = unlimited."""
        return self.units * UNIT_TOKENS

    @property
    def requests_per_minute(self) -> int:
        """The limit in requests a minute, at least 1; 0 = unlimited."""
        if not self.units:
            return 0
        return max(1, int(self.units * self.requests_per_unit + 1e-6))  # 0.1 a unit has no exact float


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """Rates of a key, project or organisation, for one model or for all together; None = no limit.

    The fields are those of OpenAI's `project.rate_limit` object.
    """

    max_requests_per_1_minute: int | None = None
    max_tokens_per_1_minute: int | None = None
    max_images_per_1_minute: int | None = None
    max_audio_megabytes_per_1_minute: int | None = None
    max_requests_per_1_day: int | None = None
    batch_1_day_max_input_tokens: int | None = None


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """What a key, project or organisation may spend in a calendar month (UTC)."""

    scope: Scope
    subject: str  # id of the key, project or organisation
    nano: int  # 10^-9 of the currency's unit, a month
    currency: str  # ISO 4217
    hard: bool = True  # refuse what would exceed it; a soft budget only alerts
    alerts: tuple[int, ...] = ()  # percents of the budget, rising, each told once a month
    webhook: str = ""  # URL that alerts are posted to
    secret: str = ""  # signs them: "whsec_" and base64, as Standard Webhooks has it
