"""Deployments by hand, in the Console: made, shared, drained, rolled back, deleted; and who may not is told kindly."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from serving import CHAT, Server, serve


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose deployments are worked on."""
    with serve(tmp_path_factory.mktemp("plant") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def admin(plant: Server, enrol: Callable[..., str]) -> str:
    """An administrator of the house; their address."""
    return enrol(plant, "marie@example.org", role="admin")


def test_a_deployment_is_made_shared_drained_rolled_back_and_deleted(
    plant: Server, open_tab: Callable[..., Any], admin: str
) -> None:
    tab = open_tab(server=plant)
    page = tab.page
    tab.sign_in(admin, "/console/deployments")
    page.get_by_role("button", name="New deployment").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Model").select_option("pleiade-pico")
    dialog.get_by_label("Name", exact=True).fill("two words")
    expect(dialog.get_by_text("Letters, digits")).to_be_visible()
    dialog.get_by_label("Name", exact=True).fill("chat-next")
    dialog.get_by_label("Aliases").fill("gpt-4o-mini, gpt-4o")
    dialog.get_by_label("Capacity").fill("60")
    expect(dialog.get_by_text(re.compile("About .* of memory"))).to_be_visible()
    dialog.get_by_role("button", name="Deploy", exact=True).click()
    expect(page.get_by_role("heading", name="chat-next")).to_be_visible()
    expect(page.get_by_text("gpt-4o-mini, gpt-4o")).to_be_visible()
    expect(page.get_by_text("60,000")).to_be_visible()
    expect(page.get_by_text("ready", exact=True)).to_be_visible(timeout=120_000)

    tab.go(f"/console/deployments/{CHAT}")
    page.get_by_label("Who takes a share").select_option("chat-next")
    page.get_by_label("Percent").fill("100")
    page.get_by_role("button", name="Share calls").click()
    expect(page.get_by_role("button", name="End it")).to_be_visible()
    page.get_by_role("button", name="Drain").click()
    expect(page.get_by_text("new calls go to chat-next")).to_be_visible()
    page.get_by_role("button", name="Undo").last.click()
    expect(page.get_by_role("button", name="Drain")).to_be_visible()
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_role("button", name="End it")).to_have_count(0)

    tab.go("/console/deployments/chat-next")
    page.get_by_label("max_batch").fill("8")
    page.get_by_role("button", name="Save changes").click()
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_text("· v3")).to_be_visible()
    page.get_by_role("button", name="Delete", exact=True).click()
    sure = page.get_by_role("dialog").get_by_role("button", name="Delete", exact=True)
    expect(sure).to_be_disabled()
    page.get_by_label("Type chat-next to confirm").fill("chat-next")
    sure.click()
    expect(page.get_by_role("link", name=CHAT)).to_be_visible()
    expect(page.get_by_role("link", name="chat-next")).to_have_count(0)


@pytest.mark.parametrize("role", ["viewer", "member", "developer"])
def test_who_does_not_administer_is_told_kindly(
    plant: Server, open_tab: Callable[..., Any], enrol: Callable[..., str], role: str
) -> None:
    tab = open_tab(server=plant)
    tab.sign_in(enrol(plant, f"{role}@example.org", role=role), "/console/deployments")
    expect(tab.page.get_by_role("heading", name=re.compile("not for your role", re.IGNORECASE))).to_be_visible()
    expect(tab.page.get_by_role("link", name="Deployments")).to_have_count(0)
    assert tab.page.evaluate("fetch('/v1/organization/deployments').then(answer => answer.status)") in (401, 403)


def test_it_looks_right_and_axe_finds_nothing(plant: Server, look: Callable[..., Any], admin: str) -> None:
    seen = look(server=plant)
    tab, page = seen.tab, seen.tab.page
    tab.sign_in(admin, "/console/deployments")
    page.get_by_role("link", name=CHAT).wait_for()
    seen.keep("deployments")
    page.get_by_role("button", name=re.compile("^(New deployment|Nouveau déploiement)$")).click()
    page.get_by_role("dialog").get_by_label(re.compile("^(Model|Modèle)$")).select_option("pleiade-pico")
    page.get_by_text(re.compile("(About|Environ) .* (of memory|de mémoire)")).wait_for()
    seen.keep("deployments-new")
    tab.go(f"/console/deployments/{CHAT}")
    page.get_by_role("button", name=re.compile("^(Save changes|Enregistrer)$")).wait_for()
    seen.keep("deployment")
