"""A real Chromium, a real `pleiade up`, and people signed in to it."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from pleiade.domain import DEFAULT_ORGANISATION, DEFAULT_PROJECT, OPERATOR
from pleiade.store import open_database
from pleiade.tenancy.members import add_member
from pleiade.tenancy.signin.passwords import set_password
from pleiade.tenancy.users import create_user
from serving import Server, serve

ROOT = Path(__file__).resolve().parents[3]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "seven stars in one night"
WIDE, PHONE = (1440, 900), (390, 844)
expect.set_options(timeout=60_000)  # a deadline for what would hang, not a claim
LOOKS = [
    pytest.param((WIDE, False, "en-US"), id="1440-light-en"),
    pytest.param((WIDE, True, "fr-FR"), id="1440-dark-fr"),
    pytest.param((PHONE, False, "fr-FR"), id="390-light-fr"),
    pytest.param((PHONE, True, "en-US"), id="390-dark-en"),
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium. Where none is installed the tests are skipped, but never in CI."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium must be installed in CI: apt-get install chromium")
        pytest.skip("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own: people are added here, and sessions end."""
    with serve(tmp_path_factory.mktemp("house") / "home") as running:
        yield running


@pytest.fixture
def new_house(tmp_path: Path) -> Iterator[Server]:
    """A server where nobody has been yet."""
    with serve(tmp_path / "home") as running:
        yield running


def person(server: Server, email: str, *, role: str = "member", name: str = "", project: str = DEFAULT_PROJECT) -> str:
    """Somebody with a password, made as the operator makes them; their address. `project` "": in none."""
    db = open_database(f"sqlite:///{server.home / 'pleiade.db'}")
    try:
        user = create_user(db, email=email, name=name, actor=OPERATOR)
        for place in {"", project}:
            add_member(db, DEFAULT_ORGANISATION, user.id, role=role, project=place, actor=OPERATOR)
        set_password(db, user.id, PASSWORD, actor=OPERATOR)
    finally:
        db.dispose()
    return email


@dataclass
class Tab:
    """A page of one browser profile, and everything that a person would find in its console."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)  # errors and warnings of the console, scripts and policy
    elsewhere: list[str] = field(default_factory=list)  # requests that went to another host

    def go(self, path: str) -> None:
        """Open a path of the app."""
        self.page.goto(self.url + path)

    def sign_in(self, email: str, path: str = "/chat") -> None:
        """Through the page, as a person does."""
        self.go(path)
        self.page.get_by_label(re.compile("^(E-mail|Adresse e-mail)$")).fill(email)
        self.page.get_by_label(re.compile("^(Password|Mot de passe)$")).fill(PASSWORD)
        self.page.get_by_role("button", name=re.compile("^(Sign in|Se connecter)$")).click()
        self.page.wait_for_url(f"**{path}*")
        self.page.get_by_role("main").wait_for()

    def axe(self) -> list[str]:
        """What axe-core finds serious or worse, as readable lines."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())  # by the debugger: the page's own policy lets no script in
        found = self.page.evaluate("axe.run({resultTypes: ['violations']})")
        return [
            f"{one['id']}: {node['target']} {node['failureSummary']}"
            for one in found["violations"]
            if one["impact"] in ("serious", "critical")
            for node in one["nodes"]
        ]


@pytest.fixture
def open_tab(chromium: Browser, house: Server) -> Iterator[Callable[..., Tab]]:
    """Opens pages, each in a browser profile of its own (or in `context`); at the end nothing may have complained."""
    contexts: list[BrowserContext] = []
    tabs: list[Tab] = []

    def opened(
        *,
        size: tuple[int, int] = WIDE,
        dark: bool = False,
        language: str = "en-US",
        context: BrowserContext | None = None,
        server: Server = house,
    ) -> Tab:
        if context is None:
            context = chromium.new_context(
                viewport={"width": size[0], "height": size[1]},
                color_scheme="dark" if dark else "light",
                locale=language,
                reduced_motion="reduce",
                has_touch=size == PHONE,
            )
            context.set_default_timeout(60_000)  # a deadline for what would hang, not a claim
            contexts.append(context)
        tab = Tab(context.new_page(), server.url)
        tab.page.on("console", lambda said: said.type in ("error", "warning") and tab.complaints.append(said.text))
        tab.page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        tab.page.on(
            "request",
            lambda asked: (
                asked.url.startswith(("http:", "https:"))
                and not asked.url.startswith(server.url)
                and tab.elsewhere.append(asked.url)
            ),
        )
        tabs.append(tab)
        return tab

    yield opened
    for context in contexts:
        context.close()
    for tab in tabs:
        assert tab.elsewhere == [], "the app loads nothing from elsewhere"
        # A refusal that the app shows is in the browser's console too.
        assert [line for line in tab.complaints if "the server responded with a status of 4" not in line] == []


@pytest.fixture
def screenshot(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[Tab, str], None]:
    """Keeps a picture of a page, in PLEIADE_SCREENSHOTS if that names a folder."""
    folder = Path(os.environ.get("PLEIADE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)

    def keep(tab: Tab, name: str) -> None:
        tab.page.screenshot(path=folder / f"{name}.png")

    return keep


@dataclass
class Look:
    """A tab of one size, theme and language, in which every page that is kept has to be right."""

    name: str
    tab: Tab
    screenshot: Callable[[Tab, str], None]

    def keep(self, page: str) -> None:
        """What is shown now is quiet, accessible and no wider than its window; a picture of it is kept."""
        self.tab.page.locator("[aria-busy=true]").first.wait_for(state="detached")
        assert self.tab.axe() == [], page
        assert self.tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page
        self.screenshot(self.tab, f"{page}-{self.name}")


@pytest.fixture(params=LOOKS)
def look(
    request: pytest.FixtureRequest, open_tab: Callable[..., Tab], screenshot: Callable[[Tab, str], None]
) -> Callable[..., Look]:
    """Opens the tab of a look: a test that takes it runs once for each of LOOKS. Takes what `open_tab` takes."""
    size, dark, language = request.param

    def opened(**more: Any) -> Look:
        return Look(request.node.callspec.id, open_tab(size=size, dark=dark, language=language, **more), screenshot)

    return opened


@pytest.fixture(scope="session")
def enrol() -> Callable[..., str]:
    """Makes somebody an account on any server: `person`, above."""
    return person


@pytest.fixture(scope="session")
def member(house: Server) -> str:
    """Somebody who has an account; their address."""
    return person(house, "grace@example.org", role="developer", name="Grace")


@pytest.fixture(scope="session")
def newcomer(house: Server) -> str:
    """Somebody whom nobody has put into a project yet; their address."""
    return person(house, "nova@example.org", project="")
