"""The Console in a real browser: overview, usage and runs of a server with hundreds of calls, and with none."""

import csv
import random
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from books import HandClock, reservation, settlement
from playwright.sync_api import Page, expect
from records import a_run, ship

from pleiade.domain import DEFAULT_ORGANISATION, DEFAULT_PROJECT, Usage
from pleiade.ledger.journal import Journal
from pleiade.store import open_database
from serving import Server, wait_for

RUNS, ENTRIES, REFUSED = 700, 300, 40
SAID = "the answer of all answers"
expect.set_options(timeout=60_000)  # a deadline for what would hang, not a claim


@pytest.fixture(scope="module")
def owner(house: Server, enrol: Callable[..., str]) -> str:
    """Whoever administers a server that has been busy for a day; their address."""
    chance, now = random.Random(6), time.time()
    place = {"organisation": DEFAULT_ORGANISATION, "project": DEFAULT_PROJECT}
    runs = [
        a_run(
            time_ms=int((now - 60 - chance.random() * 80_000) * 1000),
            outcome="refused" if number < REFUSED else "completed",
            status=429 if number < REFUSED else 200,
            error="rate_limit_exceeded" if number < REFUSED else "",
            deployment=chance.choice(["pleiade-chat", "code-small"]),
            first_ms=chance.randint(20, 400),
            ms=chance.randint(500, 4000),
            **place,
        )
        for number in range(RUNS)
    ]
    db = open_database(f"sqlite:///{house.home / 'pleiade.db'}")
    ship(db, [*runs, a_run(id="run_told", time_ms=int(now * 1000), said=SAID, deployment="pleiade-chat", **place)])
    db.dispose()
    clock = HandClock(int(now * 1000) - 3_600_000)
    journal = Journal.open(house.home / "ledger", clock=clock)
    for number in range(ENTRIES):
        names = {"deployment": f"deployment-{number % 3}", "key": f"key_{number % 7}", "currency": "EUR", **place}
        journal.reserve(reservation(f"browser-{number}", **names))
        used = Usage(prompt_tokens=100, completion_tokens=10)
        journal.settle(settlement(f"browser-{number}", cost=1_500_000, usage=used))
        clock.pass_ms(1000)
    journal.close()

    def counted() -> bool:
        told = house.get(
            f"/v1/organization/usage/completions?start_time={int(now) - 90_000}&group_by=deployment"
        ).json()
        found = [result for bucket in told["data"] for result in bucket["results"]]
        return sum(one["num_model_requests"] for one in found if one["deployment"].startswith("deployment-")) == ENTRIES

    wait_for(counted, 60, "the keeper has the entries")
    return enrol(house, "olive@example.org", role="owner", name="Olive")


def figure(page: Page, name: str) -> Any:
    return page.locator("dl > div", has=page.get_by_text(name, exact=True)).locator("dd").first


def having(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


def rows(page: Page) -> Any:
    return page.locator("tbody tr:not([aria-hidden])")


def test_the_overview_tells_how_the_server_fares(open_tab: Callable[..., Any], owner: str) -> None:
    tab = open_tab()
    tab.sign_in(owner, "/console/overview")
    page = tab.page
    expect(figure(page, "Requests")).to_have_text(str(RUNS + 1))
    expect(page.get_by_text(f"0 failed, {REFUSED} refused")).to_be_visible()
    expect(figure(page, "Cost")).to_have_text("–")
    expect(page.get_by_role("row", name="code-small")).to_contain_text("Gone")
    page.get_by_role("button", name="7 days").click()
    expect(page).to_have_url(f"{tab.url}/console/overview?range=7d")
    expect(figure(page, "Requests")).to_have_text(str(RUNS + 1))
    page.reload()
    expect(page.get_by_role("button", name="7 days")).to_have_attribute("aria-pressed", "true")


def test_a_chart_tells_its_values_to_the_keyboard_and_as_a_table(open_tab: Callable[..., Any], owner: str) -> None:
    tab = open_tab()
    tab.sign_in(owner, "/console/overview?range=7d")
    page = tab.page
    chart = page.get_by_role("slider", name="Requests")
    chart.focus()
    page.keyboard.press("Home")
    expect(chart).to_have_attribute("aria-valuenow", "0")
    expect(chart).to_have_attribute("aria-valuetext", having("Completed 0"))
    page.keyboard.press("End")
    page.keyboard.press("ArrowLeft")
    expect(chart).to_have_attribute("aria-valuenow", "166")
    page.get_by_text("As a table Requests").click()
    table = page.get_by_role("region", name="Requests").get_by_role("table")
    expect(table.get_by_role("row")).to_have_count(169)


def test_runs_are_found_and_opened_by_keyboard(open_tab: Callable[..., Any], owner: str) -> None:
    tab = open_tab()
    tab.sign_in(owner, "/console/runs")
    page = tab.page
    page.get_by_label("Ended").select_option("refused")
    expect(page.get_by_text(f"{REFUSED} calls", exact=True)).to_be_visible()
    expect(page).to_have_url(f"{tab.url}/console/runs?status=refused")
    page.get_by_label("Ended").select_option("")
    page.get_by_role("searchbox", name="Name, code or id").fill("run_told")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("region", name="Runs").get_by_role("link").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{tab.url}/console/runs/run_told")
    expect(page.get_by_text("First token to end")).to_be_visible()
    expect(page.get_by_text(SAID)).to_be_visible()
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("run_told")


def test_of_many_runs_those_in_sight_are_drawn_and_more_come(open_tab: Callable[..., Any], owner: str) -> None:
    tab = open_tab()
    tab.sign_in(owner, "/console/runs")
    page = tab.page
    expect(page.get_by_text("500 calls so far; more come as you scroll")).to_be_visible()
    table = page.get_by_role("region", name="Runs")
    assert rows(page).count() < 100
    first = page.get_by_role("link", name=", 20").first
    first.focus()
    for _ in range(30):
        page.keyboard.press("ArrowDown")
    row = page.locator(":focus").locator("xpath=ancestor::tr")
    expect(row).to_have_attribute("aria-rowindex", "32")
    expect(row).to_be_in_viewport()
    table.evaluate("box => box.scrollTo(0, box.scrollHeight)")
    expect(page.get_by_text(having("calls so far"))).to_have_count(0)
    table.evaluate("box => box.scrollTo(0, box.scrollHeight)")
    expect(
        page.get_by_text(having("code-small")).or_(page.get_by_text(having("pleiade-chat"))).last
    ).to_be_in_viewport()
    assert rows(page).count() < 100


def test_usage_adds_up_to_the_ledger_and_leaves_as_csv(open_tab: Callable[..., Any], owner: str) -> None:
    tab = open_tab()
    tab.sign_in(owner, "/console/usage?by=deployment")
    page = tab.page
    for number in range(3):
        expect(page.get_by_role("row", name=f"deployment-{number}")).to_contain_text("€0.15")
    expect(page.locator("tfoot")).to_contain_text("€0.45")
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    with saved.value.path().open(newline="") as file:
        lines = [line for line in csv.DictReader(file) if line["deployment"].startswith("deployment-")]
    assert sum(int(line["requests"]) for line in lines) == ENTRIES
    assert sum(int(line["input_tokens"]) for line in lines) == ENTRIES * 100
    assert round(sum(float(line["cost_eur"]) for line in lines), 9) == 0.45
    page.get_by_role("combobox", name="Time").select_option("24h")
    expect(page.get_by_text("Costs are told by the day: choose days to see them.")).to_be_visible()
    page.get_by_role("combobox", name="By").select_option("none")
    expect(page.get_by_role("row", name="Everything")).to_be_visible()


def test_a_viewer_sees_what_is_theirs(open_tab: Callable[..., Any], owner: str, house: Server, enrol: Any) -> None:
    viewer = enrol(house, "vera@example.org", role="viewer")
    tab = open_tab()
    tab.sign_in(viewer, "/console")
    page = tab.page
    expect(figure(page, "Requests")).to_have_text(str(RUNS + 1))
    expect(page.get_by_text("Memory", exact=True)).to_have_count(0)
    tab.go("/console/runs/run_told")
    expect(page.get_by_text("for the person who made this call and for administrators")).to_be_visible()
    expect(page.get_by_text(SAID)).to_have_count(0)


def test_a_server_without_calls_says_so(open_tab: Callable[..., Any], new_house: Server, enrol: Any) -> None:
    first = enrol(new_house, "ada@example.org", role="owner")
    tab = open_tab(server=new_house)
    tab.sign_in(first, "/console/overview")
    page = tab.page
    expect(page.get_by_role("heading", name="No calls in this time")).to_be_visible()
    for path, said in (("runs", "No calls yet"), ("usage", "Nothing was used in this time")):
        tab.go(f"/console/{path}")
        expect(page.get_by_role("heading", name=said)).to_be_visible()
        assert tab.axe() == []


def test_every_page_is_readable_in_each_look(look: Callable[..., Any], owner: str) -> None:
    seen = look()
    seen.tab.sign_in(owner, "/console/overview")
    for path in ("overview", "usage", "runs", "runs/run_told"):
        seen.tab.go(f"/console/{path}")
        seen.tab.page.locator("main h1").wait_for()
        seen.tab.page.locator("main :is(table, h2)").first.wait_for()
        seen.keep(f"console-{path.replace('/', '-')}")
