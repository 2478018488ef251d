"""Pictures in a conversation: asked for in words or by a button, seen as they form, kept and changed."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

SHOWN = "(all) => all.map((one) => [one.complete, one.naturalWidth])"


def shown(reader: Any) -> Any:
    """The pictures of the answers."""
    return reader.answers.locator("figure > img")


def test_a_picture_is_asked_for_seen_forming_kept_changed_and_opened(reader: Any) -> None:
    reader.page.get_by_role("button", name="Make a picture").click()
    expect(reader.box).to_have_value("/image ")
    reader.page.keyboard.type("a red fox, slow")
    reader.page.keyboard.press("Enter")
    expect(reader.page.get_by_text("Drawing…")).to_be_visible()
    expect(shown(reader)).to_have_attribute("src", re.compile("^blob:"))  # as it forms
    reader.done.first.wait_for()
    expect(reader.page.get_by_role("article", name="You")).to_have_text("a red fox, slow")
    expect(
        reader.page.get_by_role("navigation", name="Chats").get_by_role("link", name="a red fox, slow")
    ).to_be_visible()
    reader.page.reload()
    picture = shown(reader)
    expect(picture).to_have_attribute("src", re.compile(r"^/v1/gallery/pic_\w+/content"))
    expect(picture).to_have_attribute("alt", "a red fox, slow")
    assert picture.evaluate_all(SHOWN) == [[True, 512]]
    reader.answers.get_by_text("Made by “pictures”").click()
    expect(reader.answers.get_by_role("definition").get_by_text("512x512")).to_be_visible()
    # From the answer to its exact call, as with any other.
    reader.answers.locator("[data-run]").click()
    run = reader.page.get_by_role("complementary", name="Run")
    expect(run.get_by_text("image_generation").first).to_be_visible()
    run.get_by_role("button", name="Close").click()
    # Words that follow change it.
    reader.answers.get_by_role("button", name="Change it").click()
    expect(reader.box).to_have_value("/change ")
    expect(reader.box).to_be_focused()
    reader.page.keyboard.type("now in snow")
    reader.page.keyboard.press("Enter")
    reader.done.nth(1).wait_for()
    expect(shown(reader)).to_have_count(2)
    reader.answers.nth(1).get_by_role("link", name="Open in Images").click()
    reader.page.wait_for_url("**/images/pic_*")
    reader.page.get_by_role("application", name=re.compile("^Canvas")).wait_for()


def test_a_picture_is_made_again_and_talked_about(reader: Any) -> None:
    reader.ask("/dessin un renard")
    reader.page.get_by_role("button", name="Answer again").click()
    group = reader.page.get_by_role("group", name="Answer again")
    expect(group.get_by_role("menuitem")).to_have_text(["pictures (the same)"])
    group.get_by_role("menuitem").click()
    expect(reader.page.get_by_text("2/2")).to_be_visible()
    reader.done.first.wait_for()
    reader.ask("What did you draw?")
    assert "un renard" in str(reader.stage.engine.seen[-1].body["messages"])


def test_a_picture_is_stopped_and_says_so(reader: Any) -> None:
    reader.ask("/image an unending fall", wait=False)
    expect(shown(reader)).to_have_count(1)
    reader.page.keyboard.press("Escape")
    reader.done.first.wait_for()
    expect(reader.answers.get_by_text("Stopped.")).to_be_visible()
    reader.page.reload()
    expect(reader.answers.get_by_text("This picture was not finished.")).to_be_visible()
    expect(reader.answers.get_by_role("button", name="Try again")).to_be_visible()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("/image something forbidden", "This prompt is not allowed here."),
        ("/image too much of it", "Too many requests"),
        ("/image a broken lamp", "The lamp broke."),
        ("/image cut off", "before"),
        ("/change something", "There is no picture above that could be changed"),
        ("/image", "Say what the picture shall show"),
    ],
)
def test_a_picture_that_cannot_be_made_says_why_with_a_way_on(reader: Any, words: str, told: str) -> None:
    reader.box.fill(words)
    reader.box.press("Enter")
    alert = reader.page.get_by_role("alert")
    expect(alert).to_contain_text(told)
    expect(alert.get_by_role("button", name="Try again")).to_be_visible()


def test_a_temporary_chat_keeps_no_picture_and_says_so(reader: Any) -> None:
    reader.go("/chat?temporary=true")
    reader.box.wait_for()
    reader.ask("/image a secret place")
    expect(reader.answers.get_by_text("Not kept: this chat is temporary.")).to_be_visible()
    assert shown(reader).evaluate_all(SHOWN) == [[True, 512]]
    with reader.page.expect_download() as saved:
        reader.answers.get_by_role("link", name="Download").click()
    assert saved.value.suggested_filename == "picture.png"
    reader.page.reload()
    expect(reader.answers.get_by_text("This picture was not kept.")).to_be_visible()


def test_a_function_that_nobody_runs_is_told_with_what_it_was_given(reader: Any) -> None:
    reader.ask("How is the weather?")
    call = reader.answers.get_by_role("group")
    expect(call.get_by_text("Called “weather”")).to_be_visible()
    expect(call.get_by_text('"place": "Bern"')).to_be_visible()
    expect(call.get_by_text("Nobody ran it")).to_be_visible()
    call.get_by_text("Called “weather”").click()
    expect(call.get_by_text("Nobody ran it")).to_be_hidden()
    reader.ask("Never mind")
    expect(reader.answers.last).to_contain_text("I go on without the weather")


def test_a_picture_fits_on_a_phone(open_reader: Callable[..., Any]) -> None:
    phone = open_reader((390, 844))
    phone.go()
    phone.box.click()
    phone.ask("/image a lighthouse")
    expect(shown(phone)).to_be_visible()
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
