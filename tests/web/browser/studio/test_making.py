"""Pictures from words: they appear as they form, can be stopped, and what goes wrong is told with a way on."""

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Route, expect


def last_request(artist: Any) -> dict[str, Any]:
    """What the engine was asked for last."""
    body: dict[str, Any] = artist.stage.engine.seen[-1].body
    return body


def test_four_pictures_appear_as_they_form(artist: Any) -> None:
    artist.box.fill("a slow red ball")
    artist.box.press("Enter")
    group = artist.page.get_by_role("list", name="Pictures of this request")
    group.get_by_role("img", name=re.compile("Picture 1, in the making")).wait_for()
    expect(group).to_have_attribute("aria-busy", "true")
    first = group.get_by_role("img").first
    before = first.get_attribute("src")
    artist.page.wait_for_function("([image, src]) => image.src !== src", arg=[first.element_handle(), before])
    artist.finished.nth(3).wait_for()
    expect(group).to_have_attribute("aria-busy", "false")
    expect(artist.page.get_by_text("4 pictures are finished.")).to_be_attached()
    assert artist.box.input_value() == "a slow red ball", "what was asked for stays, to be changed"


def test_stopping_keeps_what_is_finished_and_the_rest_can_be_made(artist: Any) -> None:
    artist.box.fill("it is stuck")
    artist.box.press("Enter")
    artist.finished.first.wait_for()
    artist.page.get_by_role("button", name="Stop", exact=True).click()
    note = artist.page.get_by_role("status").filter(has_text="Stopped: 1 of 4 are finished")
    note.wait_for()
    expect(artist.finished).to_have_count(1)
    note.get_by_role("button", name="Make the 3 missing ones").click()
    expect(artist.candidates).to_have_count(3)
    artist.page.get_by_role("button", name="Stop", exact=True).click()


def test_a_cut_stream_says_what_is_missing_and_makes_exactly_that(artist: Any) -> None:
    artist.box.fill("cut it short")
    artist.box.press("Enter")
    alert = artist.page.get_by_role("alert")
    alert.get_by_text(re.compile("It broke off: [12] of 4 are finished")).wait_for()
    missing = 4 - artist.finished.count()
    alert.get_by_role("button", name=f"Make the {missing} missing ones").click()
    expect(artist.candidates).to_have_count(missing)
    artist.page.get_by_role("alert").get_by_text("It broke off").wait_for()
    assert last_request(artist)["n"] == missing


def test_too_many_requests_are_asked_again_when_the_servers_time_is_over(artist: Any) -> None:
    artist.box.fill("too much")
    artist.box.press("Enter")
    alert = artist.page.get_by_role("alert")
    alert.get_by_text("Too many requests right now").wait_for()
    expect(alert.get_by_role("button", name=re.compile("Try again in"))).to_be_disabled()
    asked = len(artist.stage.engine.seen)
    alert.get_by_role("button", name="Try again", exact=True).click()
    alert.get_by_role("button", name=re.compile("Try again in")).wait_for()
    assert len(artist.stage.engine.seen) > asked


def test_what_the_filter_refuses_leads_back_to_the_words(artist: Any) -> None:
    artist.box.fill("something forbidden")
    artist.box.press("Enter")
    alert = artist.page.get_by_role("alert")
    alert.get_by_text("Not allowed here", exact=True).wait_for()
    alert.get_by_role("button", name="Change the words").click()
    expect(artist.box).to_be_focused()


def test_a_refusal_says_in_the_servers_words_what_to_do(artist: Any) -> None:
    artist.box.fill("a style unheard of")
    artist.box.press("Enter")
    alert = artist.page.get_by_role("alert")
    expect(alert).to_contain_text("Supported values are: 'flat'")
    alert.get_by_role("button", name="Change the request").wait_for()


def test_a_broken_engine_is_told_and_can_be_asked_again(artist: Any) -> None:
    artist.box.fill("broken")
    artist.box.press("Enter")
    artist.page.get_by_role("alert").get_by_role("button", name="Try again").wait_for()
    artist.draw("a red ball")


def test_what_cannot_be_is_said_before_anything_is_asked(artist: Any) -> None:
    artist.page.get_by_role("button", name="Draw").click()
    expect(artist.page.get_by_role("alert")).to_have_text("Say what shall be seen.")
    artist.choose("More", "JPEG")
    artist.choose("More", "Transparent")
    artist.box.fill("a ball that nobody asked for")
    artist.box.press("Enter")
    expect(artist.page.get_by_role("alert")).to_contain_text("JPEG has no transparency")
    artist.choose("More", "PNG")
    artist.choose("Size", "Another size")
    dialog = artist.page.get_by_role("dialog", name="Another size")
    dialog.get_by_label("Width").fill("1000")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("Both sides must be multiples of 16.")
    assert [one for one in artist.stage.engine.seen if b"that nobody asked for" in one.raw] == []


def test_what_is_chosen_is_what_is_asked_for(artist: Any) -> None:
    artist.choose("Size", "Landscape")
    artist.choose("Style", "outline")
    artist.choose("How many", "2 pictures")
    artist.choose("Quality", "High")
    artist.choose("More", "New seed")
    seed = artist.page.get_by_role("dialog", name="Seed")
    seed.get_by_label("Seed").fill("77")
    seed.get_by_role("button", name="Save").click()
    artist.choose("More", "Not in the picture")
    negative = artist.page.get_by_role("dialog", name="Not in the picture")
    negative.get_by_label("Not in the picture").fill("letters")
    negative.get_by_role("button", name="Save").click()
    artist.draw("a quay", count=2)
    assert last_request(artist)["style"] == "outline"
    artist.page.get_by_role("button", name="Model: pictures").click()
    artist.page.get_by_role("menuitem", name=re.compile("^sketches")).click()
    expect(artist.page.get_by_role("button", name="Style")).to_have_count(0)
    artist.go()  # what was chosen stays for as long as the tab is open
    artist.draw("a quay again", count=2)
    wanted = {
        "n": 2,
        "size": "1536x1024",
        "quality": "high",
        "seed": 77,
        "negative_prompt": "letters",
        "prompt": "a quay again",
    }
    assert {name: last_request(artist).get(name) for name in wanted} == wanted
    artist.finished.first.click()
    artist.page.get_by_role("button", name="Details", exact=True).click()
    details = artist.page.get_by_role("complementary", name="Details")
    expect(details.get_by_text("sketches", exact=True)).to_be_visible()
    expect(details.get_by_text("77", exact=True)).to_be_visible()
    expect(details.get_by_role("tabpanel")).to_contain_text('"negative_prompt": "letters"')
    expect(details.get_by_text("Signed by this server, and unchanged since")).to_be_visible()


def test_a_traced_picture_comes_whole(artist: Any) -> None:
    artist.choose("More", "SVG")
    artist.draw("a red ball")
    assert "stream" not in last_request(artist)


def test_without_a_model_for_pictures_the_page_says_the_command(artist: Any) -> None:
    def none(route: Any) -> None:
        models = route.fetch().json()
        models["data"] = [one for one in models["data"] if not one["capabilities"]["image_generation"]]
        route.fulfill(json=models)

    artist.page.route("**/v1/models", none)
    artist.go()
    artist.page.get_by_text("No model for pictures is deployed").wait_for()
    expect(artist.page.get_by_text("pleiade model add MODEL")).to_be_visible()
    artist.page.get_by_role("button", name="Copy the command").click()
    assert "pleiade deploy" in artist.page.evaluate("navigator.clipboard.readText()")


def test_who_asks_before_the_deployments_are_known_gets_pictures(open_artist: Callable[..., Any]) -> None:
    artist, held = open_artist(), list[Route]()
    artist.page.route(re.compile(r"/v1/models$"), lambda route: held.append(route), times=1)
    artist.go()
    artist.box.fill("an early kite")
    artist.box.press("Enter")
    held[0].continue_()
    artist.finished.nth(3).wait_for()
    assert artist.complaints == []
