"""docs/prices.md and docs/invoices.md: their examples are read, and their numbers are computed again."""

import re
from pathlib import Path

import sqlalchemy as sa

from invoices.business import ACTOR, at, organisation, sell, tokens
from pleiade.domain.money import decimal
from pleiade.domain.price import NANO, Price, RateKind
from pleiade.domain.usage import Usage
from pleiade.invoices import finalise, verify
from pleiade.invoices.agreements import agree
from pleiade.invoices.document import Party
from pleiade.invoices.forms import rows
from pleiade.invoices.rules import apply_rules, read_rules, set_customer
from pleiade.prices import apply_prices, cost
from pleiade.prices.price_list import read_price_list
from pleiade.prices.terms import Line, adjust
from pleiade.prices.terms_file import read_terms

DOCS = Path(__file__).parents[2] / "docs"
CALLS = [(1_000, 0, 250, 0), (1_000, 400, 250, 0), (12_345, 12_000, 678, 600), (1, 0, 0, 0)]
MONTHS = [500_000, 5_000_000, 24_000_000]


def examples(page: str, tmp_path: Path) -> list[Path]:
    """The page's TOML blocks, as files."""
    paths = []
    for number, block in enumerate(re.findall(r"```toml\n(.*?)```", (DOCS / page).read_text(), re.S)):
        path = tmp_path / f"{page}{number}.toml"
        path.write_text(block)
        paths.append(path)
    return paths


def check(page: str, name: str, lines: list[str]) -> None:
    """The page's table of that name has these rows."""
    (table,) = re.findall(
        rf"<!-- computed: {name} -->\n.*?\n\|[-:|]+\|\n(.*?)<!-- end -->", (DOCS / page).read_text(), re.S
    )
    assert table.splitlines() == lines, "put these rows there:\n" + "\n".join(lines)


def chat(db: sa.Engine, path: Path) -> Price:
    """The list's price of pleiade-pico, since January."""
    import msgspec

    offers = [msgspec.structs.replace(offer, effective=at("2026-01-01")) for offer in read_price_list(path)]
    (price, _), _ = apply_prices(db, offers)
    return price


def test_what_a_call_costs_is_what_the_page_says(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    price = chat(sqlite_db, examples("prices.md", tmp_path)[0])
    found = []
    for prompt, cached, completion, reasoning in CALLS:
        usage = tokens(prompt, completion, cached, reasoning)
        amount = decimal(cost(price, usage), 2)
        found.append(f"| {prompt:,} | {cached:,} | {completion:,} | {reasoning:,} | {amount} USD |")
    check("prices.md", "calls", found)


def test_what_terms_change_is_what_the_page_says(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    price_list, agreed = examples("prices.md", tmp_path)
    price, terms = chat(sqlite_db, price_list), read_terms(agreed)
    found = []
    for quantity in MONTHS:
        listed = cost(price, Usage(prompt_tokens=quantity))
        line = Line(model="pleiade-pico", kind=RateKind.INPUT, quantity=quantity, listed=listed)
        (change,) = adjust(terms, [line])
        amounts = (listed, change.allowance, change.tiers, change.discount)
        told = " | ".join(decimal(amount, 2) for amount in (*amounts, sum(amounts)))
        found.append(f"| {quantity:,} | {told} |")
    check("prices.md", "tiers", found)


def test_the_invoice_is_what_the_page_says(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    price_list, agreed = examples("prices.md", tmp_path)
    (rules,) = examples("invoices.md", tmp_path)
    price = chat(sqlite_db, price_list)
    org = organisation(sqlite_db, "acme")
    apply_rules(sqlite_db, read_rules(rules), actor=ACTOR)
    set_customer(sqlite_db, org, Party(name="ACME SAS", country="FR"), actor=ACTOR)
    agree(sqlite_db, org, read_terms(agreed), actor=ACTOR)
    sell(sqlite_db, org, price, [tokens(240_000, 25_000, cached=40_000)] * 100)
    (invoice,) = finalise(sqlite_db, org, "2026-10", actor=ACTOR, now=at("2026-11-01"))
    document = invoice.document
    lines = []
    for row in rows(document):
        text, quantity, rate, per, amount = row[5], row[10], row[11], row[12], row[15]
        cells = (text, quantity and f"{int(quantity):,}", rate, per and f"{int(per):,}", amount)
        lines.append("|".join(["", *(f" {cell} " if cell else " " for cell in cells), ""]))
    total = decimal(document.total, 2)
    check("invoices.md", "invoice", [*lines, f"| **To pay** | | | | **{total}** |"])
    assert verify(sqlite_db) == []
    assert document.total % (NANO // 100) == 0
