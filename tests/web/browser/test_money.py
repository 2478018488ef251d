"""Invoices and settlements in the Console, over a ledger with real money: made, read, closed, each by who may."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest
import sqlalchemy as sa
from playwright.sync_api import expect

from invoices.business import at, organisation, price, sell, seller, tokens
from pleiade.domain import OPERATOR, Role
from pleiade.domain.books import Transfer, TransferKind
from pleiade.invoices import draft, finalise, verify
from pleiade.invoices.document import Party
from pleiade.invoices.rules import set_customer
from pleiade.ledger.posting import post
from pleiade.settlement.kept import keep
from pleiade.store import open_database
from pleiade.tenancy.members import add_member
from pleiade.tenancy.projects import first_project
from pleiade.tenancy.signin.passwords import set_password
from pleiade.tenancy.users import create_user
from serving import Server

PASSWORD = "seven stars in one night"
TODAY = datetime.now(UTC)
LAST = TODAY.replace(day=1) - timedelta(days=1)
BEFORE = LAST.replace(day=1) - timedelta(days=1)
MONTH, EARLIER = LAST.strftime("%Y-%m"), BEFORE.strftime("%Y-%m")
AGREEMENT = """name = "{name}"
currency = "CHF"

[assumptions]
recovered = 2

[[parties]]
id = "cellar"
name = "The cellar"

[[parties]]
id = "shop"
name = "The wine shop"

[[investments]]
party = "shop"
date = 2020-01-01
amount = 2

[[tranches]]
name = "recovery"
shares = {{ cellar = 0.25, shop = 0.75 }}
until = {{ party = "shop", multiple = "recovered" }}

[[tranches]]
name = "sharing"
shares = {{ cellar = "1/2", shop = "1/2" }}
"""


class Trade(NamedTuple):
    """Who is there, and what was sold."""

    warden: str  # an administrator of the house; their address
    buyer: str  # an administrator of the wine shop
    waiter: str  # a member of it
    shop: str  # the organisation
    bill: str  # its issued invoice of EARLIER
    agreement: str  # of which it is a party


def belongs(db: sa.Engine, email: str, to: str, role: Role) -> str:
    """Somebody with a password in an organisation and its project; their address."""
    user = create_user(db, email=email, actor=OPERATOR)
    for project in ("", first_project(db, to).id):
        add_member(db, to, user.id, role=role, project=project, actor=OPERATOR)
    set_password(db, user.id, PASSWORD, actor=OPERATOR)
    return email


def customer(db: sa.Engine, name: str, currency: str) -> str:
    """An organisation in France that pays; its id."""
    made = organisation(db, name, currency=currency)
    address = ("2, rue du Port", "44000 Nantes")
    set_customer(db, made, Party(name=f"{name} SAS", country="FR", address=address), actor=OPERATOR)
    return made


@pytest.fixture(scope="module")
def trade(house: Server, enrol: Callable[..., str]) -> Trade:
    """A wine shop that paid by francs and is a partner, and a press that is yet to be billed in crowns."""
    db = open_database(f"sqlite:///{house.home / 'pleiade.db'}")
    seller(db)
    wine, ink = price(db, "wine", "CHF"), price(db, "ink", "SEK")
    shop, press = customer(db, "Wine shop", "CHF"), customer(db, "Press", "SEK")
    sell(db, shop, wine, [tokens(20_000_000, 5_000_000)], f"{EARLIER}-10")
    sell(db, shop, wine, [tokens(10_000_000, 2_000_000), tokens(500, 250)], f"{MONTH}-05")
    sell(db, press, ink, [tokens(20_000_000, 5_000_000)], f"{MONTH}-06")
    spent = Transfer(
        id=f"cellar-{MONTH}",
        kind=TransferKind.EXPENSE,
        debit="expense:cellar",
        credit="cash",
        amount=10**9,
        currency="CHF",
        time_ms=at(f"{MONTH}-20") * 1000,
    )
    post(db, [spent], "test")
    bill = finalise(db, shop, EARLIER, actor=OPERATOR)[0].id
    draft(db, shop, MONTH)
    agreement = keep(db, AGREEMENT.format(name="Cellar and shop"), {"shop": shop}, lambda connection, kept: None).id
    found = Trade(
        warden=enrol(house, "treasurer@example.org", role="admin"),
        buyer=belongs(db, "buyer@wine.example", shop, Role.ADMIN),
        waiter=belongs(db, "waiter@wine.example", shop, Role.MEMBER),
        shop=shop,
        bill=bill,
        agreement=agreement,
    )
    db.dispose()
    return found


def test_a_month_is_drafted_adjusted_issued_credited_and_paid(
    house: Server, open_tab: Callable[..., Any], trade: Trade
) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(trade.warden, "/console/invoices")
    page.get_by_role("button", name="Draft a month").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Customer").select_option(label="Press")
    dialog.get_by_role("button", name="Draft", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("^Draft for"))).to_be_visible()
    lines = page.get_by_role("region", name="Lines").last
    expect(lines.get_by_role("row", name=re.compile(r"^ink, input tokens .*version 1 of the price"))).to_be_visible()
    expect(lines.get_by_role("row", name=re.compile(r"^Total SEK\s7\.20$"))).to_be_visible()
    origins = page.get_by_role("table", name="The calls behind it")
    expect(origins.get_by_role("row", name=re.compile(r"^Together SEK\s6\.00$"))).to_be_visible()
    page.get_by_role("button", name="Adjust").click()
    dialog.get_by_label("Amount, SEK").fill("-zero")
    dialog.get_by_label("Reason").fill("a slow afternoon")
    dialog.get_by_role("button", name="Adjust").click()
    expect(dialog.get_by_role("alert")).to_contain_text("amount")
    dialog.get_by_label("Amount, SEK").fill("-0,50")
    dialog.get_by_role("button", name="Adjust").click()
    expect(lines.get_by_role("row", name=re.compile("^a slow afternoon"))).to_be_visible()
    expect(lines.get_by_role("row", name=re.compile(r"^Total SEK\s6\.60$"))).to_be_visible()
    page.get_by_role("button", name="Issue").click()
    expect(dialog).to_contain_text(re.compile(r"Press SAS is billed SEK\s6\.60"))
    dialog.get_by_role("button", name="Issue").click()
    expect(page.get_by_role("heading", name=re.compile(r"^Invoice INV-\d+$"))).to_be_visible()
    page.get_by_role("button", name="Credit note").click()
    dialog.get_by_label("Amount, SEK").fill("0.60")
    dialog.get_by_label("Reason").fill("an hour of silence")
    dialog.get_by_role("button", name="Credit note").click()
    expect(page.get_by_role("region", name="Credit notes")).to_contain_text("an hour of silence")
    page.get_by_role("button", name="Note a payment").click()
    expect(dialog.get_by_role("heading")).to_have_text(re.compile(r"SEK\s6\.00 was paid"))
    dialog.get_by_role("button", name="Note a payment").click()
    expect(page.get_by_role("button", name="Note a payment")).to_have_count(0)
    page.get_by_role("button", name="Download").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="PDF").click()
    assert saved.value.suggested_filename.startswith("INV-")
    assert saved.value.path().read_bytes().startswith(b"%PDF-")
    db = open_database(f"sqlite:///{house.home / 'pleiade.db'}")
    assert verify(db) == []
    db.dispose()


def test_a_member_reads_their_own_issued_bill_and_changes_nothing(open_tab: Callable[..., Any], trade: Trade) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(trade.waiter, "/console/invoices")
    expect(page.get_by_role("link", name=re.compile("^INV-"))).to_have_count(1)
    expect(page.get_by_role("button", name="Draft a month")).to_have_count(0)
    expect(page.get_by_role("link", name="Settlement")).to_have_count(0)
    page.get_by_role("combobox", name="Status").select_option("paid")
    expect(page.get_by_role("heading", name="No invoices like these")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    page.get_by_role("link", name=re.compile("^INV-")).click()
    expect(page.get_by_role("row", name=re.compile(r"^Total CHF\s7\.20$"))).to_be_visible()
    for act in ("Issue", "Adjust", "Note a payment", "Credit note"):
        expect(page.get_by_role("button", name=act)).to_have_count(0)
    page.get_by_role("link", name="See this month under Usage").click()
    expect(page.get_by_role("combobox", name="Time")).to_have_value(EARLIER)
    refused = f"fetch('/v1/organization/invoices/{trade.bill}/pay', {{method: 'POST'}}).then(answer => answer.status)"
    assert page.evaluate(refused) in (401, 403)


def test_months_are_divided_told_varied_and_closed_and_the_partner_sees_it(
    open_tab: Callable[..., Any], trade: Trade
) -> None:
    partner = open_tab()
    partner.sign_in(trade.buyer, f"/console/settlement/{trade.agreement}")
    expect(partner.page.get_by_role("heading", name="Nothing is closed yet")).to_be_visible()
    tab = open_tab()
    page = tab.page
    tab.sign_in(trade.warden, f"/console/settlement/{trade.agreement}")
    drawn = page.get_by_role("table", name="Where the profit goes")
    # Sold 6.00 and 2.700225, spent 1: 7.70 to share, 5.33 of it until the shop has 4, the rest by halves.
    for row in (
        r"^Sold CHF\s8\.700225$",
        r"^Expenses -CHF\s1\.00$",
        r"^Profit CHF\s7\.70$",
        r"^The cellar CHF\s2\.51$",
        r"^The wine shop CHF\s5\.19$",
    ):
        expect(drawn.get_by_role("row", name=re.compile(row))).to_be_visible()
    said = page.get_by_role("region", name="Who gets what, and why")
    expect(said.get_by_text("sharing is the last tranche.")).to_be_visible()
    page.get_by_role("combobox", name="Shown").select_option(EARLIER)
    expect(said.get_by_text("is shared as in recovery: 25 % The cellar, 75 % The wine shop")).to_be_visible()
    if_so = page.get_by_role("table", name="As booked and if so")
    whatif = page.get_by_role("region", name="What if")
    whatif.get_by_role("textbox", name="Prices, %").fill("110")
    expect(if_so.get_by_role("row", name=re.compile(r"^Profit CHF\s7\.70 CHF\s8\.57$"))).to_be_visible()
    whatif.get_by_role("textbox", name="recovered").fill("3")
    expect(whatif.get_by_text(re.compile("^recovery ends: .+ instead of"))).to_be_visible()
    whatif.get_by_role("textbox", name="Prices, %").fill("-5")
    expect(whatif.get_by_role("alert")).to_contain_text("write a factor")
    whatif.get_by_role("button", name="Back to what was booked").click()
    expect(if_so.get_by_role("row", name=re.compile(r"^Profit CHF\s7\.70 CHF\s7\.70$"))).to_be_visible()
    page.get_by_role("combobox", name="Through").select_option(EARLIER)
    expect(page.get_by_role("region", name="Period by period").get_by_text("Open")).to_have_count(1)
    page.get_by_role("button", name="Close these months").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(re.compile(r"The wine shop\s*CHF\s4\.34"))
    dialog.get_by_role("button", name="Close these months").click()
    expect(page.get_by_role("region", name="Period by period").get_by_text("Closed", exact=True)).to_have_count(1)
    partner.page.reload()
    expect(
        partner.page.get_by_role("table", name="Where the profit goes").get_by_role(
            "row", name=re.compile(r"^The wine shop CHF\s4\.34$")
        )
    ).to_be_visible()
    expect(partner.page.get_by_role("row", name=re.compile("^Sold"))).to_have_count(0)
    expect(partner.page.get_by_role("region", name="What if")).to_have_count(0)


def test_an_agreement_is_kept_mended_and_forgotten(open_tab: Callable[..., Any], trade: Trade) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(trade.warden, "/console/settlement")
    page.get_by_role("button", name="Keep an agreement").click()
    dialog = page.get_by_role("dialog")
    text = AGREEMENT.format(name="Somebody else")
    dialog.get_by_role("textbox").fill(text.replace("0.75", "0.8"))
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("sum to 1.05")
    dialog.get_by_role("textbox").fill(text)
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="Somebody else")).to_be_visible()
    page.get_by_role("button", name="Agreement", exact=True).click()
    page.get_by_role("menuitem", name="Text and who looks on").click()
    dialog.get_by_label("The wine shop").select_option(label="Wine shop")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    page.get_by_role("button", name="Agreement", exact=True).click()
    page.get_by_role("menuitem", name="Forget it").click()
    expect(page.get_by_role("heading", name="Settlement")).to_be_visible()
    expect(page.get_by_role("link", name="Somebody else")).to_have_count(0)


def test_every_page_is_readable_in_each_look(look: Callable[..., Any], trade: Trade) -> None:
    seen = look()
    page = seen.tab.page
    seen.tab.sign_in(trade.warden, "/console/invoices")
    page.get_by_role("link", name=re.compile("^INV-")).first.wait_for()
    seen.keep("invoices")
    seen.tab.go(f"/console/invoices/{trade.bill}")
    page.get_by_role("row", name=re.compile("^(Together|Ensemble)")).wait_for()
    seen.keep("invoice")
    seen.tab.go("/console/invoices?status=credit_note&of=nobody")
    page.get_by_role("heading", level=2).wait_for()
    seen.keep("invoices-none")
    seen.tab.go("/console/settlement")
    page.get_by_role("link", name="Cellar and shop").wait_for()
    seen.keep("settlement")
    page.get_by_role("link", name="Cellar and shop").click()
    page.get_by_role("table", name=re.compile("^(As booked and if so|Comptabilisé, et dans ce cas)$")).wait_for()
    seen.keep("settlement-one")
    page.get_by_role("region", name=re.compile("^(What if|Et si)$")).scroll_into_view_if_needed()
    seen.keep("settlement-what-if")
