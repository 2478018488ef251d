"""Several people at the same invoice at the same moment: one of them does it, the others are told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sqlalchemy as sa

from invoices.business import ACTOR, at, organisation, price, sell, seller, tokens
from pleiade.domain.money import nano
from pleiade.domain.tenants import OPERATOR
from pleiade.invoices import InvoiceError, credit, finalise, get_invoice, list_invoices, pay, verify
from pleiade.ledger.balances import balance
from pleiade.prices import PriceError, history, set_price
from pleiade.tenancy import audit
from prices.examples import offer
from prices.examples import tokens as rates

AT_ONCE = 4


def together(act: Callable[[int], object]) -> tuple[int, list[str]]:
    """How many of several threads that begin together did it, and what the others were told."""
    barrier = Barrier(AT_ONCE)

    def one(number: int) -> str:
        barrier.wait()
        try:
            act(number)
        except (InvoiceError, PriceError) as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = list(pool.map(one, range(AT_ONCE)))
    return told.count(""), [text for text in told if text]


def test_a_month_becomes_final_once_and_is_paid_once(db: sa.Engine) -> None:
    org = organisation(db)
    seller(db)
    total = sell(db, org, price(db), [tokens(4_000_000, 0)])
    done, told = together(lambda _: finalise(db, org, "2026-10", actor=ACTOR, now=at("2026-11-01")))
    assert done == 1
    assert all("is final" in text or "at the same moment" in text for text in told)
    assert [invoice.number for invoice in list_invoices(db)] == ["INV-000001"]
    done, told = together(lambda _: pay(db, "INV-000001", actor=ACTOR))
    assert done == 1
    assert all("paid already" in text for text in told)
    assert balance(db, "cash") == {"USD": total}
    assert verify(db) == []


def test_credit_notes_made_at_once_never_give_back_more_than_the_invoice(db: sa.Engine) -> None:
    org = organisation(db)
    seller(db)
    sell(db, org, price(db), [tokens(4_000_000, 0)])
    finalise(db, org, "2026-10", actor=ACTOR, now=at("2026-11-01"))
    done, told = together(lambda _: credit(db, "INV-000001", actor=ACTOR, reason="x", nano=nano("0.25")))
    assert done == 2  # of 0.60: a third one would be too much
    assert all("more than what is left of INV-000001: 0.10 USD" in text for text in told)
    assert get_invoice(db, "INV-000001").open == nano("0.10")
    assert verify(db) == []


def test_invoices_of_several_organisations_are_numbered_without_gaps(db: sa.Engine) -> None:
    seller(db)
    made = price(db)
    orgs = [organisation(db, f"Customer {number}") for number in range(AT_ONCE)]
    for org in orgs:
        sell(db, org, made, [tokens(4_000_000, 0)])
    done, _ = together(lambda number: finalise(db, orgs[number], "2026-10", actor=ACTOR, now=at("2026-11-01")))
    assert done == AT_ONCE
    numbers = sorted(invoice.number for invoice in list_invoices(db))
    assert numbers == [f"INV-{number:06}" for number in range(1, AT_ONCE + 1)]
    assert verify(db) == []


def test_prices_set_at_once_are_versions_of_their_own(db: sa.Engine) -> None:
    done, told = together(lambda number: set_price(db, offer(*rates(f"0.{number + 1}", "1"))))
    assert [version.version for version in history(db)] == list(range(1, done + 1))
    assert all("at the same moment" in text for text in told)


def test_every_act_is_in_the_audit_log(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    sell(sqlite_db, org, price(sqlite_db), [tokens(4_000_000, 0)])
    finalise(sqlite_db, org, "2026-10", actor=OPERATOR, now=at("2026-11-01"))
    credit(sqlite_db, "INV-000001", actor=OPERATOR, reason="silence", nano=nano("0.10"))
    pay(sqlite_db, "INV-000001", actor=OPERATOR)
    with sqlite_db.connect() as connection:
        acts = [row.type for row in connection.execute(sa.text("SELECT type FROM audit_log ORDER BY sequence"))]
    assert acts[-5:] == ["seller.updated", "price.set", "invoice.finalised", "invoice.credited", "invoice.paid"]
    assert audit.verify(sqlite_db).problems == ()
