"""Limits by hand, in the Console: rates, budgets and models of a project, each of them kept by the server at once."""

import re
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from serving import CHAT, PLEIADE, Server, serve, wait_for

MODEL = "pleiade-pico"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose model has a price, and has earned something."""
    with serve(tmp_path_factory.mktemp("bank") / "home") as running:
        price = ["--storefront", "openai", "--currency", "EUR", "--input", "1", "--output", "1", "--per", "1"]
        subprocess.run(
            [PLEIADE, "price", "set", MODEL, *price, "--home", running.home], check=True, capture_output=True
        )
        wait_for(lambda: running.chat().is_success and spent(running) > 0, 60, "a call that costs something")
        yield running


@pytest.fixture(scope="module")
def admin(bank: Server, enrol: Callable[..., str]) -> str:
    """An administrator; their address."""
    return enrol(bank, "warden@example.org", role="admin")


def spent(server: Server) -> float:
    """What the server tells of this month."""
    answer = server.get("/v1/organization/costs?start_time=1").json()
    while answer["has_more"]:
        answer = server.get(f"/v1/organization/costs?start_time=1&page={answer['next_page']}").json()
    return sum(result["amount"]["value"] for bucket in answer["data"] for result in bucket["results"])


def until(server: Server, holds: Callable[[httpx.Response], bool], what: str) -> None:
    """Gateways follow a change within a second: asked until they do."""
    wait_for(lambda: holds(server.chat()), 30, what)


def refused_for_its_rate(answer: httpx.Response) -> bool:
    """429, in OpenAI's words for a rate."""
    return answer.status_code == 429 and answer.json()["error"]["code"] == "rate_limit_exceeded"


def test_a_rate_is_changed_kept_and_undone(bank: Server, open_tab: Callable[..., Any], admin: str) -> None:
    tab = open_tab(server=bank)
    page = tab.page
    tab.sign_in(admin, "/console/limits")
    row = page.get_by_role("listitem", name=MODEL)
    expect(row.get_by_text("Unlimited")).to_be_visible()
    row.get_by_role("button", name="Change").click()
    expect(row.get_by_label("Requests a minute")).to_be_focused()
    row.get_by_label("Requests a minute").fill("0")
    row.get_by_label("Tokens a minute").fill("-3")
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_text("would refuse every call")).to_be_visible()
    expect(row.get_by_label("Requests a minute")).to_have_attribute("aria-invalid", "true")
    expect(row.get_by_label("Tokens a minute")).to_have_attribute("aria-invalid", "true")
    row.get_by_label("Tokens a minute").fill("many")
    row.get_by_label("Requests a minute").fill("")
    row.get_by_role("button", name="Save").click()
    expect(row.get_by_text("expected an integer")).to_be_visible()
    row.get_by_label("Tokens a minute").fill("1,000,000")
    row.get_by_label("Requests a minute").fill("1")
    page.keyboard.press("Enter")
    expect(row.get_by_text("1 request a minute · 1,000,000 tokens a minute")).to_be_visible()
    expect(row.get_by_role("button", name="Change")).to_be_focused()
    until(bank, refused_for_its_rate, "the second call of a minute is refused")
    page.get_by_role("button", name="Undo").click()
    expect(row.get_by_text("Unlimited")).to_be_visible()
    until(bank, lambda answer: answer.is_success, "it is served again")


def test_a_budget_is_set_shown_and_taken_away(bank: Server, open_tab: Callable[..., Any], admin: str) -> None:
    tab = open_tab(server=bank)
    page = tab.page
    tab.sign_in(admin, "/console/limits?project=default")
    part = page.get_by_role("region", name=re.compile("^Project "))
    expect(part.get_by_text(re.compile("No budget. Spent this month: €"))).to_be_visible()
    part.get_by_role("button", name="Set a budget").click()
    expect(part.get_by_label("Currency")).to_have_value("EUR")
    part.get_by_label("Amount").fill("1.234,5.6")
    part.get_by_role("button", name="Save").click()
    expect(part.get_by_text("An amount with two decimals")).to_be_visible()
    part.get_by_label("Amount").fill("0")
    part.get_by_label("Currency").fill("XQX")
    part.get_by_role("button", name="Save").click()
    expect(part.get_by_text("choose above 0")).to_be_visible()
    expect(part.get_by_text("ISO 4217")).to_be_visible()
    part.get_by_label("Amount").fill("100 000,50")
    part.get_by_label("Currency").fill("eur")
    part.get_by_role("button", name="Save").click()
    expect(part.get_by_role("meter")).to_have_attribute("aria-valuetext", re.compile(r"^€.* of €100,000.50 spent"))
    assert bank.get("/v1/organization/projects/default/spend_limit").json()["threshold_amount"] == 100_000_50
    part.get_by_role("button", name="Change").click()
    part.get_by_label("Amount").fill("0.01")
    part.get_by_role("button", name="Save").click()
    expect(part.get_by_text("It is used up")).to_be_visible()
    until(
        bank,
        lambda answer: answer.status_code == 429 and answer.json()["error"]["code"] == "insufficient_quota",
        "a call beyond the budget is refused",
    )
    page.get_by_role("button", name="Undo").last.click()
    expect(part.get_by_text("of €100,000.50 spent")).to_be_visible()
    part.get_by_role("button", name="Take away").click()
    page.get_by_role("dialog").get_by_role("button", name="Take away").click()
    expect(part.get_by_text("No budget.")).to_be_visible()
    assert bank.get("/v1/organization/projects/default/spend_limit").status_code == 404
    until(bank, lambda answer: answer.is_success, "it is served again")
    whole = page.get_by_role("region", name=re.compile("^Organisation "))
    whole.get_by_role("button", name="Set a budget").click()
    whole.get_by_label("Amount").fill("2000")
    page.keyboard.press("Enter")
    expect(whole.get_by_role("meter")).to_be_visible()


def test_a_model_is_forbidden_and_the_call_refused(bank: Server, open_tab: Callable[..., Any], admin: str) -> None:
    tab = open_tab(server=bank)
    page = tab.page
    tab.sign_in(admin, "/console/limits")
    part = page.get_by_role("region", name="Models", exact=True)
    part.get_by_label("All but these").check()
    part.get_by_label(MODEL, exact=True).check()
    part.get_by_role("button", name="Save").click()
    until(bank, lambda answer: answer.status_code == 403, "the model is refused")
    page.get_by_role("button", name="Undo").click()
    expect(part.get_by_label("All models")).to_be_checked()
    until(bank, lambda answer: answer.is_success, "it is served again")
    part.get_by_label("Only these").check()
    expect(part.get_by_text("Nothing is chosen")).to_be_visible()
    part.get_by_label(CHAT, exact=True).check()
    part.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").get_by_text("is changed").last).to_be_visible()
    held = bank.get("/v1/organization/projects/default/model_permissions").json()
    assert (held["mode"], held["model_ids"]) == ("allow_list", [CHAT])
    assert bank.chat().is_success
    tab.go("/console/limits")
    expect(part.get_by_label("Only these")).to_be_checked()
    part.get_by_label("All models").check()
    part.get_by_role("button", name="Save").click()
    wait_for(lambda: bank.get("/v1/organization/projects/default/model_permissions").status_code == 404, 30, "no list")


@pytest.mark.parametrize("role", ["viewer", "developer"])
def test_who_does_not_administer_is_told_kindly(
    bank: Server, open_tab: Callable[..., Any], enrol: Callable[..., str], role: str
) -> None:
    tab = open_tab(server=bank)
    tab.sign_in(enrol(bank, f"{role}-limits@example.org", role=role), "/console/limits")
    expect(tab.page.get_by_role("heading", name=re.compile("not for your role"))).to_be_visible()
    expect(tab.page.get_by_role("link", name="Limits")).to_have_count(0)
    assert tab.page.evaluate("fetch('/v1/organization/spend_limit').then(answer => answer.status)") in (401, 403)


def test_a_project_that_is_not_there_is_told(bank: Server, open_tab: Callable[..., Any], admin: str) -> None:
    tab = open_tab(server=bank)
    tab.sign_in(admin, "/console/limits")
    tab.go("/console/limits?project=nowhere")
    expect(tab.page.get_by_role("heading", name="There is no such project")).to_be_visible()
    expect(tab.page.get_by_role("region", name=re.compile("^Project "))).to_have_count(0)
    tab.page.get_by_role("combobox", name="Project").select_option("default")
    expect(tab.page.get_by_role("listitem", name=MODEL)).to_be_visible()


def test_it_looks_right_and_axe_finds_nothing(bank: Server, look: Callable[..., Any], admin: str) -> None:
    seen = look(server=bank)
    page = seen.tab.page
    seen.tab.sign_in(admin, "/console/limits")
    row = page.get_by_role("listitem", name=MODEL)
    row.wait_for()
    page.get_by_role("radio").first.wait_for()
    page.get_by_role("button", name=re.compile("^(Set a budget|Fixer un budget)$")).first.wait_for()
    seen.keep("limits")
    page.get_by_role("button", name=re.compile("^(Set a budget|Fixer un budget)$")).first.click()
    row.get_by_role("button").click()
    page.get_by_role("radio").nth(1).check()
    page.get_by_role("radio").nth(1).scroll_into_view_if_needed()
    seen.keep("limits-forms")
