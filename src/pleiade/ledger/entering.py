"""A reservation and its settlement become an entry: the one place where their fields meet."""

from msgspec.structs import astuple, replace

from pleiade.domain import Usage
from pleiade.domain.books import Entry, Outcome, Reservation, Settlement
from pleiade.ledger import accounts
from pleiade.ledger.errors import LedgerError
from pleiade.ledger.records import Marked, Reserved

MOST_COUNTED = 10**9  # tokens in one call; an engine that tells more is not believed
MOST_COST = 10**16  # nano in one call: ten million currency units. A sum of one day has 64 bits: 9.2 billion units


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


def believable(usage: Usage, cost: int) -> bool:
    """Whether one call can have used and cost that: absurd counts of an engine are never booked."""
    counts = _counts(usage)
    return min(counts) >= 0 and max(counts) <= MOST_COUNTED and -MOST_COST <= cost <= MOST_COST


def mark(time_ms: int, call: str, usage: Usage, cost: int) -> Marked:
    """What a running call has used by now."""
    return Marked(time_ms, call, *_counts(usage), cost)


def believed(settlement: Settlement, marked: Marked | None) -> Settlement:
    """The settlement; where it cannot be believed, one with what was marked last, if anything was."""
    if believable(settlement.usage, settlement.cost):
        return settlement
    usage, cost = (marked.usage, marked.cost) if marked else (Usage(), 0)
    return replace(settlement, usage=usage, cost=cost, estimated=True)


def enter(writer: str, sequence: int, reserved: Reserved, time_ms: int, settlement: Settlement) -> Entry:
    """The entry of a call that was settled in a way that can be believed.

    Raises LedgerError for the name of a deployment that no database could hold.
    """
    reservation = reserved.reservation
    if settlement.deployment and settlement.deployment != reservation.deployment:
        reservation = replace(reservation, deployment=settlement.deployment)
        check(reservation)
    return Entry(  # type: ignore[call-arg]  # a reservation's fields stand in an entry's order: tests hold them to it
        writer,
        sequence,
        reserved.time_ms,
        time_ms,
        *astuple(reservation)[:-1],  # `on_answer` is for whoever settles
        settlement.outcome,
        *_counts(settlement.usage),
        settlement.cost,
        settlement.estimated,
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
    if reserved.reservation.on_answer:
        told = Usage(), 0
    elif told is not None and not believable(*told):
        told = None
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


def _counts(usage: Usage) -> tuple[int, int, int, int, int, int]:
    """The counts in an entry's order."""
    u = usage
    return u.prompt_tokens, u.cached_tokens, u.completion_tokens, u.reasoning_tokens, u.images, u.audio
