"""Somebody who opens the link that `pleiade up` printed: in, a first answer, a first picture."""

import re
import time

from playwright.sync_api import Page

PASSWORD = "a sentence that I know by heart"
LINK = re.compile(r"Web app +(http\S+/join#\S+)")


def join(page: Page) -> None:
    """Give the three things that the page behind the link asks for."""
    page.get_by_label("E-mail").fill("ada@example.org")
    page.get_by_label("Name").fill("Ada")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/chat")


def first_answer(page: Page) -> str:
    """Ask the one model there is, in Chat; what it says."""
    box = page.get_by_role("textbox", name=re.compile("^Ask anything"))
    box.fill("Hello! Who are you?")
    box.press("Enter")
    answer = page.locator("[data-answer][aria-busy=false]")
    answer.wait_for()
    return answer.inner_text()


def first_picture(page: Page) -> None:
    """Go to Images, say what shall be seen, and wait until a picture of it is there."""
    page.get_by_role("link", name="Images", exact=True).first.click()
    box = page.get_by_role("textbox", name=re.compile("^Describe"))
    box.fill("a red apple")
    box.press("Enter")
    page.get_by_role("list", name="Pictures of this request").get_by_role("link").first.wait_for()


def first_minute(page: Page, link: str) -> tuple[float, float]:
    """Seconds from the opening of the link until the first answer is whole, and until the first picture is there."""
    began = time.perf_counter()
    page.goto(link)
    join(page)
    first_answer(page)
    answered = time.perf_counter() - began
    first_picture(page)
    return answered, time.perf_counter() - began
