"""Every screen of Images, both languages, themes and widths: axe finds nothing serious, a picture is kept of each."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from stage import PASSWORD, Stage

AXE = Path(__file__).resolve().parents[4] / "web" / "node_modules" / "axe-core" / "axe.min.js"
LOOKS = [
    pytest.param((1440, 900), False, "en-US", id="1440-light"),
    pytest.param((390, 844), True, "fr-FR", id="390-dark"),
]


@pytest.fixture
def screen(chromium: Browser, studio: Stage, size: Any, dark: bool, language: str) -> Iterator[Page]:
    """A page of somebody who has just signed in."""
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        locale=language,
        reduced_motion="reduce",
        has_touch=size[0] < 500,
    )
    context.set_default_timeout(60_000)  # a deadline for what would hang, not a claim
    page = context.new_page()
    page.goto(f"{studio.url}/images")
    page.get_by_label(re.compile("^(E-mail|Adresse e-mail)$")).fill(studio.person(f"{language}@example.org", "Ada"))
    page.get_by_label(re.compile("^(Password|Mot de passe)$")).fill(PASSWORD)
    page.get_by_role("button", name=re.compile("^(Sign in|Se connecter)$")).click()
    page.get_by_role("textbox", name=re.compile("Describe|Décrivez")).wait_for()
    yield page
    context.close()


@pytest.mark.parametrize(("size", "dark", "language"), LOOKS)
def test_every_screen_is_accessible_and_kept(screen: Page, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    folder = Path(os.environ.get("PLEIADE_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    look = request.node.callspec.id
    found: list[str] = []

    def keep(name: str) -> None:
        screen.screenshot(path=folder / f"images-{name}-{look}.png")
        if not screen.evaluate("'axe' in window"):
            screen.evaluate(AXE.read_text())
        for one in screen.evaluate("axe.run({resultTypes: ['violations']})")["violations"]:
            if one["impact"] in ("serious", "critical"):
                found.extend(f"{name}: {one['id']}: {node['target']}" for node in one["nodes"])
        assert screen.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name}: nothing stands out"

    keep("start")
    box = screen.get_by_role("textbox", name=re.compile("Describe|Décrivez"))
    box.fill("forbidden")
    screen.get_by_role("button", name=re.compile("^(Draw|Dessiner)$")).click()
    screen.get_by_role("alert").wait_for()
    keep("refused")
    box.fill("a red ball")
    screen.get_by_role("button", name=re.compile("^(Draw|Dessiner)$")).click()
    made = screen.get_by_role("list", name=re.compile("Pictures of this|Images de cette")).get_by_role("link")
    made.nth(3).wait_for()
    keep("made")
    made.first.click()
    screen.get_by_role("application").locator("canvas").first.wait_for()
    keep("picture")
    screen.get_by_role("button", name=re.compile("^(Mask|Masque)$")).click()
    screen.get_by_role("button", name=re.compile("^(Invert|Inverser)")).click()
    keep("mask")
    screen.get_by_role("button", name=re.compile("^(Enlarge|Agrandir)$")).first.click()
    screen.get_by_role("button", name=re.compile("^(Square|Carré|All around|Tout autour)$")).last.click()
    keep("frame")
    screen.get_by_role("button", name=re.compile("^(Details|Détails)$")).click()
    screen.get_by_role("tabpanel").wait_for()
    keep("details")
    screen.goto(screen.url.partition("/images")[0] + "/images/gallery")
    screen.get_by_role("list", name=re.compile("Gallery|Galerie")).get_by_role("link").nth(3).wait_for()
    keep("gallery")
    assert found == []
