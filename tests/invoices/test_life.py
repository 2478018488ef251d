"""The life of a bill: what it says is what the ledger holds, once, and nothing is done twice."""

from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa

from invoices.business import ACTOR, at, organisation, price, sell, seller, tokens
from pleiade.domain.books import Outcome
from pleiade.domain.money import nano
from pleiade.domain.price import RateKind
from pleiade.domain.usage import Usage
from pleiade.invoices import (
    InvoiceError,
    Status,
    charge,
    credit,
    draft,
    finalise,
    grant,
    list_invoices,
    pay,
    unpaid,
    verify,
)
from pleiade.invoices.agreements import agree
from pleiade.invoices.document import LineType, Party, canonical
from pleiade.invoices.rules import set_customer
from pleiade.ledger.balances import balance
from pleiade.ledger.clock import wall_ms
from pleiade.ledger.periods import bounds_of, month_of
from pleiade.prices import UnpricedError
from pleiade.prices.terms import Allowance, Discount, Plan, Terms

NOVEMBER = at("2026-11-02")
BIG = tokens(3_000_000, 500_000, cached=1_000_000)  # 2 at 0.15, 1 at 0.075, half a million at 0.60: 0.675


def french(db: sa.Engine, organisation: str) -> None:
    set_customer(db, organisation, Party(name="Société Générale d'Été", country="FR"), actor=ACTOR)


def test_a_month_becomes_an_invoice_that_is_the_ledgers_sum(db: sa.Engine) -> None:
    org = organisation(db)
    seller(db)
    french(db, org)
    total = sell(db, org, price(db), [BIG, tokens(1, 1), tokens(7, 0)])
    (sketch,) = draft(db, org, "2026-10")
    assert (sketch.status, sketch.number) == (Status.DRAFT, "")
    (invoice,) = finalise(db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    document = invoice.document
    usage = [line for line in document.lines if line.type is LineType.USAGE]
    assert sum(line.amount for line in usage) == total
    assert {(line.kind, line.quantity) for line in usage} == {
        ("input", 2_000_008),
        ("cached_input", 1_000_000),
        ("output", 500_001),
    }
    assert (document.net, document.tax, document.total) == (nano("0.68"), nano("0.14"), nano("0.82"))
    assert (invoice.number, document.pay_by - document.issued) == ("INV-000001", 30 * 86400)
    assert balance(db, f"receivable:{org}") == {"USD": nano("0.82")}
    assert balance(db, "tax:FR-20") == {"USD": -nano("0.14")}
    assert verify(db) == []
    (paid,) = [pay(db, "INV-000001", actor=ACTOR, reference="transfer 4711", now=NOVEMBER + 5)]
    assert (paid.status, paid.open) == (Status.PAID, 0)
    assert balance(db, f"receivable:{org}") == {"USD": 0}
    assert verify(db) == []


def test_nothing_is_done_twice(db: sa.Engine) -> None:
    org = organisation(db)
    seller(db)
    sell(db, org, price(db), [BIG])
    finalise(db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    with pytest.raises(InvoiceError, match=r"2026-10 of .* is final"):
        finalise(db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    with pytest.raises(InvoiceError, match="is final"):
        draft(db, org, "2026-10")
    pay(db, "INV-000001", actor=ACTOR)
    with pytest.raises(InvoiceError, match="paid already: nothing was booked"):
        pay(db, "INV-000001", actor=ACTOR)
    assert [invoice.number for invoice in list_invoices(db)] == ["INV-000001"]
    assert verify(db) == []


def test_what_is_too_early_too_soon_or_nothing_is_refused(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    with pytest.raises(InvoiceError, match="nothing to bill"):
        draft(sqlite_db, org, "2026-10")
    made = price(sqlite_db)
    sell(sqlite_db, org, made, [BIG], "2026-09-30T23:59")
    sell(sqlite_db, org, made, [BIG], "2026-10-01")
    with pytest.raises(InvoiceError, match="pleiade invoice seller FILE"):
        finalise(sqlite_db, org, "2026-09", actor=ACTOR, now=NOVEMBER)
    seller(sqlite_db)
    with pytest.raises(InvoiceError, match="2026-10 is not over"):
        finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=at("2026-10-31"))
    with pytest.raises(InvoiceError, match=r"2026-09 is not final yet.*pleiade invoice finalise"):
        finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    with pytest.raises(InvoiceError, match="no organisation has the id 'org-nobody'"):
        draft(sqlite_db, "org-nobody", "2026-10")
    with pytest.raises(InvoiceError, match="no invoice has the number"):
        pay(sqlite_db, "INV-000001", actor=ACTOR)
    finalise(sqlite_db, org, "2026-09", actor=ACTOR, now=NOVEMBER)
    assert finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=NOVEMBER)[0].number == "INV-000002"


def test_a_draft_is_made_again_and_again_and_never_paid_or_credited(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    made = price(sqlite_db)
    sell(sqlite_db, org, made, [BIG])
    (first,) = draft(sqlite_db, org, "2026-10")
    sell(sqlite_db, org, made, [BIG])
    (second,) = draft(sqlite_db, org, "2026-10")
    assert second.document.total > first.document.total
    assert [invoice.id for invoice in list_invoices(sqlite_db)] == [second.id]
    with pytest.raises(InvoiceError, match="is a draft"):
        pay(sqlite_db, second.id, actor=ACTOR)
    with pytest.raises(InvoiceError, match="is a draft"):
        credit(sqlite_db, second.id, actor=ACTOR, reason="no")
    assert verify(sqlite_db) == []


def test_calls_that_come_after_the_invoice_belong_to_the_next(db: sa.Engine) -> None:
    org = organisation(db)
    seller(db)
    made = price(db)
    sell(db, org, made, [BIG])
    (october,) = finalise(db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    sell(db, org, made, [BIG], "2026-10-31T23:00")
    assert verify(db) == []
    (november,) = finalise(db, org, "2026-11", actor=ACTOR, now=at("2026-12-01"))
    assert november.document.net == october.document.net
    assert verify(db) == []


def test_a_credit_note_takes_back_what_is_open_with_its_tax_and_never_more_than_the_invoice(db: sa.Engine) -> None:
    org = organisation(db)
    seller(db)
    french(db, org)
    sell(db, org, price(db), [BIG] * 10)
    (invoice,) = finalise(db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    assert invoice.document.total == nano("8.10")  # 6.75 and 20 % of it
    with pytest.raises(InvoiceError, match=r"9\.00 USD is more than what is left of INV-000001: 8\.10 USD"):
        credit(db, "INV-000001", actor=ACTOR, reason="no", nano=nano("9"))
    with pytest.raises(InvoiceError, match="cannot be paid in USD"):
        credit(db, "INV-000001", actor=ACTOR, reason="no", nano=nano("0.001"))
    with pytest.raises(InvoiceError, match="more than nothing"):
        credit(db, "INV-000001", actor=ACTOR, reason="no", nano=0)
    note = credit(db, "INV-000001", actor=ACTOR, reason="an hour of silence", nano=nano("2.00"), now=NOVEMBER)
    assert (note.number, note.document.tax, note.document.due) == ("CN-000001", nano("0.33"), -nano("2"))
    assert balance(db, f"receivable:{org}") == {"USD": nano("6.10")}
    assert pay(db, "INV-000001", actor=ACTOR).credited == nano("2")
    rest = credit(db, "INV-000001", actor=ACTOR, reason="all of it", now=NOVEMBER)
    assert rest.document.credits == nano("6.10")  # it was paid: given as credits
    assert balance(db, f"credits:{org}") == {"USD": -nano("6.10")}
    assert balance(db, "tax:FR-20") == {"USD": 0}
    with pytest.raises(InvoiceError, match="credited in full"):
        credit(db, "INV-000001", actor=ACTOR, reason="again")
    with pytest.raises(InvoiceError, match="is a credit note"):
        credit(db, "CN-000001", actor=ACTOR, reason="no")
    with pytest.raises(InvoiceError, match="is a credit note"):
        pay(db, "CN-000001", actor=ACTOR)
    assert verify(db) == []


def test_a_credit_note_over_all_that_is_open_settles_the_invoice(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    sell(sqlite_db, org, price(sqlite_db), [BIG])
    finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    credit(sqlite_db, "INV-000001", actor=ACTOR, reason="goodwill")
    assert unpaid(sqlite_db, org) == []
    with pytest.raises(InvoiceError, match="paid already"):
        pay(sqlite_db, "INV-000001", actor=ACTOR)
    assert verify(sqlite_db) == []


def test_what_an_organisation_owes_is_told(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    assert unpaid(sqlite_db, org) == []
    made = price(sqlite_db)
    sell(sqlite_db, org, made, [BIG])
    sell(sqlite_db, org, made, [BIG], "2026-11-01")
    finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    assert unpaid(sqlite_db, org) == ["INV-000001 of 2026-10: 0.68 USD", "2026-11 is not invoiced yet"]


def test_terms_are_lines_and_postings_of_the_invoice(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    total = sell(sqlite_db, org, price(sqlite_db), [BIG] * 4)
    agree(
        sqlite_db,
        org,
        Terms(
            currency="USD",
            start="2026-10",
            plan=Plan(name="Team", fee="60.00"),
            allowances=(Allowance(kind=RateKind.OUTPUT, quantity=1_000_000),),
            discounts=(Discount(percent="10", kind=RateKind.INPUT),),
        ),
        actor=ACTOR,
    )
    (invoice,) = finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    by_type = {line.type: line.amount for line in invoice.document.lines if line.type is not LineType.USAGE}
    # 8 million input tokens at 0.15 are 1.20, ten percent are 0.12; one million output tokens at 0.60 are free.
    assert by_type == {
        LineType.ALLOWANCE: -nano("0.60"),
        LineType.DISCOUNT: -nano("0.12"),
        LineType.PLAN: nano("60"),
        LineType.TAX: 0,
    }
    assert invoice.document.total == total + nano("59.28")
    assert balance(sqlite_db, "discounts:openai") == {"USD": nano("0.72")}
    assert balance(sqlite_db, "revenue:openai") == {"USD": -total - nano("60")}
    assert verify(sqlite_db) == []


def test_a_plan_is_due_also_in_a_month_without_a_call(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db, currency="EUR")
    seller(sqlite_db)
    agree(sqlite_db, org, Terms(currency="EUR", start="2026-10", plan=Plan(name="Plus", fee="20")), actor=ACTOR)
    (invoice,) = finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    assert (invoice.document.total, invoice.document.currency) == (nano("20"), "EUR")


def test_terms_that_would_never_apply_are_refused(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db, currency="EUR")
    with pytest.raises(InvoiceError, match="pays in EUR, and terms in USD would never apply"):
        agree(sqlite_db, org, Terms(currency="USD", start="2026-10"), actor=ACTOR)
    agree(sqlite_db, org, Terms(currency="EUR", start="2026-10"), actor=ACTOR)
    sell(sqlite_db, org, price(sqlite_db), [BIG])
    with pytest.raises(InvoiceError, match="are in EUR, but its calls were sold in USD"):
        draft(sqlite_db, org, "2026-10")


def test_hours_and_training_are_charged_once_and_are_on_the_invoice(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    price(sqlite_db, input="0.15", output="0.60", provisioned_hour="1.20", training_token="0.000008")
    for _ in range(2):
        charge(sqlite_db, org, "chat", RateKind.TRAINING_TOKEN, Decimal(1_500_000), actor=ACTOR, id="job-17")
    charge(sqlite_db, org, "chat", RateKind.PROVISIONED_HOUR, Decimal("2.5"), actor=ACTOR)
    for kind, quantity, says in (
        (RateKind.INPUT, Decimal(1), "counted by calls"),
        (RateKind.PROVISIONED_HOUR, Decimal(0), "above zero"),
        (RateKind.PROVISIONED_HOUR, Decimal("nan"), "above zero"),
        (RateKind.TRAINING_TOKEN, Decimal("0.00001"), "cost nothing"),
    ):
        with pytest.raises(InvoiceError, match=says):
            charge(sqlite_db, org, "chat", kind, quantity, actor=ACTOR)
    with pytest.raises(UnpricedError, match="other has no price in the storefront openai"):
        charge(sqlite_db, org, "other", RateKind.PROVISIONED_HOUR, Decimal(1), actor=ACTOR)
    month = month_of(wall_ms())
    (sketch,) = draft(sqlite_db, org, month)
    assert [(line.text, line.amount) for line in sketch.document.lines][:2] == [
        ("chat, 1,500,000 tokens of training", nano("12")),
        ("chat, 2.5 unit-hours of provisioned capacity", nano("3")),
    ]
    _, end = bounds_of(month)
    finalise(sqlite_db, org, month, actor=ACTOR, now=end)
    assert balance(sqlite_db, f"receivable:{org}") == {"USD": nano("15")}
    assert verify(sqlite_db) == []


def test_own_use_and_calls_that_failed_are_on_no_invoice(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    made = price(sqlite_db)
    sell(sqlite_db, "default", made, [BIG], billing="internal")
    sell(sqlite_db, org, made, [BIG], outcome=Outcome.FAILED)
    with pytest.raises(InvoiceError, match="nothing to bill"):
        draft(sqlite_db, "default", "2026-10")
    with pytest.raises(InvoiceError, match="nothing to bill"):
        draft(sqlite_db, org, "2026-10")
    assert unpaid(sqlite_db, org) == []


def test_each_currency_has_its_own_invoice(db: sa.Engine) -> None:
    org = organisation(db)
    seller(db)
    sell(db, org, price(db, "chat", "USD"), [BIG])
    sell(db, org, price(db, "talk", "JPY", input="15", output="60"), [BIG])
    yen, dollars = finalise(db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    assert (yen.document.currency, dollars.document.currency) == ("JPY", "USD")
    assert yen.document.total == nano("75")  # 3 million at 15 and half a million at 60: yen have no cents
    assert verify(db) == []


def test_images_are_lines_by_size_and_quality(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    made = price(sqlite_db, "picture", image="0.04")
    sell(sqlite_db, org, made, [Usage(images=3)], size="1024x1024", quality="hd")
    sell(sqlite_db, org, made, [Usage(images=2)], size="512x512")
    (sketch,) = draft(sqlite_db, org, "2026-10")
    lines = [(line.size, line.quality, line.quantity) for line in sketch.document.lines if line.kind == "image"]
    assert lines == [("1024x1024", "hd", 3), ("512x512", "", 2)]


def test_a_buyer_abroad_declares_the_tax_and_one_that_no_rule_fits_is_not_billed_untaxed(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    set_customer(sqlite_db, org, Party(name="Müller GmbH", country="DE", tax_id="DE123456789"), actor=ACTOR)
    sell(sqlite_db, org, price(sqlite_db), [BIG])
    (invoice,) = finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    rule = invoice.document.tax_rule
    assert rule is not None
    assert (rule.name, invoice.document.tax) == ("EU", 0)


def test_the_same_ledger_gives_the_same_bytes(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    sell(sqlite_db, org, price(sqlite_db), [BIG, tokens(10, 3)])
    (invoice,) = finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    from pleiade.invoices.verify import again, month_again
    from pleiade.prices import book

    with sqlite_db.connect() as connection:
        month = month_again(connection, invoice.document)
    assert canonical(again(month, book(sqlite_db), invoice.document)) == canonical(invoice.document)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE rollups SET cost = cost + 1", "another document now"),
        ("UPDATE invoices SET document = replace(document, 'Customer', 'Somebody')", "its hash is another one"),
        ("UPDATE transfers SET nano = nano + 1", "not what the document says"),
        ("DELETE FROM transfers", "not what the document says"),
        ("UPDATE invoice_numbers SET value = 2", "some are missing"),
    ],
)
def test_whoever_touches_meter_or_invoice_is_found(sqlite_db: sa.Engine, change: str, says: str) -> None:
    org = organisation(sqlite_db)
    seller(sqlite_db)
    sell(sqlite_db, org, price(sqlite_db), [BIG])
    finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=NOVEMBER)
    assert verify(sqlite_db) == []
    with sqlite_db.begin() as connection:
        connection.execute(sa.text(change))
    assert any(says in problem for problem in verify(sqlite_db))


def test_a_grant_needs_an_amount_that_can_be_paid_and_a_month_to_come(sqlite_db: sa.Engine) -> None:
    org = organisation(sqlite_db)
    for amount, currency, last, says in (
        (0, "USD", "", "above zero"),
        (1, "USD", "", "above zero that can be paid"),
        (nano("1"), "USD", "2020-01", "is over"),
        (nano("1"), "XXX", "", "no currency"),
    ):
        with pytest.raises(InvoiceError, match=says):
            grant(sqlite_db, org, "openai", currency, amount, actor=ACTOR, paid=True, last_period=last)
