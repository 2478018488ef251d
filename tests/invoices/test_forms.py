"""Bills as files: PDF, JSON, CSV and other systems' events. The same document gives the same bytes."""

import csv
import io
import json
import os
import subprocess
import sys
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader

from pleiade.domain.money import nano
from pleiade.invoices import InvoiceError, pdf
from pleiade.invoices.document import Document, Kind, Line, LineType, Party, TaxRule, canonical, parse
from pleiade.invoices.events import in_minor_units, lago, stripe
from pleiade.invoices.forms import as_csv, as_json

# Each line's letters come from its own font, whatever the line before was in.
ADDRESS = ("Łódź & Fils d'Été", "株式会社日本", "Plain letters", "주식회사 한국", "ООО Ромашка", "Ελλάδα Ω")


def usage(amount: str, text: str = "chat, input tokens", **more: object) -> Line:
    fields = {"model": "chat", "kind": "input", "quantity": 4_500_000, "rate": "0.15", "per": 10**6, "price": "price_1"}
    return Line(type=LineType.USAGE, text=text, amount=nano(amount), **{**fields, **more})  # type: ignore[arg-type]


INVOICE = Document(
    id="inv_1",
    kind=Kind.INVOICE,
    organisation="org-1",
    storefront="openai",
    billing="invoiced",
    period="2026-10",
    currency="USD",
    seller=Party(name="Pléiade SARL", address=("1, rue des Étoiles",), country="FR", payment=("IBAN FR76 3000",)),
    customer=Party(name="Société Générale d'Été", address=ADDRESS, country="FR", tax_id="FR123", email="a@example.org"),
    lines=(
        usage("0.675"),
        usage("0.300000600", "chat, output tokens", kind="output", quantity=500_001, rate="0.60"),
        Line(type=LineType.PLAN, text="Plan Team", amount=nano("60")),
        Line(type=LineType.ROUNDING, text="Rounding", amount=nano("0.004999400")),
        Line(type=LineType.TAX, text="Tax FR-20", amount=nano("12.20"), percent="20", rule="FR-20"),
    ),
    net=nano("60.98"),
    tax=nano("12.20"),
    total=nano("73.18"),
    credits=nano("3.18"),
    due=nano("70"),
    number="INV-000001",
    issued=1_793_577_600,
    pay_by=1_796_169_600,
    tax_rule=TaxRule(name="FR-20", country="FR", rate="20", note="TVA acquittée sur les débits"),
)
NOTE = msgspec.structs.replace(
    INVOICE,
    id="cn_1",
    kind=Kind.CREDIT_NOTE,
    number="CN-000001",
    of="INV-000001",
    reason="an hour of silence",
    lines=(Line(type=LineType.CREDIT, text="Credit for INV-000001", amount=nano("10")),),
    net=nano("10"),
    tax=0,
    total=nano("10"),
    due=-nano("4"),
    credits=nano("6"),
    pay_by=0,
)


def text_of(printed: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(printed)).pages)


def test_a_printed_bill_can_be_read_whatever_the_script_and_is_the_same_bytes_each_time() -> None:
    printed = pdf.render(INVOICE)
    said = text_of(printed)
    for word in (
        "Invoice INV-000001",
        "Société Générale d'Été",
        *ADDRESS,
        "FR123",
        "4,500,000",
        "0.15 per 1M",
        "0.3000006",
        "Tax FR-20, 20 %",
        "73.18 USD",
        "-3.18",
        "70.00 USD",
        "TVA acquittée sur les débits",
        "IBAN FR76 3000",
        "To be paid by 2026-12-02",
    ):
        assert word in said, word
    code = "import sys; from pleiade.invoices.document import parse; from pleiade.invoices.pdf import render; "
    code += "sys.stdout.buffer.write(render(parse(sys.stdin.buffer.read())))"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    argv = [sys.executable, "-c", code]
    assert subprocess.run(argv, input=canonical(INVOICE), env=environment, stdout=subprocess.PIPE).stdout == printed


def test_a_letter_that_no_font_has_is_refused_and_a_font_of_ones_own_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    document = msgspec.structs.replace(INVOICE, customer=Party(name="A 日 Ltd"))
    ours = pdf.FALLBACKS
    monkeypatch.setattr(pdf, "FALLBACKS", ())
    with pytest.raises(InvoiceError, match=r"no font has '日' \(U\+65E5\).*TrueType.*folder fonts of the home"):
        pdf.render(document)
    assert "A 日 Ltd" in text_of(pdf.render(document, ours))


def test_signs_that_no_font_has_are_told_in_words() -> None:
    party = Party(name='"Rocket" 🚀 & Söhne 👩\u200d💻', address=("😀 ❤\ufe0f",))
    said = text_of(pdf.render(msgspec.structs.replace(INVOICE, customer=party)))
    assert '"Rocket" (rocket) & Söhne (woman)(personal computer)' in said.replace("\n", " ").replace("\u200d", "")


def test_a_credit_note_says_what_it_gives_back() -> None:
    said = text_of(pdf.render(msgspec.structs.replace(NOTE, customer=Party(name="Müller GmbH"))))
    for word in ("Credit note CN-000001", "Credit for INV-000001", "an hour of silence", "Given as credits", "6.00"):
        assert word in said, word
    assert "IBAN" not in said


def test_json_has_exact_decimal_strings() -> None:
    document = json.loads(as_json(INVOICE))
    assert (document["total"], document["due"], document["issued"]) == ("73.18", "70.00", "2026-11-02T00:00:00Z")
    assert document["lines"][1]["amount"] == "0.3000006"
    assert sum(Decimal(line["amount"]) for line in document["lines"]) == Decimal(document["total"])


def test_csv_lines_add_up_to_the_total() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(INVOICE).decode())))
    assert sum(Decimal(line["amount"]) for line in lines) == Decimal("73.18")
    assert (lines[0]["quantity"], lines[0]["rate"], lines[0]["per"]) == ("4500000", "0.15", "1000000")


def test_a_document_survives_being_kept() -> None:
    assert parse(canonical(INVOICE)) == INVOICE
    assert canonical(parse(canonical(NOTE))) == canonical(NOTE)


def test_events_have_stripes_shape() -> None:
    *meters, finalized = stripe(INVOICE)
    assert [event["type"] for event in meters] == ["billing.meter_event.created"] * 2
    assert meters[0]["data"]["object"]["payload"] == {"stripe_customer_id": "org-1", "value": "4500000"}
    invoice = finalized["data"]["object"]
    assert finalized["type"] == "invoice.finalized"
    assert (invoice["total"], invoice["amount_due"], invoice["starting_balance"]) == (7318, 7000, -318)
    assert sum(line["amount"] for line in invoice["lines"]["data"]) == invoice["subtotal"] == 6098
    (note,) = stripe(NOTE)
    assert (note["type"], note["data"]["object"]["pre_payment_amount"]) == ("credit_note.created", 400)


def test_events_have_lagos_shape() -> None:
    *events, webhook = lago(INVOICE)
    assert [event["event"]["code"] for event in events] == ["input", "output"]
    invoice = webhook["invoice"]
    assert (webhook["webhook_type"], invoice["total_amount_cents"]) == ("invoice.created", 7000)
    assert sum(fee["amount_cents"] for fee in invoice["fees"]) == invoice["fees_amount_cents"] == 6098
    assert lago(NOTE)[0]["credit_note"]["balance_amount_cents"] == 600


@given(st.lists(st.integers(-(10**12), 10**12), max_size=12), st.sampled_from(["USD", "JPY", "BHD"]))
def test_lines_in_whole_cents_add_up_to_the_rounded_whole(amounts: list[int], currency: str) -> None:
    unit = {"USD": 10**7, "JPY": 10**9, "BHD": 10**6}[currency]
    lines = [Line(type=LineType.USAGE, text="", amount=amount) for amount in amounts]
    cents = in_minor_units(lines, currency)
    assert abs(2 * (sum(cents) * unit - sum(amounts))) <= unit
    assert all(abs(cent * unit - amount) <= unit for cent, amount in zip(cents, amounts, strict=True))
