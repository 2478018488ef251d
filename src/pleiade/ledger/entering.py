"""A reservation and its settlement become an entry: the one place where their fields meet."""

from msgspec.structs import astuple, replace

from pleiade.domain import Usage
from pleiade.domain.books import Entry, Outcome, Reservation, Settlement
from pleiade.ledger import accounts
from pleiade.ledger.errors import LedgerError
from pleiade.ledger.records import Marked, Reserved

MOST_COUNTED = 10**12  # tokens in one call; an engine that tells more is not believed
MOST_COST = 9 * 10**18  # nano in one call: 9 billion currency units, what 64 bits hold


def check(reservation: Reservation) -> None:
    """Raises LedgerError for a reservation that no database could hold."""
    r = reservation
    accounts.check_billing(r.billing)
    # PostgreSQL's text has no NUL, and one row that cannot be written would hold up all that come after it.
    if "\x00" in (
        f"{r.call}{r.organisation}{r.project}{r.key}{r.user}{r.storefront}{r.deployment}{r.model}{r.model_version}"
        f"{r.price}{r.currency}{r.operation}{r.image_size}{r.image_quality}"
    ):
        raise LedgerError(f"call {r.call!r} cannot be reserved: a name in it has a NUL character")


def mark(time_ms: int, call: str, usage: Usage, cost: int) -> Marked:
    """What a running call has used. Raises LedgerError for a cost that cannot be booked."""
    counts, _ = _counts(usage)
    return Marked(time_ms, call, *counts, _cost(call, cost))


def enter(writer: str, sequence: int, reserved: Reserved, time_ms: int, settlement: Settlement) -> Entry:
    """The entry of a settled call. Raises LedgerError for what cannot be booked."""
    reservation = reserved.reservation
    counts, believed = _counts(settlement.usage)
    if settlement.deployment and settlement.deployment != reservation.deployment:
        reservation = replace(reservation, deployment=settlement.deployment)
        check(reservation)
    return Entry(  # type: ignore[call-arg]  # a reservation's fields stand in an entry's order: tests hold them to it
        writer,
        sequence,
        reserved.time_ms,
        time_ms,
        *astuple(reservation),
        settlement.outcome,
        *counts,
        _cost(settlement.call, settlement.cost),
        settlement.estimated or not believed,
        settlement.attempts,
        settlement.status,
        settlement.ms,
        settlement.first_byte_ms,
        accounts.payer(reservation.billing, reservation.organisation),
        accounts.revenue(reservation.storefront),
    )


def crash(reserved: Reserved, marked: Marked | None, time_ms: int, told: tuple[Usage, int] | None = None) -> Settlement:
    """How a call is settled whose process died: with what its engine told since, else with what its last mark told.

    Of a call that has neither nothing is known: it is settled with nothing used, and marked as estimated.
    """
    usage, cost = told or ((marked.usage, marked.cost) if marked else (Usage(), 0))
    return Settlement(
        call=reserved.reservation.call,
        outcome=Outcome.CRASHED,
        usage=usage,
        cost=cost,
        estimated=told is None and marked is None,
        status=0,
        ms=max(0, time_ms - reserved.time_ms),
    )


def _counts(usage: Usage) -> tuple[tuple[int, int, int, int, int, int], bool]:
    """The counts in an entry's order, and whether they can be believed: absurd ones are bounded."""
    u = usage
    counts = (u.prompt_tokens, u.cached_tokens, u.completion_tokens, u.reasoning_tokens, u.images, u.audio)
    if min(counts) >= 0 and max(counts) <= MOST_COUNTED:
        return counts, True
    a, b, c, d, e, f = (min(max(count, 0), MOST_COUNTED) for count in counts)
    return (a, b, c, d, e, f), False


def _cost(call: str, cost: int) -> int:
    if not -MOST_COST <= cost <= MOST_COST:
        raise LedgerError(f"call {call}: {cost} nano is no cost of one call; check its price")
    return cost
