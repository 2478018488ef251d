"""Doctor and Settings in the Console: what is wrong, what is set, changed by owners; people's data goes for good."""

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from serving import Server

pytestmark = pytest.mark.timeout(600)  # a server begins within the first test's time, and the doctor reads all weights


@pytest.fixture(scope="module")
def landlady(house: Server, enrol: Callable[..., str]) -> str:
    """An owner; her address."""
    enrol(house, "lodger@example.org", name="Lodger")
    return enrol(house, "landlady@example.org", role="owner", name="Landlady")


def test_the_doctor_says_what_to_do_and_gives_diagnostics(
    house: Server, open_tab: Callable[..., Any], landlady: str
) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(landlady, "/console/doctor")
    expect(page.get_by_text("What to do: see Backups in docs/operate.md")).to_be_visible()
    expect(page.get_by_text(str(house.home), exact=True)).to_be_visible()
    with page.expect_download() as saved:
        page.get_by_role("link", name="Diagnostics").click()
    with zipfile.ZipFile(io.BytesIO(Path(saved.value.path()).read_bytes())) as archive:
        names, everything = archive.namelist(), b"".join(archive.read(name) for name in archive.namelist())
    assert {"findings.json", "MANIFEST.json", "logs/gateway-1.log"} <= set(names)
    assert house.key.encode() not in everything


def test_an_owner_changes_a_setting_and_takes_it_back(
    open_tab: Callable[..., Any], house: Server, landlady: str, enrol: Callable[..., str]
) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(landlady, "/console/settings")
    row = page.get_by_role("row").filter(has_text="PLEIADE_LOG_LEVEL")
    expect(page.get_by_role("row").filter(has_text="PLEIADE_PORT")).to_contain_text("option of pleiade up")
    expect(row).to_contain_text("default")
    page.get_by_label("What logs tell").select_option("warning")
    page.get_by_role("button", name="Save changes").click()
    expect(row).to_contain_text("changed here")
    page.get_by_label("Days that calls are kept").fill("9999")
    page.get_by_label("Days that calls are kept").evaluate("field => field.form.noValidate = true")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("alert")).to_contain_text("between 1 and 3650")
    page.get_by_role("button", name="As it was started").click()
    expect(row).to_contain_text("default")

    other = open_tab()
    other.sign_in(enrol(house, "caretaker@example.org", role="admin"), "/console/settings")
    expect(other.page.get_by_text("Only owners change these.")).to_be_visible()
    expect(other.page.get_by_role("button", name="Save changes")).to_have_count(0)


def test_everything_of_a_person_is_downloaded_and_erased(
    open_tab: Callable[..., Any], house: Server, landlady: str, enrol: Callable[..., str]
) -> None:
    email = enrol(house, "tenant@example.org", name="Tenant")
    tab = open_tab()
    page = tab.page
    tab.sign_in(landlady, "/console/users")
    page.get_by_role("button", name="Actions for Tenant").click()
    with page.expect_download() as saved:
        page.get_by_role("menuitem", name="Download all data").click()
    with zipfile.ZipFile(io.BytesIO(Path(saved.value.path()).read_bytes())) as archive:
        assert email.encode() in archive.read("account.jsonl")
    page.get_by_role("button", name="Actions for Tenant").click()
    page.get_by_role("menuitem", name="Erase all data").click()
    sure = page.get_by_role("dialog").get_by_role("button", name="Erase for good")
    expect(sure).to_be_disabled()
    page.get_by_label(f"Type {email} to be sure").fill(email)
    sure.click()
    expect(page.get_by_role("row").filter(has_text=email)).to_have_count(0)


@pytest.mark.parametrize("page", ["doctor", "settings"])
def test_a_developer_is_told_kindly(
    house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str], page: str
) -> None:
    tab = open_tab()
    tab.sign_in(enrol(house, f"{page}-developer@example.org", role="developer"), f"/console/{page}")
    expect(tab.page.get_by_role("heading", name=re.compile("not for your role"))).to_be_visible()
    assert tab.page.evaluate(f"fetch('/v1/organization/{page}').then(answer => answer.status)") in (401, 403)


def test_every_page_is_readable_in_each_look(look: Callable[..., Any], landlady: str) -> None:
    seen = look()
    page = seen.tab.page
    seen.tab.sign_in(landlady, "/console/settings")
    page.get_by_role("row").filter(has_text="PLEIADE_PORT").wait_for(state="attached")
    seen.keep("settings")
    seen.tab.go("/console/doctor")
    page.locator("main ul li").first.wait_for()
    seen.keep("doctor")
    seen.tab.go("/console/users")
    page.get_by_role("button", name=re.compile("^(Actions for|Actes pour) Lodger$")).click()
    page.get_by_role("menuitem", name=re.compile("^(Erase all|Effacer toutes)")).click()
    page.get_by_role("dialog").wait_for()
    seen.keep("users-erase")
