"""Prepaid and given credits: used first, the ones that end first before the others, never twice."""

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from invoices.business import ACTOR, at, organisation, price, sell, seller, tokens
from pleiade.domain.books import Transfer, TransferKind
from pleiade.domain.money import nano
from pleiade.invoices import InvoiceError, Status, finalise, unpaid, verify
from pleiade.invoices.credits import Grant, add_grant, left_of_ending
from pleiade.ledger.balances import balance
from pleiade.ledger.posting import post_in
from pleiade.store import unit_of_work

ONE = tokens(4_000_000, 0)  # 0.60 at 0.15 a million


def granted(db: sa.Engine, org: str, name: str, amount: str, month: str, last: str = "", *, paid: bool = True) -> None:
    """Credits that were granted in a month long ago."""
    made = Grant(f"grant-{org}-{name}", "USD", nano(amount), month, last, paid)
    transfer = Transfer(
        id=made.id,
        kind=TransferKind.CREDIT,
        debit="cash" if paid else "discounts:openai",
        credit=f"credits:{org}",
        amount=made.amount,
        currency="USD",
        organisation=org,
        time_ms=at(f"{month}-03") * 1000,
    )
    with unit_of_work(db) as connection:
        post_in(connection, [transfer], "operator")
        add_grant(connection, org, made)


def left(db: sa.Engine, org: str) -> int:
    return -balance(db, f"credits:{org}").get("USD", 0)


def test_a_prepaid_month_is_paid_from_credits_and_the_invoice_says_so(db: sa.Engine) -> None:
    org = organisation(db, billing="prepaid")
    seller(db)
    granted(db, org, "a", "10.00", "2026-10")
    sell(db, org, price(db), [ONE, tokens(1, 0)], billing="prepaid")
    (invoice,) = finalise(db, org, "2026-10", actor=ACTOR, now=at("2026-11-01"))
    document = invoice.document
    assert (document.total, document.credits, document.due) == (nano("0.60"), nano("0.60"), 0)
    assert invoice.status is Status.PAID
    assert left(db, org) == nano("9.40")  # to the cent: the rounding is a posting too
    assert balance(db, f"receivable:{org}").get("USD", 0) == 0
    assert verify(db) == []


def test_what_a_prepaid_organisation_used_beyond_its_credits_is_owed(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db, billing="prepaid")
    seller(sqlite_db)
    granted(sqlite_db, org, "a", "1.00", "2026-10")
    sell(sqlite_db, org, price(sqlite_db), [ONE] * 3, billing="prepaid")
    (invoice,) = finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=at("2026-11-01"))
    assert (invoice.document.credits, invoice.document.due) == (nano("1"), nano("0.80"))
    assert left(sqlite_db, org) == 0
    assert balance(sqlite_db, f"receivable:{org}") == {"USD": nano("0.80")}
    assert unpaid(sqlite_db, org) == ["INV-000001 of 2026-10: 0.80 USD"]
    assert verify(sqlite_db) == []


def test_credits_of_an_invoiced_organisation_pay_before_it_does(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    granted(sqlite_db, org, "gift", "0.50", "2026-10", paid=False)
    sell(sqlite_db, org, price(sqlite_db), [ONE])
    (invoice,) = finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=at("2026-11-01"))
    assert (invoice.document.total, invoice.document.credits, invoice.document.due) == (
        nano("0.60"),
        nano("0.50"),
        nano("0.10"),
    )
    assert balance(sqlite_db, f"receivable:{org}") == {"USD": nano("0.10")}
    assert left(sqlite_db, org) == 0
    assert verify(sqlite_db) == []


def test_credits_that_were_granted_later_do_not_pay_for_the_month_before(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    granted(sqlite_db, org, "late", "5.00", "2026-11")
    sell(sqlite_db, org, price(sqlite_db), [ONE])
    (invoice,) = finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=at("2026-11-05"))
    assert invoice.document.credits == 0
    assert left(sqlite_db, org) == nano("5")


def test_what_is_left_of_credits_after_their_last_month_expires_once(db: sa.Engine) -> None:
    org = organisation(db)
    seller(db)
    made = price(db)
    granted(db, org, "bought", "1.00", "2026-10", "2026-11")
    granted(db, org, "given", "3.00", "2026-10", "2026-10", paid=False)
    sell(db, org, made, [ONE] * 2)
    sell(db, org, made, [ONE], "2026-11-05")
    finalise(db, org, "2026-10", actor=ACTOR, now=at("2026-12-05"))
    # 1.20 came from the gift, which ends first; its other 1.80 are taken back.
    assert left(db, org) == nano("1.00")
    assert balance(db, "discounts:openai") == {"USD": nano("1.20")}
    finalise(db, org, "2026-11", actor=ACTOR, now=at("2026-12-05"))
    assert left(db, org) == 0
    assert balance(db, "revenue:openai") == {"USD": -nano("2.20")}  # three calls, and 0.40 that nobody used
    assert verify(db) == []


def test_credits_do_not_pay_for_months_after_their_last_even_if_nothing_was_billed_between(
    sqlite_db: sa.Engine,
) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    granted(sqlite_db, org, "short", "3.00", "2026-08", "2026-09")
    sell(sqlite_db, org, price(sqlite_db), [ONE])
    (invoice,) = finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=at("2026-11-05"))
    assert invoice.document.credits == 0
    assert left(sqlite_db, org) == 0
    assert verify(sqlite_db) == []


@given(
    st.lists(st.tuples(st.integers(1, 500), st.sampled_from(["2026-09", "2026-10", ""])), min_size=1, max_size=4),
    st.integers(0, 2500),
)
def test_what_expires_is_what_the_ending_ones_were_less_what_was_used(
    granted: list[tuple[int, str]], used: int
) -> None:
    in_order = sorted(granted, key=lambda one: one[1] or "9999")
    grants = [Grant(str(n), "USD", amount, "2026-09", last, True) for n, (amount, last) in enumerate(in_order)]
    used = min(used, sum(amount for amount, _ in granted))
    first = left_of_ending(grants, {}, sum(grant.amount for grant in grants) - used, "2026-09")
    assert all(0 <= amount <= grant.amount for grant, amount in first)
    assert sum(amount for _, amount in first) == max(0, sum(a for a, last in granted if last == "2026-09") - used)
    gone = {grant.id: amount for grant, amount in first}
    rest = sum(grant.amount for grant in grants) - used - sum(gone.values())
    second = left_of_ending(grants, gone, rest, "2026-10")
    assert not gone.keys() & {grant.id for grant, _ in second}
    together = sum(amount for _, amount in second) + sum(gone.values())
    assert together == max(sum(gone.values()), sum(a for a, last in granted if last) - used)


def test_a_month_of_credits_is_one_that_can_come(sqlite_db: sa.Engine) -> None:
    from pleiade.invoices import grant
    from pleiade.ledger.errors import LedgerError

    org = organisation(sqlite_db)
    with pytest.raises(LedgerError, match="is no month"):
        grant(sqlite_db, org, "openai", "USD", nano("1"), actor=ACTOR, paid=True, last_period="soon")
    with pytest.raises(InvoiceError, match="above zero"):
        grant(sqlite_db, org, "openai", "JPY", nano("0.5"), actor=ACTOR, paid=True)
    grant(sqlite_db, org, "openai", "USD", nano("7"), actor=ACTOR, paid=True)
    assert left(sqlite_db, org) == nano("7")
