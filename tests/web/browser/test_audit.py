"""The audit log in the Console: who did what, narrowed by its address; not for everybody."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from serving import Server


def test_acts_are_listed_and_narrowed(
    new_house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str], screenshot: Callable[..., None]
) -> None:
    tab = open_tab(server=new_house)  # what others did in a shared house would stand in its log
    page = tab.page
    tab.sign_in(enrol(new_house, "auditor@example.org", role="admin"), "/console/audit")
    expect(page.get_by_role("cell", name="user.added").first).to_be_visible()
    assert tab.axe() == []
    screenshot(tab, "audit-1440-light-en")
    page.get_by_label("Act").select_option("login.succeeded")
    expect(page.get_by_role("cell", name="login.succeeded").first).to_be_visible()
    expect(page.get_by_role("cell", name="user.added")).to_have_count(0)
    assert "type=login.succeeded" in page.url
    page.get_by_label("Act").select_option("")
    page.get_by_label("Who").select_option(label="auditor")
    expect(page.get_by_role("cell", name="login.succeeded").first).to_be_visible()
    expect(page.get_by_role("cell", name="user.added")).to_have_count(0)
    page.get_by_label("Who").select_option("")
    page.get_by_label("Until").fill("2020-01-01")
    expect(page.get_by_role("heading", name="No such acts")).to_be_visible()
    page.get_by_label("Until").fill("")
    page.get_by_label("Since").fill("2020-01-01")
    expect(page.get_by_role("cell", name="user.added").first).to_be_visible()
    page.get_by_label("Act").select_option("project.created")
    expect(page.get_by_role("heading", name="No such acts")).to_be_visible()


def test_a_phone_in_french_and_the_dark(
    house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str], screenshot: Callable[..., None]
) -> None:
    tab = open_tab(size=(390, 844), dark=True, language="fr-FR")
    tab.sign_in(enrol(house, "auditrice@example.org", role="owner"), "/console/audit")
    expect(tab.page.get_by_role("heading", name="Journal d’audit")).to_be_visible()
    tab.page.get_by_role("cell", name="user.added").first.wait_for()
    assert tab.axe() == []
    assert tab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    screenshot(tab, "audit-390-dark-fr")


@pytest.mark.parametrize("role", ["viewer", "developer"])
def test_who_does_not_administer_is_told_kindly(
    house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str], role: str
) -> None:
    tab = open_tab()
    tab.sign_in(enrol(house, f"{role}-audit@example.org", role=role), "/console/audit")
    expect(tab.page.get_by_role("heading", name=re.compile("not for your role"))).to_be_visible()
    assert tab.page.evaluate("fetch('/v1/organization/audit_logs').then(answer => answer.status)") in (401, 403)
