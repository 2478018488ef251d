"""The Playground over the real models: every kind of call by hand, checked, compared, kept and shown as a program."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from answers import ConversingEngine
from playwright.sync_api import Locator, expect
from scripted_pictures import image_endpoint, makes_pictures
from stage import Stage, serve_endpoints

from pleiade.registry import undeploy
from pleiade.store import open_database
from serving import CHAT, EMBED, IMAGE, PLEIADE, Server, serve, wait_for

pytestmark = pytest.mark.timeout(600)  # a server and two more engines begin within the first test's time
WIDE, PHONE = (1440, 900), (390, 844)
LOOKS = [
    pytest.param(WIDE, False, "en-US", id="1440-light-en"),
    pytest.param(WIDE, True, "fr-FR", id="1440-dark-fr"),
    pytest.param(PHONE, False, "fr-FR", id="390-light-fr"),
    pytest.param(PHONE, True, "en-US", id="390-dark-en"),
]
RUN = re.compile("^(Run|Exécuter)")
OVER = re.compile("ms (in all|en tout)")
WEATHER = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}, "additionalProperties": False}},
}
COLOUR = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": ["red", "blue"]}},
    "required": ["colour"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with one model of each kind that comes with Pleiade."""
    with serve(tmp_path_factory.mktemp("lab") / "home") as running:
        both = [
            subprocess.Popen((PLEIADE, "deploy", name, "--model", model, "--home", str(running.home)))
            for name, model in (("code", "pleiade-code-pico"), ("judge", "pleiade-reward-pico"))
        ]
        assert [deploying.wait(120) for deploying in both] == [0, 0]
        yield running


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A gateway over an engine that makes pictures at once."""
    with ConversingEngine() as engine:
        engine.script = makes_pictures
        with serve_endpoints(
            tmp_path_factory.mktemp("pictures") / "home", engine, (image_endpoint(engine),)
        ) as running:
            yield running


@pytest.fixture(scope="module")
def researcher(lab: Server, enrol: Callable[..., str]) -> str:
    """Somebody who has an account there; their address."""
    return enrol(lab, "rosalind@example.org", role="developer")


class Bench:
    """The page, as its visitor uses it."""

    def __init__(self, tab: Any) -> None:
        self.tab, self.page = tab, tab.page

    def go(self, name: str) -> None:
        self.tab.go(f"/console/playground?tab={name}")
        self.page.get_by_role("button", name=RUN).wait_for()

    def lane(self, index: int = 0) -> Locator:
        found: Locator = self.page.locator("[data-lane]").nth(index)
        return found

    def asked(self) -> list[dict[str, Any]]:
        """Press Run: the bodies that are sent, once all has been answered."""
        lanes = self.page.locator("[data-lane]").count()
        sent: list[dict[str, Any]] = []

        def note(request: Any) -> None:
            if request.method == "POST":
                sent.append(request.post_data_json)

        self.page.on("request", note)
        self.page.get_by_role("button", name=RUN).click()
        for index in range(lanes):
            self.lane(index).get_by_text(OVER).wait_for()
        self.page.remove_listener("request", note)
        return sent


@pytest.fixture
def bench(open_tab: Callable[..., Any], lab: Server, researcher: str) -> Callable[..., Bench]:
    """Somebody at the Playground."""

    def opened(name: str = "chat", **look: Any) -> Bench:
        tab = open_tab(server=lab, **look)
        tab.sign_in(researcher, "/settings")
        made = Bench(tab)
        made.go(name)
        return made

    return opened


def test_an_answer_comes_with_its_tokens_counts_and_times(bench: Callable[..., Bench]) -> None:
    chat = bench()
    page = chat.page
    page.get_by_label("Deployment").select_option(CHAT)
    page.get_by_role("textbox", name="Message 1").fill("Be brief.")
    page.get_by_role("textbox", name="Message 2").fill("What is a rainbow?")
    page.get_by_role("textbox", name="max_completion_tokens").fill("12")
    page.get_by_role("switch", name="logprobs").click()
    page.get_by_role("textbox", name="top_logprobs").fill("3")
    (body,) = chat.asked()
    assert body == {
        "model": CHAT,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is a rainbow?"}],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_completion_tokens": 12,
        "logprobs": True,
        "top_logprobs": 3,
    }, "what was not set is left to the server"
    expect(chat.lane().get_by_role("status")).to_contain_text(
        re.compile(r"\d+ tokens in · \d+ tokens out · first token")
    )
    # By keyboard: one stop for all tokens, arrows from one to the next, and what else might have stood there.
    tokens = chat.lane().locator("[data-token]")
    tokens.first.focus()
    page.keyboard.press("ArrowRight")
    expect(tokens.nth(1)).to_be_focused()
    expect(chat.lane().get_by_role("table", name="What might have stood here").get_by_role("row")).to_have_count(3)
    chat.lane().get_by_text("All tokens as a table").click()
    table = chat.lane().get_by_role("region", name="All tokens as a table").get_by_role("row")
    expect(table).to_have_count(tokens.count() + 1)
    # The very call, as a program.
    chat.lane().get_by_role("button", name="View code").click()
    shown = page.get_by_role("dialog").get_by_role("tabpanel").inner_text()
    assert json.loads(shown[shown.index("-d '") + 4 : shown.rindex("'")]) == body


def test_code_is_written_where_the_mark_stands(bench: Callable[..., Bench]) -> None:
    completion = bench("completion")
    page = completion.page
    page.get_by_label("Deployment").select_option("code")
    text = page.get_by_role("textbox", name="Text", exact=True)
    text.fill("def add(a, b):\n    \n\nprint(add(1, 2))")
    text.evaluate("field => field.setSelectionRange(19, 19)")
    page.get_by_role("button", name="Insert at the cursor").click()
    expect(text).to_have_value("def add(a, b):\n    [insert]\n\nprint(add(1, 2))")
    page.get_by_role("textbox", name="max_tokens").fill("8")
    (body,) = completion.asked()
    assert (body["prompt"], body["suffix"]) == ("def add(a, b):\n    ", "\n\nprint(add(1, 2))")
    made = completion.lane().get_by_role("insertion").inner_text()
    assert made, "in its place, between what was there"
    completion.lane().get_by_role("button", name="Keep it in the text").click()
    expect(text).to_have_value(re.compile(r"def add\(a, b\):\n    .+\n\nprint\(add\(1, 2\)\)", re.DOTALL))


def test_what_is_beyond_a_limit_is_not_asked(bench: Callable[..., Bench]) -> None:
    chat = bench()
    page = chat.page
    asked: list[str] = []
    page.on("request", lambda request: request.method == "POST" and asked.append(request.url))
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_role("alert").get_by_text("Write a message first.")).to_be_visible()
    page.get_by_role("textbox", name="Message 2").fill("Hello")
    for field, value, told in (
        ("temperature", "3", "At most 2."),
        ("n", "1.5", "A whole number, please."),
        ("top_logprobs", "2", "Set logprobs as well."),
        ("max_completion_tokens", "9999", "At most 2,048."),
    ):
        box = page.get_by_role("textbox", name=field, exact=True)
        box.fill(value)
        page.get_by_role("button", name=RUN).click()
        expect(page.get_by_role("alert").get_by_text(told)).to_be_visible()
        expect(box).to_be_focused()
        box.fill("")
    page.get_by_text("Tools", exact=True).click()
    page.get_by_role("textbox", name="tools").fill('[{"type": "function"')
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_role("alert").get_by_text("This is not JSON")).to_be_visible()
    assert asked == []


def test_a_tool_says_what_it_is_made_to_say(bench: Callable[..., Bench]) -> None:
    chat = bench()
    page = chat.page
    page.get_by_label("Deployment").select_option(CHAT)
    page.get_by_role("textbox", name="Message 2").fill("Is it warm in Paris?")
    page.get_by_role("textbox", name="max_completion_tokens").fill("64")
    page.get_by_text("Tools", exact=True).click()
    page.get_by_role("textbox", name="tools", exact=True).fill(json.dumps([WEATHER]))
    page.get_by_role("textbox", name="tool_choice").fill("weather")
    (body,) = chat.asked()
    assert body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    page.get_by_role("textbox", name="What weather says").fill("21 °C")
    with page.expect_request("**/v1/chat/completions") as second:
        page.get_by_role("button", name="Send the results").click()
    call, result = second.value.post_data_json["messages"][-2:]
    assert (call["role"], call["tool_calls"][0]["function"]["name"]) == ("assistant", "weather")
    assert result == {"role": "tool", "tool_call_id": call["tool_calls"][0]["id"], "content": "21 °C"}


def test_an_answer_keeps_to_a_schema(bench: Callable[..., Bench]) -> None:
    chat = bench()
    page = chat.page
    page.get_by_label("Deployment").select_option(CHAT)
    page.get_by_role("textbox", name="Message 2").fill("What colour is the sea?")
    page.get_by_text("Format", exact=True).click()
    page.get_by_label("response_format").select_option("json_schema")
    page.get_by_role("textbox", name="json_schema").fill(json.dumps(COLOUR))
    chat.asked()
    assert json.loads(chat.lane().locator("p[dir=auto]").inner_text())["colour"] in ("red", "blue")


def test_two_settings_are_asked_the_same_at_once(bench: Callable[..., Bench]) -> None:
    chat = bench()
    page = chat.page
    page.get_by_label("Deployment").select_option(CHAT)
    page.get_by_role("textbox", name="Message 2").fill("Say something.")
    page.get_by_role("textbox", name="max_completion_tokens").fill("6")
    page.get_by_role("button", name="Compare two").click()
    page.get_by_label("Deployment").select_option("code")
    page.get_by_role("textbox", name="temperature").fill("0,5")
    first, second = sorted(chat.asked(), key=lambda body: body["model"], reverse=True)
    assert first["messages"] == second["messages"]
    assert (first["model"], second["model"], second["temperature"]) == (CHAT, "code", 0.5)
    assert "temperature" not in first
    expect(chat.lane(1).get_by_role("heading", name="B: code")).to_be_visible()


def test_a_long_answer_is_stopped(bench: Callable[..., Bench]) -> None:
    completion = bench("completion")
    page = completion.page
    page.get_by_role("textbox", name="Text", exact=True).fill("One")
    page.get_by_role("textbox", name="max_tokens").fill("2000")
    page.get_by_text("More", exact=True).click()
    page.get_by_role("switch", name="ignore_eos").click()
    page.get_by_role("button", name=RUN).click()
    completion.lane().get_by_role("insertion").get_by_text(re.compile(r"\w")).wait_for()
    page.keyboard.press("Escape")
    expect(completion.lane().get_by_text("Stopped.")).to_be_visible()


def test_texts_are_compared_and_answers_ranked(bench: Callable[..., Bench]) -> None:
    vectors = bench("embeddings")
    page = vectors.page
    for count, text in enumerate(("The cat sleeps.", "A kitten naps.", "Interest rates rose."), 1):
        page.get_by_role("textbox", name=f"Text {count}").fill(text)
    page.get_by_role("textbox", name="dimensions").fill("64")
    page.get_by_label("encoding_format").select_option("base64")
    (body,) = vectors.asked()
    assert (body["model"], body["dimensions"], body["encoding_format"]) == (EMBED, 64, "base64")
    cells = [float(cell) for cell in vectors.lane().get_by_role("table").locator("tbody td").all_inner_texts()]
    assert cells[0] == cells[4] == cells[8] == 1, "each is like itself"
    assert cells[1] == cells[3] > cells[2], "and cats are more like kittens than like rates"
    expect(vectors.lane().get_by_text("64 dimensions, length").first).to_be_visible()

    vectors.go("rewards")
    page.get_by_role("textbox", name="Question").fill("Is ice cold?")
    page.get_by_role("textbox", name="Answer 1").fill("Yes, it is.")
    page.get_by_role("textbox", name="Answer 2").fill("Blue.")
    (body,) = vectors.asked()
    assert body["input"]["candidates"] == ["Yes, it is.", "Blue."]
    expect(vectors.lane().get_by_role("listitem")).to_have_count(2)


def test_a_preset_is_kept_found_by_its_address_and_taken_along(bench: Callable[..., Bench], tmp_path: Path) -> None:
    chat = bench()
    page = chat.page
    page.get_by_role("textbox", name="Message 1").fill("You are a pirate.")
    page.get_by_role("textbox", name="temperature").fill("0.2")
    page.get_by_role("button", name="Presets").click()
    page.get_by_role("menuitem", name="Save as a preset").click()
    page.get_by_role("textbox", name="Name").fill("Pirate & co.")
    page.get_by_role("button", name="Save").click()
    page.wait_for_url("**preset=Pirate*")
    address = page.url
    page.get_by_role("textbox", name="Message 1").fill("")
    page.evaluate("sessionStorage.clear()")
    page.goto(address)
    expect(page.get_by_role("textbox", name="Message 1")).to_have_value("You are a pirate.")
    expect(page.get_by_role("textbox", name="temperature")).to_have_value("0.2")
    page.get_by_role("button", name="Pirate & co.").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Export all presets").click()
    file = tmp_path / "presets.json"
    download.value.save_as(file)
    page.get_by_role("button", name="Pirate & co.").click()
    page.get_by_role("menuitem", name="Delete “Pirate & co.”").click()
    expect(page.get_by_text("“Pirate & co.” is deleted.")).to_be_visible()
    page.goto(address)
    expect(page.get_by_role("alert").get_by_text("no preset “Pirate & co.”")).to_be_visible()
    chooser = page.locator("input[type=file]")
    (tmp_path / "other.json").write_text(
        '{"kind": "pleiade.presets/1", "presets": [{"name": "x", "bench": {"tab": "chat"}}]}'
    )
    chooser.set_input_files(tmp_path / "other.json")
    expect(page.get_by_text("other.json holds no presets.")).to_be_visible()
    chooser.set_input_files(file)
    expect(page.get_by_text("1 preset imported.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Message 1")).to_have_value("You are a pirate.")
    page.get_by_role("textbox", name="Message 1").fill("You are a parrot.")
    page.get_by_role("button", name="Pirate & co.").click()
    page.get_by_role("menuitem", name="Pirate & co.").first.click()
    expect(page.get_by_role("textbox", name="Message 1")).to_have_value("You are a pirate.")


def test_pictures_are_shown_as_they_form(
    open_tab: Callable[..., Any], gallery: Stage, enrol: Callable[..., str], screenshot: Callable[..., None]
) -> None:
    tab = open_tab(server=gallery)
    tab.sign_in(enrol(gallery, "dora@example.org", role="developer"), "/settings")
    images = Bench(tab)
    images.go("images")
    page = images.page
    page.get_by_role("textbox", name="What the picture shows").fill("a red circle")
    page.get_by_role("textbox", name="n", exact=True).fill("2")
    page.get_by_role("textbox", name="partial_images").fill("2")
    page.get_by_role("button", name=RUN).click()
    expect(page.get_by_role("alert").get_by_text("Set stream as well.")).to_be_visible()
    page.get_by_role("switch", name="stream").click()
    (body,) = images.asked()
    assert body == {"model": "pix", "prompt": "a red circle", "n": 2, "stream": True, "partial_images": 2}
    made = images.lane().get_by_role("img")
    expect(made).to_have_count(2)
    expect(images.lane().get_by_role("img", name="Picture 2: a red circle")).to_be_visible()
    assert made.first.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") == 8
    expect(images.lane().get_by_text("seed 7").first).to_be_visible()
    screenshot(tab, "playground-images-1440-light-en")
    assert tab.axe() == []


def test_no_model_of_a_kind_says_how_to_get_one(
    open_tab: Callable[..., Any], new_house: Server, enrol: Callable[..., str]
) -> None:
    db = open_database(f"sqlite:///{new_house.home / 'pleiade.db'}")
    undeploy(db, IMAGE)
    db.dispose()
    wait_for(lambda: IMAGE not in new_house.get("/v1/models").text, 30, "the gateway knows it")
    tab = open_tab(server=new_house)
    tab.sign_in(enrol(new_house, "ada@example.org", role="owner"), "/settings")
    tab.go("/console/playground?tab=images")
    expect(tab.page.get_by_role("heading", name="No image model is deployed")).to_be_visible()


@pytest.mark.parametrize(("size", "dark", "language"), LOOKS)
def test_every_tab_is_whole_and_readable_in_each_look(
    bench: Callable[..., Bench],
    screenshot: Callable[..., None],
    request: pytest.FixtureRequest,
    size: tuple[int, int],
    dark: bool,
    language: str,
) -> None:
    look = request.node.callspec.id
    page = (opened := bench(size=size, dark=dark, language=language)).page
    for name in ("chat", "completion", "embeddings", "rewards"):
        opened.go(name)
        box = page.locator("main textarea:not(aside textarea)")
        for index in range(box.count()):
            if box.nth(index).is_visible():
                box.nth(index).fill(f"The sea is blue, number {index}.")
        if size == WIDE and name == "completion":
            page.get_by_role("textbox", name="logprobs").fill("3")
            page.get_by_role("textbox", name="max_tokens").fill("8")
        if name == "chat":
            page.get_by_role("button", name=re.compile("^Compar")).click()
        screenshot(opened.tab, f"playground-{name}-before-{look}")
        if name != "chat":
            opened.asked()
        screenshot(opened.tab, f"playground-{name}-{look}")
        assert opened.tab.axe() == [], name
        assert not page.evaluate("document.documentElement.scrollWidth > innerWidth"), (
            f"{name} is wider than the window"
        )
    if size == PHONE:
        page.get_by_role("button", name=re.compile("^(Settings|Paramètres)$")).click()
        page.get_by_role("dialog").wait_for()
        page.wait_for_timeout(250)
        screenshot(opened.tab, f"playground-settings-{look}")
        assert opened.tab.axe() == []
