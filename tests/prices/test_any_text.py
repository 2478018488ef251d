"""Whatever stands in a file of prices, terms or a seller: it is read, or refused in words; never a traceback."""

from contextlib import suppress
from pathlib import Path

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from invoices.business import SELLER_FILE
from pleiade.invoices import InvoiceError
from pleiade.invoices.rules import read_rules
from pleiade.prices import PriceError, apply_prices
from pleiade.prices.price_list import read_price_list
from pleiade.prices.terms_file import read_terms
from prices.test_catalogue import LIST
from prices.test_terms import TERMS

NUMBERS = ("1", "-1", "0", "1e400", "1e-400", "nan", "inf", "9" * 30, "true")
TEXTS = ('""', '"x"', '"0.15"', '"-0"', '"nan"', '"\\u0000"', '"٣"', '"½"', '"1_000"', '"input"', '"image"', "'")
TABLES = ("[]", "{}", "[[]]", "[1]", "[{}]", "{a=1}")
TIMES = ("2026-12-01", "2026-13-45", "12:00:00", "0001-01-01", "9999-12-31T23:59:59-12:00")
NASTY = (*NUMBERS, *TEXTS, *TABLES, *TIMES)


@st.composite
def spoiled(draw: st.DrawFn, text: str) -> str:
    """The text with a value or two replaced, a line gone, or one there twice."""
    lines = text.splitlines()
    for _ in range(draw(st.integers(1, 2))):
        place = draw(st.integers(0, len(lines) - 1))
        name, sign, _ = lines[place].partition("=")
        nasty = draw(st.sampled_from(NASTY))
        lines[place : place + 1] = draw(
            st.sampled_from([[f"{name}{sign}{nasty}"], [], [lines[place]] * 2, [f"{name} {nasty}"], [f"x = {nasty}"]])
        )
    return "\n".join(lines)


fuzzed = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@fuzzed
@given(spoiled(LIST))
def test_a_price_list_is_applied_or_refused_in_words(sqlite_db: sa.Engine, tmp_path: Path, text: str) -> None:
    (tmp_path / "prices.toml").write_text(text)
    with suppress(PriceError):
        apply_prices(sqlite_db, read_price_list(tmp_path / "prices.toml"))


@fuzzed
@given(spoiled(TERMS))
def test_terms_are_read_or_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "terms.toml").write_text(text)
    with suppress(PriceError):
        read_terms(tmp_path / "terms.toml")


@fuzzed
@given(spoiled(SELLER_FILE))
def test_a_sellers_rules_are_read_or_refused_in_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "seller.toml").write_text(text)
    with suppress(InvoiceError):
        read_rules(tmp_path / "seller.toml")
