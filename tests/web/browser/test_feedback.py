"""The feedback inbox in the Console: thumbs and programs' ratings are found, read by consent, marked and exported."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from pleiade.products.chat import chats, feedback, messages
from pleiade.products.records.rows import Owner
from pleiade.store import open_database, unit_of_work
from serving import Server, wait_for

PROJECT = "default"


def rated(server: Server, question: str, *, consent: bool, reason: str) -> None:
    """Somebody in the house rated the answer to `question` in Chat."""
    db = open_database(f"sqlite:///{server.home / 'pleiade.db'}")
    owner = Owner(PROJECT, "user-of-the-house")
    with unit_of_work(db) as connection:
        chat = chats.insert(connection, owner, title=question)
        asked = messages.insert(connection, owner, chat, parent=None, role="user", content=question)
        said = messages.insert(
            connection, owner, chat, parent=asked.id, role="assistant", content="Six.", deployment="pleiade-chat"
        )
        feedback.rate(
            connection,
            owner,
            chat.id,
            said.id,
            verdict="down",
            reasons=["incorrect", reason],
            correction="Seven." if consent else "",
            consent=consent,
        )
    db.dispose()


@pytest.fixture(scope="module")
def listener(house: Server, enrol: Callable[..., str]) -> str:
    """Who looks after answers, with something to look after; their address."""
    rated(house, "How many stars are there?", consent=True, reason="stars")
    rated(house, "What is my secret?", consent=False, reason="secret")
    return enrol(house, "listener@example.org", role="developer", name="Lis")


def test_a_program_rates_its_call_and_the_inbox_narrows_to_it(
    house: Server, open_tab: Callable[..., Any], listener: str
) -> None:
    answer = house.chat()
    sent = {"run_id": answer.headers["x-request-id"], "verdict": "up", "product": "shop", "reasons": ["fast delivery"]}
    wait_for(lambda: house.post("/v1/feedback", sent).status_code == 200, 30, "the run is known")
    tab = open_tab()
    page = tab.page
    tab.sign_in(listener, "/console/feedback")
    page.get_by_label("Product").select_option("shop")
    expect(page.get_by_role("cell", name="fast delivery")).to_have_count(1)
    expect(page.get_by_role("cell", name="Not correct")).to_have_count(0)
    page.get_by_role("row").nth(1).get_by_role("link").click()
    expect(page.get_by_text("did not agree that question and answer are read")).to_be_visible()
    page.get_by_role("link", name=re.compile("^run_")).click()
    expect(page.get_by_role("heading", name="Run")).to_be_visible()


def test_what_was_agreed_to_is_read_marked_and_exported(
    house: Server, open_tab: Callable[..., Any], listener: str
) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(listener, "/console/feedback")
    page.get_by_label("Reason").select_option("stars")
    page.get_by_role("row").filter(has_text="stars").get_by_role("link").click()
    expect(page.get_by_text("How many stars are there?")).to_be_visible()
    expect(page.get_by_text("Seven.")).to_be_visible()
    expect(page.get_by_role("button", name="Seen")).to_have_attribute("aria-pressed", "true")
    page.get_by_label("Note").fill("Taught in the next lesson.")
    page.get_by_role("button", name="Save note").click()
    expect(page.get_by_text("Last touched by Lis")).to_be_visible()
    page.get_by_role("button", name="Done", exact=True).click()
    expect(page.get_by_role("button", name="Done", exact=True)).to_have_attribute("aria-pressed", "true")
    tab.go("/console/feedback?reason=stars&state=done")
    expect(page.get_by_role("row").filter(has_text="stars")).to_have_count(1)
    with page.expect_download() as saved:
        page.get_by_role("link", name="Export").click()
    (line,) = [json.loads(line) for line in saved.value.path().read_text().splitlines()]
    assert line["correction"] == "Seven."
    tab.go("/console/feedback?reason=secret")
    page.get_by_role("row").filter(has_text="secret").get_by_role("link").click()
    expect(page.get_by_text("did not agree")).to_be_visible()
    expect(page.get_by_text("What is my secret?")).to_have_count(0)


def test_every_page_is_readable_in_each_look(look: Callable[..., Any], listener: str) -> None:
    seen = look()
    page = seen.tab.page
    seen.tab.sign_in(listener, "/console/feedback")
    page.get_by_role("row").filter(has_text="stars").wait_for()
    seen.keep("feedback")
    page.get_by_role("row").filter(has_text="stars").get_by_role("link").click()
    page.get_by_text("Seven.").wait_for()
    seen.keep("feedback-one")
    seen.tab.go("/console/feedback?product=nothing")
    page.get_by_role("heading", name=re.compile("^(No feedback fits|Aucun avis ne correspond)$")).wait_for()
    seen.keep("feedback-none")
