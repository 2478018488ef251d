"""What a model costs in a storefront from a moment on: versioned data that nobody edits."""

from enum import StrEnum

import msgspec

from pleiade.domain.tenants import Storefront

NANO = 10**9  # money is counted in integers of 10^-9 currency units
# Words of callers that a price may name by another one: DALL·E 3's two, what says nothing, the newest models' two.
SAME_QUALITY = {"standard": "medium", "auto": "medium", "hd": "high", "xhigh": "high", "max": "high"}
STOREFRONTS = tuple(storefront.value for storefront in Storefront)  # each has its own price list


class RateKind(StrEnum):
    """What is counted and sold."""

    INPUT = "input"  # prompt tokens
    CACHED_INPUT = "cached_input"  # those of them that were found in the prefix cache
    OUTPUT = "output"  # completion tokens
    REASONING = "reasoning"  # those of them that the model thought and did not say
    IMAGE = "image"  # one picture; by size and quality
    AUDIO = "audio"  # tokens of sound, heard or made; counted apart from prompt and completion
    CALL = "call"  # one call that used anything
    PROVISIONED_HOUR = "provisioned_hour"  # one unit of provisioned capacity, one hour
    TRAINING_TOKEN = "training_token"  # one token that a fine-tune read
    TRAINING_HOUR = "training_hour"  # one accelerator, one hour


class Rate(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`amount` currency units for every `per` of a kind."""

    kind: RateKind
    amount: str  # a plain decimal, say "0.15"
    per: int = 1  # 1,000,000 for a price per million tokens
    size: str = ""  # images: "1024x1024"; "" = any that has no rate of its own
    quality: str = ""  # images: "hd"; "" = any that has no rate of its own


class Price(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version of a model's price in a storefront. The version made last holds from its date on."""

    id: str  # "price_…"
    storefront: str  # one of STOREFRONTS
    model: str  # Model.id
    currency: str  # ISO 4217
    effective: int  # Unix seconds
    rates: tuple[Rate, ...]
    free: bool = False  # rates of zero are meant
    version: int = 1  # 1, 2, … within storefront and model
    created: int = 0  # Unix seconds
