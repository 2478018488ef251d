"""Keys of one's own: chosen in Settings, told where they mean something already, kept, and put back."""

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, expect


def press(page: Page, shortcut: str, *keys: str) -> None:
    """Open the dialog of a shortcut and press keys in it."""
    page.get_by_role("button", name=f"Change the keys of “{shortcut}”").click()
    expect(page.get_by_role("textbox", name="Press the keys")).to_be_focused()
    for key in keys:
        page.keyboard.press(key)


def test_shortcuts_get_keys_of_ones_own_and_get_theirs_back(open_tab: Callable[..., Any], member: str) -> None:
    tab = open_tab()
    tab.sign_in(member, "/settings")
    page, palette = tab.page, tab.page.get_by_role("dialog").get_by_role("combobox")
    # What browsers and pages need is not given away.
    press(page, "Search and commands", "Control+r")
    expect(page.get_by_text("The browser keeps these keys for itself.")).to_be_visible()
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    page.keyboard.press("Control+c")
    expect(page.get_by_text("needed to write and to move about")).to_be_visible()
    # Keys that are free.
    page.keyboard.press("Control+Shift+p")
    page.get_by_role("button", name="Save").click()
    page.keyboard.press("Control+k")
    expect(palette).to_have_count(0)
    page.keyboard.press("Control+Shift+p")
    palette.wait_for()
    page.keyboard.press("Escape")
    # Keys that another one has: said, then swapped. Two letters are one after the other.
    press(page, "Go to Chat", "g", "i")
    expect(page.get_by_text("These are the keys of “Go to Images”, which gets G C instead.")).to_be_visible()
    assert tab.axe() == []
    page.get_by_role("button", name="Swap them").click()
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url("**/images")
    # They are kept, and the list of keys tells them.
    page.reload()
    page.get_by_role("main").wait_for()
    page.keyboard.press("Control+/")
    keys = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(keys.get_by_role("row", name="Search and commands")).to_contain_text("Ctrl+Shift+P")
    page.keyboard.press("Escape")
    tab.go("/settings")
    page.get_by_role("button", name="“Search and commands” as it was").click()
    page.keyboard.press("Control+k")
    palette.wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="All as they were").click()
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/images")
