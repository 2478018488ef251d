"""Keys by hand, in the Console: made, shown once, given new secrets, revoked; each role sees what it may."""

import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import expect

from serving import Server


@pytest.fixture(scope="module")
def admin(house: Server, enrol: Callable[..., str]) -> str:
    """An administrator; their address."""
    return enrol(house, "keeper@example.org", role="admin")


def status_with(server: Server, secret: str) -> int:
    """What the server says to whoever shows `secret`."""
    headers = {"authorization": f"Bearer {secret}"}
    return httpx.get(f"{server.url}/v1/models", headers=headers, trust_env=False).status_code


@pytest.mark.parametrize("kind", ["", "admin"])
def test_a_key_is_made_shown_once_and_revoked(
    house: Server, open_tab: Callable[..., Any], admin: str, kind: str
) -> None:
    tab = open_tab()
    page, name = tab.page, f"laptop {kind}".strip()
    tab.sign_in(admin, "/console/keys")
    tab.go(f"/console/keys?kind={kind}")
    page.get_by_role("button", name="New key").first.click()
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Make the key").click()
    secret = page.get_by_role("dialog").locator("code").inner_text()
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_text(secret)).to_have_count(0)
    row = page.get_by_role("row").filter(has_text=name)
    expect(row).to_be_visible()
    for _ in range(100):
        if status_with(house, secret) == 200:
            break
        page.wait_for_timeout(100)
    assert status_with(house, secret) == 200
    if not kind:
        row.get_by_role("button", name="New secret").click()
        page.get_by_label("The old secret opens for").select_option("0")
        page.get_by_role("dialog").get_by_role("button", name="New secret").click()
        fresh = page.get_by_role("dialog").locator("code").inner_text()
        assert fresh != secret
        page.get_by_role("button", name="I have kept it").click()
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)
    for _ in range(100):
        if status_with(house, secret) == 401:
            break
        page.wait_for_timeout(100)
    assert status_with(house, secret) == 401


def test_a_developer_makes_keys_for_programs_and_a_viewer_is_told_kindly(
    house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str]
) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(enrol(house, "dev-keys@example.org", role="developer"), "/console/keys")
    page.get_by_role("button", name="New key").first.click()
    page.get_by_label("Name").fill("website")
    page.get_by_label("Owner").select_option("account")
    page.get_by_role("button", name="Make the key").click()
    page.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_role("row").filter(has_text="website")).to_be_visible()
    expect(page.get_by_role("button", name="Administration")).to_have_count(0)
    tab = open_tab()
    tab.sign_in(enrol(house, "viewer-keys@example.org", role="viewer"), "/console/keys")
    expect(tab.page.get_by_role("heading", name=re.compile("not for your role"))).to_be_visible()
    expect(tab.page.get_by_role("link", name="Keys")).to_have_count(0)
    path = "/v1/organization/projects/default/api_keys"
    assert tab.page.evaluate(f"fetch('{path}').then(answer => answer.status)") in (401, 403)


def test_it_looks_right_and_axe_finds_nothing(look: Callable[..., Any], admin: str) -> None:
    seen = look()
    page = seen.tab.page
    seen.tab.sign_in(admin, "/console/keys")
    page.get_by_role("button", name=re.compile("^(New key|Nouvelle clé)$")).first.wait_for()
    seen.keep("keys")
    page.get_by_role("button", name=re.compile("^(New key|Nouvelle clé)$")).first.click()
    page.get_by_role("dialog").wait_for()
    seen.keep("keys-new")
