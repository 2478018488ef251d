"""People, invitations and projects by hand, in the Console; the invited join by their link in another browser."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from serving import Server

PASSWORD = "a lantern over the harbour"


@pytest.fixture(scope="module")
def owner(house: Server, enrol: Callable[..., str]) -> str:
    """An owner; their address."""
    return enrol(house, "host@example.org", role="owner", name="Host")


def act(page: Any, name: str, what: str) -> None:
    """Choose what to do with the row of that name."""
    page.get_by_role("button", name=f"Actions for {name}").click()
    page.get_by_role("menuitem", name=what).click()


def invite(page: Any, email: str, role: str) -> str:
    """Invite somebody by the form; the link that is shown."""
    page.get_by_role("button", name="Invite", exact=True).click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("combobox", name="Role").select_option(role)
    page.get_by_role("button", name="Make the link").click()
    link: str = page.get_by_role("dialog").locator("code").inner_text()
    page.get_by_role("button", name="I have passed it on").click()
    expect(page.get_by_text(link)).to_have_count(0)
    return link


def test_the_invited_join_by_the_link_get_another_role_and_leave(open_tab: Callable[..., Any], owner: str) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(owner, "/console/users")
    link = invite(page, "ida@example.org", "member")
    assert re.fullmatch(re.escape(tab.url) + r"/join#[\w-]{20,}", link)
    page.get_by_role("button", name="Invitations").click()
    expect(page.get_by_role("row").filter(has_text="ida@example.org")).to_be_visible()

    guest = open_tab()
    guest.page.goto(link)
    guest.page.get_by_label("Name").fill("Ida")
    guest.page.get_by_label("Password").fill(PASSWORD)
    guest.page.get_by_role("button", name="Start").click()
    guest.page.wait_for_url("**/chat*")

    tab.go("/console/users?show=invites")
    expect(page.get_by_role("heading", name="Nobody is waiting")).to_be_visible()
    page.get_by_role("button", name="People").click()
    row = page.get_by_role("row").filter(has_text="ida@example.org")
    expect(row).to_contain_text("Member")
    act(page, "Ida", "Change role")
    page.get_by_role("combobox", name="Role").select_option("viewer")
    expect(page.get_by_text("never changes nor spends anything")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Change role").click()
    expect(row).to_contain_text("Viewer")
    act(page, "Ida", "Remove")
    expect(page.get_by_role("dialog")).to_contain_text("their keys are revoked")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    asked = "fetch('/auth/me').then(answer => answer.status)"
    for _ in range(100):
        if guest.page.evaluate(asked) != 200:
            break
        page.wait_for_timeout(100)
    assert guest.page.evaluate(asked) == 401


def test_an_invitation_is_taken_back_and_its_link_opens_nothing(open_tab: Callable[..., Any], owner: str) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(owner, "/console/users")
    tab.go("/console/users?show=invites")
    link = invite(page, "late@example.org", "developer")
    row = page.get_by_role("row").filter(has_text="late@example.org")
    row.get_by_role("button", name="Take back").click()
    page.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(row).to_have_count(0)
    guest = open_tab()
    guest.page.goto(link)
    expect(guest.page.get_by_role("heading", name="This invitation cannot be used")).to_be_visible()


def test_refusals_are_told_in_the_servers_words(open_tab: Callable[..., Any], new_house: Server, enrol: Any) -> None:
    """The last owner stays one, and who is here is not invited; both times the form is still there."""
    email = enrol(new_house, "only@example.org", role="owner", name="Only")
    tab = open_tab(server=new_house)
    page = tab.page
    tab.sign_in(email, "/console/users")
    act(page, "Only", "Change role")
    page.get_by_role("combobox", name="Role").select_option("member")
    page.get_by_role("dialog").get_by_role("button", name="Change role").click()
    expect(page.get_by_role("alert")).to_contain_text("make somebody else an owner first")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Invite", exact=True).click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("alert")).to_contain_text("is a member already")
    page.get_by_label("E-mail").fill("another@example.org")
    page.get_by_role("button", name="Make the link").click()
    expect(page.get_by_role("dialog").locator("code")).to_contain_text("/join#")


def test_an_administrator_does_not_unseat_an_owner(
    open_tab: Callable[..., Any], house: Server, owner: str, enrol: Callable[..., str]
) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(enrol(house, "second@example.org", role="admin", name="Second"), "/console/users")
    act(page, "Host", "Remove")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_role("alert")).to_contain_text("Only a owner may do this")
    page.get_by_role("button", name="Cancel").click()
    act(page, "Second", "Change role")
    assert page.get_by_role("combobox", name="Role").locator("option[value=owner]").is_disabled()


def test_a_project_is_made_peopled_renamed_and_archived(
    open_tab: Callable[..., Any], house: Server, owner: str, enrol: Callable[..., str]
) -> None:
    tab = open_tab()
    page = tab.page
    email = enrol(house, "crew@example.org", role="member", name="Crew")
    tab.sign_in(owner, "/console/users")
    tab.go("/console/users?show=projects")
    page.get_by_role("button", name="New project").click()
    page.get_by_label("Name").fill("Web shop")
    page.get_by_role("button", name="Make the project").click()
    page.get_by_role("link", name="Web shop").click()
    expect(page.get_by_role("heading", name="Nobody is here yet")).to_be_visible()
    page.get_by_role("button", name="Add somebody").click()
    page.get_by_label("E-mail").fill("nobody-knows@example.org")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("invite them first")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Add", exact=True).click()
    row = page.get_by_role("row").filter(has_text=email)
    act(page, "Crew", "Change role")
    page.get_by_role("combobox", name="Role").select_option("developer")
    page.get_by_role("dialog").get_by_role("button", name="Change role").click()
    expect(row).to_contain_text("Developer")
    act(page, "Crew", "Remove")
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)
    page.get_by_role("link", name="Projects").click()
    act(page, "Web shop", "Rename")
    page.get_by_role("textbox", name="Name").fill("Shop")
    page.get_by_role("dialog").get_by_role("button", name="Rename").click()
    expect(page.get_by_role("link", name="Shop", exact=True)).to_be_visible()
    act(page, "Shop", "Archive")
    sure = page.get_by_role("dialog").get_by_role("button", name="Archive")
    expect(sure).to_be_disabled()
    page.get_by_label("Type Shop to be sure").fill("Shop")
    sure.click()
    expect(page.get_by_role("link", name="Shop", exact=True)).to_have_count(0)


@pytest.mark.parametrize("role", ["viewer", "developer"])
def test_who_does_not_administer_is_told_kindly(
    house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str], role: str
) -> None:
    tab = open_tab()
    tab.sign_in(enrol(house, f"{role}-users@example.org", role=role), "/console/users")
    expect(tab.page.get_by_role("heading", name=re.compile("not for your role"))).to_be_visible()
    expect(tab.page.get_by_role("link", name="Users")).to_have_count(0)
    assert tab.page.evaluate("fetch('/v1/organization/users').then(answer => answer.status)") in (401, 403)


def test_it_looks_right_and_axe_finds_nothing(look: Callable[..., Any], owner: str) -> None:
    seen = look()
    tab, page = seen.tab, seen.tab.page
    tab.sign_in(owner, "/console/users")
    for part in ("people", "invites", "projects"):
        tab.go(f"/console/users?show={'' if part == 'people' else part}")
        page.get_by_role("button", name=re.compile("^(Invite|Inviter|New project|Nouveau projet)$")).wait_for()
        seen.keep(f"users-{part}")
    tab.go("/console/users/default")
    page.get_by_role("row").nth(1).wait_for()
    seen.keep("users-project")
    tab.go("/console/users")
    page.get_by_role("button", name=re.compile("^(Invite|Inviter)$")).click()
    page.get_by_role("dialog").get_by_role("checkbox").first.wait_for()
    seen.keep("users-invite")
