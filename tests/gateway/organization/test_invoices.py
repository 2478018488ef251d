"""Bills over HTTP: what a member sees, what only the house may do, and money that stays exact on its way."""

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa
from asking import Http
from customers import Customer
from money import drafted, house_key, issued, trade

from pleiade.domain import Principal, Role
from pleiade.invoices import verify
from pleiade.tenancy.audit_reading import Wanted, list_events
from pleiade.tenancy.rights import may


@pytest.fixture
def traded(database: sa.Engine, two: tuple[Customer, Customer]) -> str:
    """The house's key; both customers have made calls."""
    trade(database, *two)
    return house_key(database)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)
async def test_a_month_is_drafted_issued_paid_and_credited(traded: str, served: Any, database: sa.Engine) -> None:
    ask = Http(served, traded)
    status, waiting = await ask("GET", "/customers?period=2026-09")
    assert status == 200
    assert [(one["id"], one["unbilled"], one["currency"]) for one in waiting["data"]] == [
        ("acme", True, "USD"),
        ("globex", True, "USD"),
    ]
    status, made = await ask("POST", "/invoices", {"period": "2026-09"})
    assert (status, len(made["data"]), made["problems"]) == (200, 2, [])
    draft = made["data"][0]
    assert (draft["organization_id"], draft["status"], draft["number"]) == ("acme", "draft", None)
    assert (draft["net"], draft["tax"], draft["total"]) == ("6.00", "1.20", "7.20")
    status, again = await ask("POST", "/invoices", {"period": "2026-09", "organization_id": "acme"})
    assert (status, again["data"][0]["id"]) == (200, draft["id"]), "a link to a draft goes on"
    status, refused = await ask("POST", f"/invoices/{draft['id']}/issue", {"total": "7.19"})
    assert (status, refused["error"]["code"]) == (400, "refused")
    assert "changed since you looked" in refused["error"]["message"]
    status, final = await ask("POST", f"/invoices/{draft['id']}/issue", {"total": "7.20"})
    assert (status, final["id"], final["number"], final["status"]) == (200, draft["id"], "INV-000001", "final")
    assert (final["open"], final["customer"]["name"]) == ("7.20", "acme SAS")
    status, refused = await ask("POST", f"/invoices/{draft['id']}/issue", {"total": "7.20"})
    assert (status, "issued already" in refused["error"]["message"]) == (400, True)
    status, note = await ask("POST", f"/invoices/{draft['id']}/credit", {"amount": "1.20", "reason": "an hour"})
    assert (status, note["kind"], note["total"], note["of"]) == (200, "credit_note", "1.20", "INV-000001")
    status, paid = await ask("POST", f"/invoices/{draft['id']}/pay", {"reference": "bank 4711"})
    assert (status, paid["status"], paid["open"], paid["credited"]) == (200, "paid", "0.00", "1.20")
    assert [each["number"] for each in paid["credit_notes"]] == [note["number"]]
    status, twice = await ask("POST", f"/invoices/{draft['id']}/pay", {})
    assert (status, "paid already" in twice["error"]["message"]) == (400, True)
    assert verify(database) == []
    acts = [event.type for event in list_events(database, Wanted(organisation="acme")).items]
    assert acts[:3] == ["invoice.paid", "invoice.credited", "invoice.finalised"]


async def test_lines_say_what_they_come_from_to_the_last_digit(
    traded: str, served: Any, database: sa.Engine, two: tuple[Customer, Customer]
) -> None:
    ask = Http(served, traded)
    issued(database, two[0])
    bill = drafted(database, two[0], "2026-10")
    _, told = await ask("GET", f"/invoices/{bill}")
    usage = [line for line in told["lines"] if line["type"] == "usage"]
    assert {line["price"] for line in usage} == {price["id"] for price in told["prices"]}
    status, origins = await ask("GET", f"/invoices/{bill}/origins")
    assert (status, len(origins["data"])) == (200, 2)
    assert sum(Decimal(line["amount"]) for line in usage) == Decimal(origins["total"])
    assert sum(Decimal(each["amount"]) for each in origins["data"]) == Decimal(origins["total"])
    assert origins["data"][0]["num_model_requests"] == 2
    assert all(isinstance(line["amount"], str) for line in told["lines"])


async def test_an_adjustment_is_a_line_with_its_reason(traded: str, served: Any) -> None:
    ask = Http(served, traded)
    asked = {"organization_id": "acme", "amount": "-0.50", "memo": "a slow afternoon", "period": "2026-09", "id": "a1"}
    for _ in range(2):  # made twice, booked once
        status, made = await ask("POST", "/adjustments", asked)
        assert (status, made["amount"], made["currency"]) == (200, "-0.50", "USD")
    _, drafts = await ask("POST", "/invoices", {"organization_id": "acme", "period": "2026-09"})
    _, told = await ask("GET", f"/invoices/{drafts['data'][0]['id']}")
    assert [(line["text"], line["amount"]) for line in told["lines"] if line["type"] == "service"] == [
        ("a slow afternoon", "-0.50")
    ]
    assert told["net"] == "5.50"
    for wrong in ("0", "1e3", "NaN", "12,5", "--1", "", "0.0000000001"):
        status, refused = await ask("POST", "/adjustments", {**asked, "amount": wrong, "id": ""})
        assert (status, refused["error"]["message"] != "") == (400, True), wrong
    status, refused = await ask("POST", "/adjustments", {**asked, "amount": 1.5})
    assert (status, refused["error"]["param"]) == (400, "amount"), "a number may have been a float"
    status, refused = await ask("POST", "/adjustments", {**asked, "organization_id": "default", "id": ""})
    assert "gets no bills" in refused["error"]["message"]
    status, refused = await ask("POST", "/adjustments", {**asked, "period": "2999-01", "id": ""})
    assert "has not begun" in refused["error"]["message"]
    await ask("POST", f"/invoices/{told['id']}/issue", {"total": told["total"]})
    status, refused = await ask("POST", "/adjustments", {**asked, "id": "a2"})
    assert "credit note" in refused["error"]["message"]


async def test_every_file_is_the_bill(
    traded: str, served: Any, database: sa.Engine, two: tuple[Customer, Customer]
) -> None:
    ask = Http(served, traded)
    bill = issued(database, two[0])
    status, pdf = await ask("GET", f"/invoices/{bill}/export?format=pdf")
    assert (status, pdf[:5]) == (200, b"%PDF-")
    status, csv = await ask("GET", f"/invoices/{bill}/export?format=csv")
    assert (status, csv.startswith(b"number,")) == (200, True)
    for form in ("json", "stripe", "lago"):
        status, _ = await ask("GET", f"/invoices/{bill}/export?format={form}")
        assert status == 200
    status, refused = await ask("GET", f"/invoices/{bill}/export?format=docx")
    assert (status, refused["error"]["param"]) == (400, "format")
    status, refused = await ask("GET", f"/invoices/{drafted(database, two[0], '2026-10')}/export?format=stripe")
    assert (status, "no number yet" in refused["error"]["message"]) == (400, True)


async def test_a_customer_sees_its_own_issued_bills_and_changes_none(
    traded: str, served: Any, database: sa.Engine, acme: Customer, globex: Customer
) -> None:
    own, theirs, open_month = issued(database, acme), issued(database, globex), drafted(database, acme, "2026-10")
    ask = Http(served, acme.key)
    status, listed = await ask("GET", "/invoices")
    assert (status, [one["id"] for one in listed["data"]], listed["can_change"]) == (200, [own], False)
    assert (await ask("GET", f"/invoices/{own}"))[0] == 200
    assert (await ask("GET", f"/invoices/{own}/export?format=pdf"))[0] == 200
    for hidden in (theirs, open_month):
        assert (await ask("GET", f"/invoices/{hidden}"))[0] == 404
    assert (await ask("GET", "/invoices?organization_id=globex"))[0] == 404
    for act, body in (("pay", {}), ("credit", {"reason": "x"}), ("issue", {"total": "1"})):
        assert (await ask("POST", f"/invoices/{own}/{act}", body))[0] == 401
        assert (await ask("POST", f"/invoices/{theirs}/{act}", body))[0] == 404
    assert (await ask("POST", "/invoices", {"period": "2026-10"}))[0] == 401
    assert (await ask("GET", "/customers"))[0] == 401
    asked = {"organization_id": "acme", "amount": "-1", "memo": "mine"}
    assert (await ask("POST", "/adjustments", asked))[0] == 401


@pytest.mark.parametrize("role", list(Role))
def test_bills_are_for_whoever_signed_in_and_no_key_of_a_project(role: Role) -> None:
    key = Principal(key="key_1", project="proj_a", role=role, organisation="org-a")
    person = Principal(key="", user="user-1", project="proj_a", role=role, organisation="org-a")
    assert not may(key, "api.billing.read", "org-a")
    assert may(person, "api.billing.read", "org-a") is (role is not Role.VIEWER)
    assert not may(person, "api.billing.read", "org-b")
    # A role in a project is none in the organisation.
    assert not may(person, "api.audit_logs.read", "org-a")
    assert not may(person, "api.settlement.read", "org-a")


async def test_a_long_list_comes_by_pages_the_newest_month_first(
    traded: str, served: Any, database: sa.Engine, two: tuple[Customer, Customer]
) -> None:
    ask = Http(served, traded)
    made = [issued(database, one) for one in two] + [drafted(database, one, "2026-10") for one in two]
    seen, after = [], ""
    while True:
        status, page = await ask("GET", f"/invoices?limit=1&after={after}")
        assert status == 200
        seen += [one["period"] for one in page["data"]]
        if not page["has_more"]:
            break
        after = page["last_id"]
    assert seen == ["2026-10", "2026-10", "2026-09", "2026-09"]
    for query, count in (("status=draft", 2), ("status=final", 2), ("period=2026-10", 2), ("organization_id=acme", 2)):
        _, page = await ask("GET", f"/invoices?{query}")
        assert len(page["data"]) == count, query
    assert (await ask("GET", "/invoices?kind=credit_note"))[1]["data"] == []
    assert (await ask("GET", "/invoices?after=nowhere"))[0] == 404
    assert (await ask("GET", "/invoices?period=October"))[0] == 400
    assert len(made) == 4
