"""What stays around every space: looks, keys, languages, a server that goes away, a session that ends."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from pleiade.store import open_database, unit_of_work
from pleiade.store.signin import sessions
from serving import Server

PASSWORD = "seven stars in one night"
WIDE, PHONE = (1440, 900), (390, 844)
LOOKS = [
    pytest.param(WIDE, False, "en-US", id="1440-light-en"),
    pytest.param(WIDE, True, "fr-FR", id="1440-dark-fr"),
    pytest.param(PHONE, False, "fr-FR", id="390-light-fr"),
    pytest.param(PHONE, True, "en-US", id="390-dark-en"),
]


@pytest.mark.parametrize(("size", "dark", "language"), LOOKS)
def test_every_page_is_whole_and_readable_in_each_look(
    open_tab: Callable[..., Any],
    screenshot: Callable[..., None],
    member: str,
    request: pytest.FixtureRequest,
    size: tuple[int, int],
    dark: bool,
    language: str,
) -> None:
    look = request.node.callspec.id
    tab = open_tab(size=size, dark=dark, language=language)
    tab.go("/signin")
    tab.page.get_by_role("heading").wait_for()
    screenshot(tab, f"signin-{look}")
    assert tab.axe() == []
    tab.sign_in(member)
    for path in ("/chat", "/settings", "/no/such/page"):
        tab.go(path)
        tab.page.get_by_role("main").wait_for()
        tab.page.wait_for_timeout(250)
        screenshot(tab, f"{path.strip('/').replace('/', '-')}-{look}")
        assert tab.axe() == [], path
        wider = tab.page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wider, f"{path} is wider than the window"
    tab.page.keyboard.press("Control+k")
    tab.page.get_by_role("combobox").wait_for()
    screenshot(tab, f"palette-{look}")
    assert tab.axe() == []


def test_the_palette_goes_anywhere_by_keyboard(open_tab: Callable[..., Any], member: str) -> None:
    tab = open_tab()
    tab.sign_in(member)
    tab.page.keyboard.press("Control+k")
    tab.page.keyboard.type("sett")
    expect(tab.page.get_by_role("option")).to_have_count(1)
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url("**/settings")
    expect(tab.page).to_have_title("Settings · Pleiade")
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("g")
    tab.page.keyboard.press("c")
    tab.page.wait_for_url("**/chat")
    tab.page.keyboard.press("Control+/")
    tab.page.get_by_role("dialog", name="Keyboard shortcuts").wait_for()
    tab.page.keyboard.press("Escape")
    tab.page.get_by_role("dialog").wait_for(state="detached")


def test_the_key_after_the_palettes_is_the_palettes(open_tab: Callable[..., Any], member: str) -> None:
    tab = open_tab()
    tab.sign_in(member)
    focused = tab.page.evaluate(
        """async () => {
            dispatchEvent(new KeyboardEvent("keydown", { key: "k", ctrlKey: true }));
            await new Promise((next) => setTimeout(next));  // as soon as a key can follow
            return document.activeElement.role;
        }"""
    )
    assert focused == "combobox"


def test_switched_off_shortcuts_do_nothing(open_tab: Callable[..., Any], member: str) -> None:
    tab = open_tab()
    tab.sign_in(member, "/settings")
    tab.page.get_by_role("switch", name="Keyboard shortcuts").click()
    tab.page.keyboard.press("g")
    tab.page.keyboard.press("c")
    tab.page.keyboard.press("Control+k")
    assert tab.page.url.endswith("/settings")
    assert tab.page.get_by_role("dialog").count() == 0


def test_language_and_theme_change_at_once_and_stay(open_tab: Callable[..., Any], member: str) -> None:
    tab = open_tab()
    tab.sign_in(member, "/settings")
    tab.page.get_by_label("Language").select_option("fr")
    tab.page.get_by_role("heading", name="Réglages").wait_for()
    tab.page.get_by_label("Thème").select_option("dark")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    dark = tab.page.evaluate(paper)
    tab.page.reload()
    tab.page.get_by_role("heading", name="Réglages").wait_for()
    assert tab.page.evaluate(paper) == dark
    assert tab.page.evaluate("document.documentElement.lang") == "fr"


def test_a_session_that_ends_asks_for_the_password_over_the_page(
    house: Server, open_tab: Callable[..., Any], screenshot: Callable[..., None], member: str
) -> None:
    tab = open_tab()
    tab.sign_in(member, "/settings")
    tab.page.evaluate("window.stillTheSamePage = true")
    db = open_database(f"sqlite:///{house.home / 'pleiade.db'}")
    with unit_of_work(db) as connection:
        connection.execute(sessions.delete())
    db.dispose()
    tab.page.evaluate("document.dispatchEvent(new Event('visibilitychange', {bubbles: true}))")  # they come back
    dialog = tab.page.get_by_role("dialog", name="Sign in again")
    dialog.wait_for()
    screenshot(tab, "session-over-1440-light")
    assert tab.axe() == []
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Sign in").click()
    dialog.wait_for(state="detached")
    assert tab.page.evaluate("window.stillTheSamePage"), "nothing was reloaded: what was typed is there"


def test_a_server_that_goes_away_is_told_and_its_return_too(
    open_tab: Callable[..., Any], screenshot: Callable[..., None], member: str
) -> None:
    tab = open_tab()
    tab.sign_in(member, "/settings")
    tab.page.context.set_offline(True)
    tab.page.get_by_role("button", name="Sign out").last.click()
    tab.page.get_by_text("The server cannot be reached. What you typed stays here").wait_for()
    screenshot(tab, "server-away-1440-light")
    tab.page.context.set_offline(False)
    tab.page.get_by_text("What you typed stays here").wait_for(state="detached")
    tab.complaints.clear()  # the browser's own lines about the lost network


def test_who_is_in_no_project_is_told_what_to_do(
    open_tab: Callable[..., Any], screenshot: Callable[..., None], newcomer: str
) -> None:
    tab = open_tab()
    tab.sign_in(newcomer)
    tab.page.get_by_text("Ask an owner to add nova@example.org to one").wait_for()
    screenshot(tab, "no-project-1440-light")
    assert tab.axe() == []
