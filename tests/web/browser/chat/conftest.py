"""Conversations in a real Chromium, over the gateway and an engine that answers as it is asked to."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from stage import PASSWORD, Stage, on_stage

WIDE, PHONE = (1440, 900), (390, 844)

expect.set_options(timeout=30_000)  # a deadline for what would hang, not a claim: machines may be busy


@dataclass
class Reader:
    """Somebody at a page of Chat, and what the browser complained about."""

    page: Page
    stage: Stage
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str = "/chat") -> None:
        self.page.goto(self.stage.url + path)

    @property
    def box(self) -> Locator:
        """Where one writes."""
        return self.page.get_by_role("textbox", name=re.compile("Ask anything|Demandez"))

    @property
    def answers(self) -> Locator:
        """The answers that are shown."""
        return self.page.locator("[data-answer]")

    @property
    def done(self) -> Locator:
        """The answers that are shown and over."""
        return self.page.locator("[data-answer][aria-busy=false]")

    def ask(self, text: str, *, wait: bool = True) -> None:
        """Write and send; with `wait`, until its answer is over."""
        before = self.answers.count()
        self.box.fill(text)
        self.box.press("Enter")
        if wait:
            self.done.nth(before).wait_for()

    def new_chat(self) -> None:
        """As with the mouse."""
        self.page.get_by_role("link", name="New chat", exact=True).first.click()  # the list may hold one of that name
        self.page.wait_for_url("**/chat")

    def sign_in(self, email: str) -> None:
        self.go()
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/chat")
        self.box.wait_for()


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The app over an engine of ours."""
    with on_stage(tmp_path_factory.mktemp("stage") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def profile(chromium: Browser, stage: Stage, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser in which somebody is signed in."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="en-US")
    context.set_default_timeout(45_000)  # a deadline for what would hang, not a claim
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    first = Reader(context.new_page(), stage)
    name = request.module.__name__.rpartition(".")[2]
    first.sign_in(stage.person(f"{name}@example.org", "Ada Lovelace"))
    first.page.close()
    yield context
    context.close()


@pytest.fixture
def open_reader(profile: BrowserContext, stage: Stage) -> Iterator[Callable[..., Reader]]:
    """Opens tabs of that browser; at the end the browser may have complained about refusals only."""
    readers: list[Reader] = []

    def opened(size: tuple[int, int] = WIDE) -> Reader:
        reader = Reader(profile.new_page(), stage)
        reader.page.set_viewport_size({"width": size[0], "height": size[1]})
        reader.page.on(
            "console", lambda said: said.type in ("error", "warning") and reader.complaints.append(said.text)
        )
        reader.page.on("pageerror", lambda error: reader.complaints.append(str(error)))
        readers.append(reader)
        return reader

    yield opened
    for reader in readers:
        reader.page.close()
    for reader in readers:
        expected = re.compile("status of [45]|ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY_RESPONSE")
        assert [line for line in reader.complaints if not expected.search(line)] == []


@pytest.fixture
def reader(open_reader: Callable[..., Reader]) -> Reader:
    """One tab, at a new chat."""
    tab = open_reader()
    tab.go()
    tab.box.wait_for()
    return tab
