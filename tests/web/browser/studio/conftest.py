"""Pictures in a real Chromium, over the gateway and an engine that paints what it is asked to."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from answers import ConversingEngine
from painting import STYLES, paint
from playwright.sync_api import Browser, BrowserContext, Locator, Page
from scripted_engine import ScriptedEngine
from scripted_gateway import endpoint
from stage import PASSWORD, Stage, serve_endpoints

from pleiade.domain import Endpoint

WIDE = (1440, 900)


def painters(engine: ScriptedEngine) -> tuple[Endpoint, ...]:
    """Two deployments that make pictures."""
    made = {"kind": "image", "extra_usage": False, "aliases": (), "context_length": 0}
    return (
        endpoint(engine, deployment="pictures", model="painter-1", styles=STYLES, **made),
        endpoint(engine, deployment="sketches", model="painter-2", **made),
    )


@dataclass
class Artist:
    """Somebody at a page of Images, and what the browser complained about."""

    page: Page
    stage: Stage
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str = "/images") -> None:
        self.page.goto(self.stage.url + path)

    @property
    def box(self) -> Locator:
        """Where one says what shall be seen."""
        return self.page.get_by_role("textbox", name=re.compile("Describe"))

    @property
    def candidates(self) -> Locator:
        """The pictures of the request that is shown."""
        return self.page.get_by_role("list", name="Pictures of this request").get_by_role("listitem")

    @property
    def finished(self) -> Locator:
        """Those of them that are finished, as links to the kept picture."""
        return self.candidates.get_by_role("link")

    def choose(self, choice: str, item: str) -> None:
        """Choose something in one of the menus below the words."""
        self.page.get_by_role("button", name=re.compile(f"^{choice}")).click()
        self.page.get_by_role("menuitem", name=re.compile(f"^{item}")).click()

    def draw(self, prompt: str, count: int = 4) -> None:
        """Ask for pictures, and wait until all are there."""
        self.box.fill(prompt)
        self.box.press("Enter")
        self.finished.nth(count - 1).wait_for()

    def open_one(self, prompt: str = "a red ball") -> str:
        """Draw, and open the first one; its id."""
        self.draw(prompt)
        self.finished.first.click()
        self.page.wait_for_url("**/images/pic_*")
        self.canvas.wait_for()
        return self.page.url.rpartition("/")[2].partition("?")[0]

    @property
    def canvas(self) -> Locator:
        """What one looks at and paints on."""
        return self.page.get_by_role("application", name=re.compile("^Canvas"))

    def sign_in(self, email: str) -> None:
        self.go()
        self.page.get_by_label("E-mail").fill(email)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url("**/images")
        self.box.wait_for()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The app over an engine of ours."""
    home = tmp_path_factory.mktemp("studio") / "home"
    with ConversingEngine(paint) as engine, serve_endpoints(home, engine, painters(engine)) as running:
        yield running


@pytest.fixture(scope="module")
def profile(chromium: Browser, studio: Stage, request: pytest.FixtureRequest) -> Iterator[BrowserContext]:
    """A browser in which somebody is signed in."""
    context = chromium.new_context(
        viewport={"width": 1440, "height": 900}, locale="en-US", reduced_motion="reduce", accept_downloads=True
    )
    context.set_default_timeout(45_000)  # a deadline for what would hang, not a claim
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    first = Artist(context.new_page(), studio)
    name = request.module.__name__.rpartition(".")[2]
    first.sign_in(studio.person(f"{name}@example.org", "Ada Lovelace"))
    first.page.close()
    yield context
    context.close()


@pytest.fixture
def open_artist(profile: BrowserContext, studio: Stage) -> Iterator[Callable[..., Artist]]:
    """Opens tabs of that browser; at the end the browser may have complained about refusals only."""
    artists: list[Artist] = []

    def opened(size: tuple[int, int] = WIDE) -> Artist:
        artist = Artist(profile.new_page(), studio)
        artist.page.set_viewport_size({"width": size[0], "height": size[1]})
        artist.page.on(
            "console", lambda said: said.type in ("error", "warning") and artist.complaints.append(said.text)
        )
        artist.page.on("pageerror", lambda error: artist.complaints.append(str(error)))
        artists.append(artist)
        return artist

    yield opened
    for artist in artists:
        artist.page.close()
    expected = re.compile("status of 4|ERR_CONNECTION|ERR_INCOMPLETE|ERR_EMPTY_RESPONSE|status of 50")
    for artist in artists:
        assert [line for line in artist.complaints if not expected.search(line)] == []


@pytest.fixture
def artist(open_artist: Callable[..., Artist]) -> Artist:
    """One tab, where pictures are made."""
    tab = open_artist()
    tab.go()
    tab.box.wait_for()
    return tab
