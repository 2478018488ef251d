"""What a deployment's filter found, as the reader of an answer is told: in its footer, at its end, in its story."""

from collections.abc import Iterator
from typing import Any

import pytest
from answers import ConversingEngine
from playwright.sync_api import expect
from scripted_gateway import endpoint
from stage import Stage, serve_endpoints

from pleiade.domain.policy import Blocklist, FilterPolicy, Screen

OFF = Screen(hate="off", sexual="off", violence="off", self_harm="off")
POLICY = FilterPolicy(
    prompt=OFF, output=OFF, window=40, blocklists=(Blocklist(name="colours", terms=("violet", "mauve")),)
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The app over one deployment, which filters."""
    home = tmp_path_factory.mktemp("filtering") / "home"
    with ConversingEngine() as engine:
        careful = endpoint(engine, aliases=(), context_length=32_768, policy=POLICY)
        with serve_endpoints(home, engine, (careful,)) as running:
            yield running


def test_an_answer_that_passed_says_so_in_its_footer_and_in_its_story(reader: Any) -> None:
    reader.ask("Tell me a half story")
    footer = reader.answers.last.locator("[data-run]")
    expect(footer).to_contain_text("filter: nothing found")
    footer.click()
    for looked_at in ("Filter, question", "Filter, answer"):
        expect(reader.page.get_by_role("term").filter(has_text=looked_at)).to_be_visible()


def test_an_answer_that_the_filter_ended_says_by_what_and_never_shows_it(reader: Any) -> None:
    reader.ask("Tell me about the rainbow")
    answer = reader.answers.last
    expect(answer).to_contain_text("The content filter ended this answer: words of colours.")
    expect(answer).to_contain_text("What a rainbow is")
    expect(answer).not_to_contain_text("violet")
    expect(answer.locator("[data-run]")).to_contain_text("filter: words of colours")
    expect(answer.get_by_role("button", name="Try again")).to_be_visible()
    reader.page.reload()
    expect(reader.answers.last).to_contain_text("The content filter ended this answer: words of colours.")


def test_a_question_that_the_filter_refuses_says_why_under_it(reader: Any) -> None:
    reader.ask("Is mauve a colour?", wait=False)
    expect(reader.page.get_by_text("refused by this deployment's content filter")).to_be_visible()
