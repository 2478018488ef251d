"""Calls that are counted together: same month, payer, caller, model, price and outcome. Their names are stored once."""

import hashlib

import msgspec

from pleiade.domain.books import Entry
from pleiade.store.books import series

NAMES = tuple(column.name for column in series.columns if column.name != "id")

COARSE = frozenset(
    ("period", "organisation", "project", "storefront", "billing", "model", "currency", "operation", "debit", "credit")
)

Names = tuple[str, ...]  # in the order of NAMES


def names_of(entry: Entry, period: str) -> Names:
    """The names under which an entry is counted."""
    return (
        period,
        entry.organisation,
        entry.project,
        entry.key,
        entry.user,
        entry.storefront,
        entry.billing,
        entry.deployment,
        entry.model,
        entry.model_version,
        entry.price,
        entry.currency,
        entry.operation,
        entry.image_size,
        entry.image_quality,
        entry.outcome,
        entry.debit,
        entry.credit,
    )


def number_of(names: Names) -> int:
    """Their number: 63 bits of SHA-256, so that every keeper gives the same one without asking."""
    return int.from_bytes(hashlib.sha256(msgspec.msgpack.encode(names)).digest()[:8], "big") >> 1


def coarse(names: Names) -> Names:
    """The same without its finer names: a series of the totals."""
    return tuple(name if kept in COARSE else "" for kept, name in zip(NAMES, names, strict=True))
