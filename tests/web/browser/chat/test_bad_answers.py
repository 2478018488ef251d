"""What bad engines, networks and answers do to a conversation: the page tells the truth, and offers a way on."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import expect

from pleiade.store import bump_version, open_database, unit_of_work
from pleiade.store.signin import sessions
from pleiade.tenancy.signin.sessions import VERSION


def test_html_and_scripts_in_an_answer_are_text_and_nothing_is_fetched(reader: Any) -> None:
    asked: list[str] = []
    reader.page.on("request", lambda request: asked.append(request.url))
    reader.ask("Give me a page of HTML")
    answer = reader.answers.last
    expect(answer).to_contain_text('<script>document.title = "taken over"')
    expect(answer).to_contain_text("<b>not bold</b> & done.")
    expect(answer).to_contain_text("a picture — https://example.org/exfiltrate.png?q=secret")
    assert answer.locator("script, img, b, iframe").count() == 0
    links = answer.get_by_role("link").evaluate_all("(all) => all.map((one) => [one.href, one.rel])")
    assert links == [["https://example.org/page", "noopener noreferrer"]]
    assert [url for url in asked if "example.org" in url] == []
    assert "taken over" not in reader.page.title()


def test_half_written_markdown_never_flashes_by(reader: Any) -> None:
    reader.page.evaluate(
        """() => {
          window.seen = [];
          new MutationObserver(() => {
            const answer = [...document.querySelectorAll("[data-answer] [dir=auto] p")].at(-1);
            if (answer && answer.closest("[aria-busy=true]")) window.seen.push(answer.textContent);
          }).observe(document.body, { subtree: true, childList: true, characterData: true });
        }"""
    )
    reader.ask("Only half of it")
    seen = reader.page.evaluate("window.seen")
    assert seen
    assert [text for text in seen if "**" in text or "](" in text] == []
    expect(reader.answers.last).to_contain_text("A **bold word, and [a link](https://example.or")


def test_right_to_left_text_runs_from_right_to_left(reader: Any) -> None:
    reader.ask("Now in Arabic")
    paragraph = reader.answers.last.locator("p").first
    assert paragraph.evaluate("(one) => getComputedStyle(one).direction") == "rtl"


def test_an_answer_of_a_megabyte_is_shown_and_the_page_still_answers(reader: Any) -> None:
    reader.ask("A megabyte, please")
    assert reader.answers.last.evaluate("(one) => one.textContent.length") > 1_000_000
    reader.ask("And now something short")
    expect(reader.answers.last).to_contain_text("something short")


def test_a_refusal_stands_under_its_question_with_a_way_on(reader: Any) -> None:
    reader.box.fill("Please refuse")
    reader.box.press("Enter")
    alert = reader.page.get_by_role("alert")
    alert.get_by_text("could not be completed").wait_for()
    expect(reader.page.get_by_role("article", name="You")).to_contain_text("Please refuse")
    expect(reader.page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_cut_answer_keeps_what_was_made(reader: Any) -> None:
    reader.ask("Cut it short")
    expect(reader.answers.last).to_contain_text("This is as far as it")
    expect(reader.answers.last.get_by_role("alert")).to_contain_text("could not be completed")
    expect(reader.answers.last.get_by_role("button", name="Try again")).to_be_visible()


def test_a_reload_in_mid_answer_goes_on(reader: Any) -> None:
    reader.ask("Please count slowly", wait=False)
    expect(reader.answers.last).to_contain_text("5 6 7")
    reader.page.reload()
    reader.done.last.wait_for()
    expect(reader.answers.last).to_contain_text(" ".join(str(number) for number in range(1, 61)))


def test_a_closed_tab_finds_its_answer_whole(open_reader: Callable[..., Any]) -> None:
    first = open_reader()
    first.go()
    first.ask("Please count slowly", wait=False)
    expect(first.answers.last).to_contain_text("3 4")
    path = first.page.url.removeprefix(first.stage.url)
    first.page.close()
    second = open_reader()
    second.go(path)
    second.done.last.wait_for()
    expect(second.answers.last).to_contain_text("58 59 60")


def test_two_tabs_show_the_same_conversation(open_reader: Callable[..., Any]) -> None:
    one, other = open_reader(), open_reader()
    one.go()
    one.ask("First")
    other.go(one.page.url.removeprefix(one.stage.url))
    other.done.first.wait_for()
    one.ask("An endless story", wait=False)
    expect(other.answers).to_have_count(2)
    expect(other.answers.last).not_to_have_text("")
    other.page.get_by_role("button", name="Stop the answer").click()
    expect(other.done).to_have_count(2)
    expect(one.done).to_have_count(2)
    # Where one stops, the page says so at once; with the time it took, it shows what the server kept.
    expect(other.answers.last).to_contain_text(" ms")
    expect(one.answers.last).to_have_text(other.answers.last.text_content())


def test_a_session_that_ends_in_mid_answer_loses_nothing(reader: Any) -> None:
    reader.ask("Please count slowly", wait=False)
    expect(reader.answers.last).to_contain_text("3 4")
    db = open_database(f"sqlite:///{reader.stage.home / 'pleiade.db'}")
    with unit_of_work(db) as connection:
        connection.execute(sessions.delete())
        bump_version(connection, VERSION)  # as `end_session` does: gateways look into the database when it changes
    db.dispose()
    reader.box.fill("What I was about to say")
    dialog = reader.page.get_by_role("dialog", name="Sign in again")
    dialog.get_by_label("Password").fill("seven stars in one night")
    dialog.get_by_role("button", name="Sign in").click()
    dialog.wait_for(state="detached")
    reader.done.last.wait_for()
    expect(reader.answers.last).to_contain_text("58 59 60")
    expect(reader.box).to_have_value("What I was about to say")


def test_an_engine_that_starts_anew_in_mid_answer_is_told_and_answers_again(reader: Any) -> None:
    reader.ask("An endless story", wait=False)
    expect(reader.answers.last).to_contain_text("word3 ")
    engine = reader.stage.engine
    loop = engine._server.get_loop()
    asyncio.run_coroutine_threadsafe(engine.stop(), loop).result(10)
    loop.call_soon_threadsafe(engine.seen[-1].hang_up)
    alert = reader.answers.last.get_by_role("alert")
    expect(alert).to_contain_text("could not be completed")
    expect(reader.answers.last).to_contain_text("word3 ")
    alert.get_by_role("button", name="Try again").click()
    expect(reader.page.get_by_text("cannot be reached")).to_be_visible()
    asyncio.run_coroutine_threadsafe(engine.start(), loop).result(10)
    alert.get_by_role("button", name="Try again").click()
    reader.page.get_by_role("button", name="Stop the answer").click()
    versions = reader.page.get_by_text(re.compile(r"^(\d)/\1$"))  # an engine that refuses late leaves one too
    expect(versions).to_be_visible()


def test_a_killed_server_is_told_and_the_answer_can_be_made_again(reader: Any) -> None:
    reader.ask("An endless story", wait=False)
    expect(reader.answers.last).to_contain_text("word200 ")  # by now its first words are stored
    reader.stage.kill()
    reader.page.get_by_text("The server cannot be reached").wait_for()
    reader.stage.start()
    alert = reader.answers.last.get_by_role("alert")
    alert.wait_for(timeout=60_000)  # twenty seconds without a sign of life, and the response is given up
    expect(reader.answers.last).to_contain_text("word20")
    reader.box.fill("still here")
    alert.get_by_role("button", name="Try again").click()
    reader.page.get_by_role("button", name="Stop the answer").click()
