"""A conversation as its reader lives it: asked, answered, branched, compared, found again, shared and deleted."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

PHONE = (390, 844)


def test_the_box_has_the_focus_and_own_words_stand_there_at_once(reader: Any) -> None:
    expect(reader.box).to_be_focused()
    reader.page.route("**/v1/chats", lambda route: None)  # the server does not answer
    reader.page.keyboard.type("Hello, is somebody there?")
    reader.page.keyboard.press("Enter")
    reader.page.get_by_role("article", name="You").get_by_text("Hello, is somebody there?").wait_for()
    reader.page.unroute_all(behavior="ignoreErrors")


def test_an_answer_is_read_as_markdown_and_names_its_run(reader: Any) -> None:
    reader.ask("How does a rainbow form?")
    answer = reader.answers.last
    expect(answer.get_by_role("heading", name="What a rainbow is")).to_be_visible()
    expect(answer.get_by_role("table").get_by_role("row")).to_have_count(4)
    expect(answer.locator(".katex").first).to_be_visible()
    expect(answer.locator("[data-code] span[style*=color]").first).to_be_visible()
    expect(answer.get_by_text("(example.org)")).to_be_visible()
    expect(reader.page.get_by_role("link", name="How does a rainbow form?")).to_be_visible()
    # Any answer -> its exact API call, in two clicks: its line, and the way.
    answer.locator("[data-run]").click()
    run = reader.page.get_by_role("complementary", name="Run")
    expect(run.get_by_text("/v1/responses").first).to_be_visible()
    for way in ("Python", "Python (Azure)", "JavaScript"):
        run.get_by_role("tab", name=way, exact=True).click()
        expect(run.get_by_role("tabpanel").get_by_text("How does a rainbow form?").first).to_be_visible()
    assert "run=msg_" in reader.page.url


def test_screen_readers_hear_the_whole_answer_once(reader: Any) -> None:
    reader.ask("Say this to everybody")
    log = reader.page.get_by_role("log")
    assert log.get_attribute("aria-live") == "off"
    expect(reader.page.locator("[aria-live=polite]")).to_contain_text("You asked chat: say this to everybody.")


def test_esc_stops_an_answer_and_what_was_made_stays(reader: Any) -> None:
    reader.ask("An endless story", wait=False)
    expect(reader.answers.last).to_contain_text("word3 ")
    reader.page.keyboard.press("Escape")
    reader.done.last.wait_for()
    expect(reader.answers.last.get_by_text("Stopped.")).to_be_visible()
    expect(reader.answers.last).to_contain_text("word3")
    reader.page.reload()
    expect(reader.answers.last).to_contain_text("word3")
    expect(reader.answers.last.get_by_text("Stopped.")).to_be_visible()


def test_the_next_question_waits_for_nothing_but_the_answer(reader: Any) -> None:
    reader.page.route("**/v1/chats/chat_*", lambda route: None)  # reading the chat again takes for ever
    reader.ask("One")
    reader.ask("Two")
    expect(reader.done.last).to_contain_text("You asked chat: two.")
    expect(reader.box).to_have_value("")
    reader.page.unroute_all(behavior="ignoreErrors")


def test_an_edited_question_begins_a_branch_and_both_can_be_turned_to(reader: Any) -> None:
    reader.ask("One")
    reader.ask("Two")
    first = reader.page.get_by_role("article", name="You").first
    first.hover()
    first.get_by_role("button", name="Edit").click()
    reader.page.get_by_role("textbox", name="Edit").fill("Uno")
    reader.page.get_by_role("textbox", name="Edit").press("Control+Enter")
    expect(reader.done.last).to_contain_text("You asked chat: uno.")
    expect(reader.page.get_by_text("2/2")).to_be_visible()
    assert reader.answers.count() == 1
    reader.page.get_by_role("button", name="Previous version").click()
    expect(reader.answers).to_have_count(2)
    expect(reader.answers.last).to_contain_text("You asked chat: two.")


def test_an_answer_is_made_again_by_another_deployment_and_compared(reader: Any) -> None:
    reader.ask("Who are you?")
    reader.page.get_by_role("button", name="Answer again").click()
    reader.page.get_by_role("group", name="Compare side by side").get_by_role("menuitem", name="second").click()
    expect(reader.done).to_have_count(2)
    expect(reader.answers.get_by_text("You asked second: who are you?")).to_be_visible()
    assert "compare=" in reader.page.url
    reader.page.get_by_role("button", name="Keep this one").first.click()
    expect(reader.answers).to_have_count(1)
    expect(reader.page.get_by_text("1/2")).to_be_visible()


def test_scrolling_up_lets_the_page_go_and_the_pill_brings_it_back(reader: Any) -> None:
    reader.ask("An endless story", wait=False)
    pill = reader.page.get_by_role("button", name="Jump to latest")
    expect(reader.answers.last).to_contain_text("word300 ", timeout=30_000)
    expect(pill).to_have_count(0)
    reader.page.mouse.move(800, 400)
    reader.page.mouse.wheel(0, -600)
    expect(pill).to_be_visible()
    place = reader.page.evaluate("document.querySelector('[role=region]').scrollTop")
    expect(reader.answers.last).to_contain_text("word360 ", timeout=30_000)
    assert reader.page.evaluate("document.querySelector('[role=region]').scrollTop") == place
    pill.click()
    expect(pill).to_have_count(0)
    reader.page.get_by_role("button", name="Stop the answer").click()


def test_a_rating_with_its_reason_and_correction_is_kept(reader: Any) -> None:
    reader.ask("What is two and two?")
    reader.answers.last.get_by_role("button", name="Bad answer").click()
    form = reader.page.get_by_role("form", name="Feedback")
    form.get_by_role("button", name="Not correct").click()
    form.get_by_label("What should it have said?").fill("Four.")
    form.get_by_role("switch").click()
    form.get_by_role("button", name="Save feedback").click()
    reader.page.reload()
    expect(reader.answers.last.get_by_role("button", name="Bad answer")).to_have_attribute("aria-pressed", "true")
    thread = reader.page.evaluate(
        "fetch('/v1' + location.pathname.replace('/chat/', '/chats/')).then((answer) => answer.json())"
    )
    given = thread["messages"][-1]["feedback"]
    assert (given["verdict"], given["reasons"], given["correction"], given["consent"]) == (
        "down",
        ["incorrect"],
        "Four.",
        True,
    )


def test_a_chat_is_renamed_pinned_archived_and_deleted_with_undo(reader: Any) -> None:
    reader.ask("A chat to be tidied away")
    line = reader.page.get_by_role("navigation", name="Chats").get_by_role("link", name="A chat to be tidied away")
    line.hover()

    def choose(item: str, title: str) -> None:
        reader.page.get_by_role("button", name=f"More about “{title}”").click()
        reader.page.get_by_role("menuitem", name=item).click()

    choose("Rename", "A chat to be tidied away")
    reader.page.get_by_label("Title").fill("Tidied")
    reader.page.get_by_role("button", name="Save").click()
    listed = reader.page.get_by_role("navigation", name="Chats").get_by_role("link", name="Tidied")
    listed.wait_for()
    choose("Pin", "Tidied")
    reader.page.get_by_role("heading", name="Pinned").wait_for()
    choose("Archive", "Tidied")
    expect(listed).to_have_count(0)
    reader.page.get_by_role("button", name="Undo").click()
    listed.wait_for()
    choose("Delete", "Tidied")
    expect(listed).to_have_count(0)
    reader.page.get_by_role("button", name="Undo").last.click()
    listed.wait_for()


def test_every_word_is_found_in_the_palette(reader: Any) -> None:
    reader.ask("Where do zanzibarian cormorants nest?")
    reader.new_chat()
    reader.page.keyboard.press("Control+k")
    reader.page.get_by_role("combobox").fill("zanzibarian corm")
    reader.page.get_by_role("option", name=re.compile("Where do zanzibarian")).first.click()
    reader.page.wait_for_url("**/chat/chat_*")
    expect(reader.page.get_by_role("article", name="You")).to_contain_text("zanzibarian")


def test_a_shared_link_shows_the_branch_to_strangers_until_it_is_taken_back(reader: Any, chromium: Any) -> None:
    reader.ask("How does a rainbow form?")
    reader.page.get_by_role("button", name="Share").click()
    reader.page.get_by_role("button", name="Make a link").click()
    link = reader.page.get_by_role("dialog").get_by_role("link").get_attribute("href")
    stranger = chromium.new_context(locale="fr-FR")
    try:
        page = stranger.new_page()
        page.goto(link)
        page.get_by_role("heading", name="What a rainbow is").wait_for()
        assert page.get_by_role("textbox").count() == 0
        reader.page.get_by_role("button", name="Take it back").click()
        reader.page.get_by_role("button", name="Make a link").wait_for()
        page.reload()
        page.get_by_text("Ce lien ne fonctionne plus").wait_for()
    finally:
        stranger.close()


def test_an_attached_file_says_how_much_of_it_was_read(reader: Any) -> None:
    reader.page.locator("input[type=file]").set_input_files(
        {"name": "notes.txt", "mimeType": "text/plain", "buffer": b"The password of the moon is cheese."}
    )
    reader.page.get_by_text("Read whole").wait_for()
    reader.ask("What is in it?")
    expect(reader.page.get_by_role("article", name="You").get_by_text("notes.txt")).to_be_visible()
    assert "The password of the moon is cheese." in str(reader.stage.engine.seen[-1].body["messages"][-1])
    reader.page.locator("input[type=file]").set_input_files(
        {"name": "broken.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.7 nothing of the kind"}
    )
    reader.page.get_by_role("alert").get_by_text("broken.pdf").wait_for()


def test_a_project_gives_its_chats_its_instructions(reader: Any) -> None:
    reader.page.get_by_role("button", name="New project").click()
    reader.page.get_by_label("Name").fill("Birds")
    reader.page.get_by_label(re.compile("Instructions")).fill("Speak only of cormorants.")
    reader.page.get_by_role("button", name="Save").click()
    reader.page.wait_for_url("**/chat?project=*")
    reader.ask("What flies?")
    assert reader.stage.engine.seen[-1].body["messages"][0]["content"] == "Speak only of cormorants."
    assert "project=" in reader.page.url
    reader.page.get_by_role("link", name="All chats").click()
    expect(reader.page.get_by_role("navigation", name="Chats").get_by_role("link", name="What flies?")).to_have_count(0)


def test_a_chat_has_instructions_of_its_own(reader: Any) -> None:
    reader.ask("What flies?")
    reader.page.get_by_role("button", name="More about this chat").click()
    reader.page.get_by_role("menuitem", name="Instructions for this chat").click()
    reader.page.get_by_label("Instructions", exact=True).fill("Speak only of gulls.")
    reader.page.get_by_role("button", name="Save").click()
    reader.ask("And now?")
    assert reader.stage.engine.seen[-1].body["messages"][0]["content"] == "Speak only of gulls."


def test_a_temporary_chat_is_in_no_list(reader: Any) -> None:
    reader.page.get_by_role("link", name="Temporary chat").click()
    reader.page.get_by_role("heading", name="Temporary chat").first.wait_for()
    reader.ask("Forget this soon")
    expect(
        reader.page.get_by_role("navigation", name="Chats").get_by_role("link", name="Forget this soon")
    ).to_have_count(0)


def test_chat_works_on_a_phone(open_reader: Callable[..., Any]) -> None:
    phone = open_reader(PHONE)
    phone.go()
    phone.box.click()
    phone.ask("How does a rainbow form?")
    assert phone.page.evaluate("document.documentElement.scrollWidth") == 390
    phone.page.get_by_role("button", name="Menu").click()
    phone.page.get_by_role("dialog").get_by_role("link", name="How does a rainbow form?").first.wait_for()
