"""Settlements over HTTP: the ledger's months divided, closed once, tried out; and partners who see what is closed."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from asking import Http
from customers import Customer
from money import AGREEMENT, agreed, house_key, issued, spent, trade

from pleiade.ledger.balances import balance
from pleiade.ledger.posting import post
from pleiade.ledger.profit import booked_months, monthly_flows, monthly_profit
from pleiade.store import reading
from pleiade.store.tenants import audit_log


@pytest.fixture
def traded(database: sa.Engine, two: tuple[Customer, Customer]) -> str:
    """The house's key; both customers have made calls, and Acme is a partner."""
    trade(database, *two)
    return house_key(database)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_months_are_divided_and_closed_once(traded: str, served: Any, database: sa.Engine) -> None:
    ask, kept = Http(served, traded), agreed(database)
    status, told = await ask("GET", f"/agreements/{kept.id}")
    assert (status, told["months"]["first"], told["months"]["closed"]) == (200, "2026-09", "")
    assert told["tranches"][0]["until"] == {"party": "partner", "amount": "20.00", "date": None, "caps": None}
    path = f"/agreements/{kept.id}/settlement?through=2026-10"
    status, made = await ask("GET", path)
    assert (status, made["new_periods"]) == (200, ["2026-09", "2026-10"])
    # Sold 12.00 in September, and 6.84045 in October, when 3 were spent.
    assert [each["profit"] for each in made["periods"]] == ["12.00", "3.84"]
    assert made["flows"]["2026-10"]["cost"] == "-2.00"
    assert made["flows"]["2026-10"]["expense"] == "-1.00"
    assert made["flows"]["total"]["revenue"] == "18.84045"
    assert made["flows"]["total"]["difference"] == "-0.00045"
    assert Decimal(made["due"]["house"]) + Decimal(made["due"]["partner"]) == Decimal(made["profit"])
    assert made["unbilled"] == [{"period": "2026-09", "organizations": 2}, {"period": "2026-10", "organizations": 2}]
    status, refused = await ask("POST", f"/agreements/{kept.id}/close", {"through": "2026-10", "id": "0" * 64})
    assert (status, "changed since you looked" in refused["error"]["message"]) == (400, True)
    status, refused = await ask("POST", f"/agreements/{kept.id}/close", {"through": "2999-10", "id": made["id"]})
    assert (status, "is not over" in refused["error"]["message"]) == (400, True)
    for replayed in (False, True):
        status, closed = await ask("POST", f"/agreements/{kept.id}/close", {"through": "2026-10", "id": made["id"]})
        assert (status, closed["replayed"], closed["id"]) == (200, replayed, made["id"])
    assert balance(database, "payable:partner")["USD"] == -int(Decimal(made["due"]["partner"]) * 10**9)
    _, after = await ask("GET", path)
    assert (after["new_periods"], set(after["due"].values())) == ([], {"0.00"})
    status, refused = await ask("DELETE", f"/agreements/{kept.id}")
    assert (status, "periods are settled" in refused["error"]["message"].lower()) == (400, True)
    changed = kept.document.replace("0.25", "0.2").replace("0.75", "0.8")
    status, refused = await ask("POST", f"/agreements/{kept.id}", {"document": changed})
    assert (status, "by other terms" in refused["error"]["message"]) == (400, True)
    with reading(database) as connection:
        acts = list(connection.scalars(sa.select(audit_log.c.type).where(audit_log.c.type.like("settlement.%"))))
    assert acts == ["settlement.closed"]


async def test_what_is_booked_late_comes_with_the_next_month(traded: str, served: Any, database: sa.Engine) -> None:
    ask, kept = Http(served, traded), agreed(database)
    path = f"/agreements/{kept.id}"
    _, made = await ask("GET", f"{path}/settlement?through=2026-09")
    await ask("POST", f"{path}/close", {"through": "2026-09", "id": made["id"]})
    post(database, [spent("late", "expense:late", 5, "2026-09-30")], "test")
    _, after = await ask("GET", f"{path}/settlement?through=2026-09")
    assert (after["periods"][0]["profit"], after["late"]) == ("12.00", "-5.00")
    _, after = await ask("GET", f"{path}/settlement?through=2026-10")
    assert [each["profit"] for each in after["periods"]] == ["12.00", "-1.16"]


async def test_a_scenario_varies_the_months_and_books_nothing(traded: str, served: Any, database: sa.Engine) -> None:
    ask, kept = Http(served, traded), agreed(database)
    path = f"/agreements/{kept.id}/scenario"
    status, same = await ask("POST", path, {"through": "2026-10"})
    assert status == 200
    assert same["booked"]["periods"] == same["what_if"]["periods"]
    _, dearer = await ask("POST", path, {"through": "2026-10", "price": "1.1"})
    assert (dearer["booked"]["profit"], dearer["what_if"]["profit"]) == ("15.84", "17.72")
    _, busier = await ask("POST", path, {"through": "2026-10", "volume": "2", "cost": "0.5"})
    assert busier["what_if"]["profit"] == "35.18"  # 2 × 18.84045 sold, 2 × 2 × 0.5 to serve, 1 × 0.5 else
    share = {"tranche": "recovery", "party": "partner", "share": "0.5"}
    _, shared = await ask("POST", path, {"through": "2026-10", "share": share})
    assert shared["what_if"]["totals"] == {"house": "7.92", "partner": "7.92"}
    _, ahead = await ask("POST", path, {"through": "2026-10", "years": 2, "growth": "0.1"})
    labels = [each["period"] for each in ahead["booked"]["periods"]]
    assert labels == ["2026-09", "2026-10", "2026-11..2026-12", "2027", "2028"]
    _, sooner = await ask("POST", path, {"through": "2026-10", "assumptions": {"recovered": "1"}})
    assert sooner["what_if"]["tranches"][0]["ended_in"] == "2026-10"
    wrong: list[dict[str, Any]] = [
        {"price": "-1"},
        {"price": "NaN"},
        {"volume": "1e99"},
        {"years": 51},
        {"growth": "-2"},
        {"share": {**share, "share": "1.5"}},
        {"share": {**share, "party": "nobody"}},
        {"share": {**share, "party": "partner", "share": "0"}},
        {"assumptions": {"nothing": "1"}},
        {"through": "2026-13"},
    ]
    for fields in wrong:
        status, refused = await ask("POST", path, {"through": "2026-10", **fields})
        assert (status, len(refused["error"]["message"]) > 20) == (400, True), fields
    status, refused = await ask("POST", path, {"price": 1.1})
    assert (status, refused["error"]["param"]) == (400, "price"), "a number may have been a float"
    assert balance(database, "payable:partner") == {}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_a_partner_sees_what_is_closed_and_nothing_else(
    traded: str, served: Any, database: sa.Engine, acme: Customer, globex: Customer
) -> None:
    house, partner, stranger = (Http(served, key) for key in (traded, acme.key, globex.key))
    status, kept = await house("POST", "/agreements", {"document": AGREEMENT.format(name="Ours"), "partners": {}})
    assert (status, kept["name"]) == (200, "Ours")
    one = f"/agreements/{kept['id']}"
    assert (await partner("GET", one))[0] == 404
    status, told = await house("POST", one, {"partners": {"partner": "acme"}})
    assert (status, told["partners"]) == (200, {"partner": "acme"})
    status, listed = await partner("GET", "/agreements")
    assert (status, [one["party_ids"] for one in listed["data"]], listed["can_change"]) == (200, [["partner"]], False)
    _, nothing = await partner("GET", f"{one}/settlement?through=2026-10")
    assert nothing["periods"] == []
    _, made = await house("GET", f"{one}/settlement?through=2026-09")
    await house("POST", f"{one}/close", {"through": "2026-09", "id": made["id"]})
    _, seen = await partner("GET", f"{one}/settlement?through=2026-10")
    assert [each["period"] for each in seen["periods"]] == ["2026-09"]
    assert seen["totals"] == made["totals"]
    assert "flows" not in seen, "what the house sold and spent is its own"
    assert (await partner("GET", f"{one}/export?format=csv"))[1].startswith(b"period,profit,house,partner")
    for act, body in (("scenario", {}), ("close", {"through": "2026-10", "id": "x"})):
        assert (await partner("POST", f"{one}/{act}", body))[0] == 401
        assert (await stranger("POST", f"{one}/{act}", body))[0] == 404
    assert (await partner("POST", one, {"partners": {}}))[0] == 401
    assert (await stranger("GET", one))[0] == 404
    assert (await stranger("GET", "/agreements"))[1]["data"] == []


async def test_an_agreement_that_says_nothing_sure_is_refused_in_words(traded: str, served: Any) -> None:
    ask = Http(served, traded)
    text = AGREEMENT.format(name="Ours")
    wrong = ["", "{", text.replace("0.75", "0.7"), text.replace("USD", "XXQ"), "x" * 100_001, text + "[[oops]]\n"]
    for document in wrong:
        status, refused = await ask("POST", "/agreements", {"document": document})
        assert (status, refused["error"]["code"]) == (400, "refused"), document[:40]
    status, refused = await ask("POST", "/agreements", {"document": text, "partners": {"nobody": "acme"}})
    assert (status, "no party" in refused["error"]["message"]) == (400, True)
    status, refused = await ask("POST", "/agreements", {"document": text, "partners": {"partner": "nowhere"}})
    assert status == 404
    status, kept = await ask("POST", "/agreements", {"document": text})
    status, refused = await ask("POST", "/agreements", {"document": text})
    assert (status, "another agreement" in refused["error"]["message"].lower()) == (400, True)
    assert (await ask("DELETE", f"/agreements/{kept['id']}"))[0] == 200
    assert (await ask("GET", f"/agreements/{kept['id']}"))[0] == 404


async def test_nothing_is_booked_yet(database: sa.Engine, two: tuple[Customer, Customer], serve: Any) -> None:
    kept = agreed(database)
    assert booked_months(database, kept.agreement().currency) == []


def test_flows_add_up_to_the_profit(database: sa.Engine, two: tuple[Customer, Customer]) -> None:
    trade(database, *two)
    issued(database, two[0])
    months = booked_months(database, "USD")
    flows = monthly_flows(database, months)
    assert months == ["2026-09", "2026-10"]
    assert {(month, currency): nano for month, nano, currency in monthly_profit(database, months)} == {
        place: sum(classes.values()) for place, classes in flows.items()
    }
