"""Price lists in the database: versions are added, nothing is edited, what cannot be meant is refused."""

import time
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from pleiade.domain.model import Model, ModelFormat, ModelKind
from pleiade.domain.price import Rate, RateKind
from pleiade.domain.tenants import OPERATOR, Billing, Storefront
from pleiade.prices import (
    PriceBook,
    PriceError,
    UnpricedError,
    apply_prices,
    book,
    history,
    require_priced,
    require_sellable,
    set_price,
    version,
)
from pleiade.prices.catalogue import Offer
from pleiade.prices.price_list import read_price_list
from pleiade.tenancy.organisations import create_organisation
from prices.examples import TOKENS, offer, price, tokens


def test_a_new_version_holds_from_its_date_on_and_the_old_one_stays(db: sa.Engine) -> None:
    now = int(time.time())
    first = set_price(db, offer())
    later = set_price(db, offer(*tokens("0.10", "0.40"), effective=now + 86400))
    prices = book(db)
    assert prices.find("openai", "m", first.effective - 1) is None
    assert prices.find("openai", "m", now + 86399) == first
    assert prices.find("openai", "m", now + 86400) == later
    assert prices.find("azure", "m", now + 86400) is None
    assert history(db, "m") == [first, later]
    assert prices.get(first.id) == first
    assert version(db) == 2


def test_a_planned_price_can_be_taken_back_by_a_newer_one(db: sa.Engine) -> None:
    now = int(time.time())
    set_price(db, offer())
    set_price(db, offer(*tokens("99", "99"), effective=now + 1000))
    set_price(db, offer(*tokens("0.1", "0.2"), effective=now + 500))
    found = book(db).find("openai", "m", now + 2000)
    assert found is not None
    assert found.rates[0].amount == "0.1"


def test_applying_the_same_list_again_adds_nothing(db: sa.Engine) -> None:
    offers = [offer(), offer(storefront="azure")]
    first, fresh = apply_prices(db, offers)
    again, fresh_again = apply_prices(db, offers)
    assert (fresh, fresh_again) == (2, 0)
    assert again == first
    assert version(db) == 1


def test_one_bad_price_in_a_list_and_none_is_written(db: sa.Engine) -> None:
    with pytest.raises(PriceError, match=r"nothing was written(?s:.*)'us'(?s:.*)openai b: .*negative"):
        apply_prices(db, [offer(), offer(*tokens("-1", "1"), model="b", currency="us")])
    assert len(book(db)) == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (offer(*tokens("-0.15", "0.60")), "negative"),
        (offer(*tokens("NaN", "0.60")), "'NaN' is not an amount"),
        (offer(*tokens("inf", "0.60")), "'inf' is not an amount"),
        (offer(*tokens("1e3", "0.60")), "'1e3' is not an amount"),
        (offer(*tokens("0,15", "0.60")), "'0,15' is not an amount"),
        (offer(*tokens("", "0.60")), "'' is not an amount"),
        (offer(*tokens("٣", "0.60")), "not an amount"),
        (offer(*tokens("1" * 10, "0.60")), "not an amount"),
        (offer(*tokens("0", "0.60")), "would cost nothing: say --free"),
        (offer(*tokens("0.000", "0.60")), "would cost nothing: say --free"),
        (offer(free=True), "none is zero"),
        (offer(currency="usd"), "write USD"),
        (offer(currency="XTS"), "no currency's code"),
        (offer(currency="DEM"), "no currency's code"),
        (offer(storefront="aws"), "say openai or azure"),
        (offer(model="m" * 257), "1 to 256 characters"),
        (offer(model=""), "1 to 256 characters"),
        (offer(effective=-1), "before 1970"),
        (offer(effective=10**15), "after 9999"),
        (offer(TOKENS[0]), "needs a rate for output"),
        (offer(*TOKENS, TOKENS[0]), "input has two rates"),
        (offer(*TOKENS, Rate(kind=RateKind.CALL, amount="1", size="big")), "only images have"),
        (offer(*TOKENS, Rate(kind=RateKind.CALL, amount="1", per=0)), "per 0"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_cure(sqlite_db: sa.Engine, wrong: Offer, says: str) -> None:
    with pytest.raises(PriceError, match=says):
        set_price(sqlite_db, wrong)


def test_a_price_in_two_currencies_is_refused(sqlite_db: sa.Engine) -> None:
    set_price(sqlite_db, offer())
    with pytest.raises(PriceError, match="two currencies"):
        set_price(sqlite_db, offer(currency="EUR"))
    assert set_price(sqlite_db, offer(currency="EUR", storefront="azure")).currency == "EUR"


def test_zero_needs_to_be_meant(sqlite_db: sa.Engine) -> None:
    assert set_price(sqlite_db, offer(*tokens("0", "0"), free=True)).free


def test_a_second_version_cannot_change_what_was_sold(sqlite_db: sa.Engine) -> None:
    assert set_price(sqlite_db, offer(effective=1000)).effective == 1000  # the first may be as old as one likes
    with pytest.raises(PriceError, match="its date is past"):
        set_price(sqlite_db, offer(*tokens("1", "2"), effective=2000))


def test_an_unknown_model_is_refused_unless_its_kind_is_said(sqlite_db: sa.Engine) -> None:
    with pytest.raises(PriceError, match="no such model is registered"):
        set_price(sqlite_db, Offer(storefront="openai", model="typo", currency="USD", rates=TOKENS))


def test_what_has_no_price_cannot_be_sold_and_the_command_to_set_one_is_said() -> None:
    prices = PriceBook([price(input="1")])
    with pytest.raises(
        UnpricedError, match="pleiade price set other --storefront azure --currency USD --input AMOUNT --per"
    ):
        require_priced(prices, "azure", "other", 1, kind=ModelKind.EMBEDDING)
    with pytest.raises(UnpricedError, match="no rate for output"):
        require_priced(prices, "openai", "m", 1, kind=ModelKind.TEXT)
    assert require_priced(prices, "openai", "m", 1, kind=ModelKind.EMBEDDING).model == "m"


@given(st.lists(st.integers(0, 20), max_size=8), st.integers(0, 20))
def test_of_the_versions_that_have_begun_the_one_made_last_holds(dates: list[int], at: int) -> None:
    made = [price(effective=date, version=number, input="1") for number, date in enumerate(dates, 1)]
    begun = [version.version for version in made if version.effective <= at]
    found = PriceBook(made).find("openai", "m", at)
    assert (found.version if found else 0) == max(begun, default=0)


LIST = """
storefront = "azure"
currency = "EUR"
per = "1M"
effective = 2026-12-01

[[price]]
model = "chat"
kind = "text"
input = "0.15"
cached_input = 0.075
output = 0.60

[[price]]
model = "picture"
kind = "image"
free = true

[[price.image]]
size = "1024x1024"
quality = "hd"
amount = "0.08"

[[price.image]]
amount = "0"
"""


def test_a_price_list_is_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(LIST)
    chat, picture = read_price_list(path)
    assert chat.effective == 1_796_083_200  # 2026-12-01T00:00:00Z
    assert [(rate.kind.value, rate.amount, rate.per) for rate in chat.rates] == [
        ("input", "0.15", 10**6),
        ("cached_input", "0.075", 10**6),
        ("output", "0.60", 10**6),
    ]
    assert [(rate.amount, rate.size, rate.quality) for rate in picture.rates] == [
        ("0.08", "1024x1024", "hd"),
        ("0", "", ""),
    ]
    assert picture.free


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('currency = "EUR"', "", "needs currency"),
        ('per = "1M"', "", "for how many tokens"),
        ('per = "1M"', 'per = "2"', "say 1, 1K or 1M"),
        ("effective = 2026-12-01", 'effective = "soon"', "is no date"),
        ('kind = "text"', 'currency = "USD"', "two currencies"),
        ('kind = "text"', 'kind = "talk"', "say one of text"),
        ('kind = "text"', "tiers = []", "has no tiers"),
        ('input = "0.15"', "input = [1, 2]", "tiers belong to"),
        ("free = true", 'free = "yes"', "true or false"),
        ("[[price]]", "[price]", "price.toml: "),
    ],
)
def test_a_price_list_that_cannot_be_meant_is_refused(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "price.toml"
    path.write_text(LIST.replace(old, new, 1))
    with pytest.raises(PriceError, match=says):
        read_price_list(path)


def test_a_bare_nan_in_a_list_is_refused(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    path = tmp_path / "prices.toml"
    path.write_text(LIST.replace("0.075", "nan"))
    with pytest.raises(PriceError, match="not an amount"):
        apply_prices(sqlite_db, read_price_list(path))


def test_a_model_is_for_sale_once_it_has_a_price_wherever_somebody_pays(db: sa.Engine) -> None:
    model = Model(id="m", kind=ModelKind.TEXT, format=ModelFormat.GGUF)
    require_sellable(db, model)  # the house's own organisation pays nothing
    create_organisation(db, name="Azure's", storefront=Storefront.AZURE, billing=Billing.PREPAID, actor=OPERATOR)
    create_organisation(db, name="OpenAI's", billing=Billing.INVOICED, actor=OPERATOR)
    set_price(db, offer())
    with pytest.raises(UnpricedError, match="price set m --storefront azure") as caught:
        require_sellable(db, model)
    assert "openai" not in str(caught.value)
    set_price(db, offer(storefront="azure"))
    require_sellable(db, model)
