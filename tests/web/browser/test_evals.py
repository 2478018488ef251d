"""Evals in the Console: their runs beside each other, and each row with what was asked, answered and graded."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from serving import Server, wait_for

SAYS = {
    "type": "string_check",
    "name": "names itself",
    "input": "{{sample.output_text}}",
    "reference": "Pleiade",
    "operation": "like",
}
CUSTOM = {"type": "custom", "item_schema": {"type": "object"}, "include_sample_schema": True}


def graded(house: Server, name: str) -> str:
    """An eval with a run over two answers, one of which passes; its id."""
    criteria = {"name": name, "data_source_config": CUSTOM, "testing_criteria": [SAYS]}
    made = house.post("/v1/evals", criteria).json()["id"]
    rows = [{"item": {"ask": "Who are you?"}, "sample": {"output_text": text}} for text in ("I am Pleiade.", "Nobody.")]
    source = {"type": "jsonl", "source": {"type": "file_content", "content": rows}}
    run = house.post(f"/v1/evals/{made}/runs", {"name": "as they stand", "data_source": source}).json()["id"]
    wait_for(lambda: house.get(f"/v1/evals/{made}/runs/{run}").json()["status"] == "completed", 120, "it is graded")
    return str(made)


def test_runs_and_rows_are_read_and_narrowed(
    house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str]
) -> None:
    made = graded(house, "Names")
    tab = open_tab()
    page = tab.page
    tab.sign_in(enrol(house, "evaluator@example.org", role="admin"), "/console/evals")
    page.get_by_role("link", name="Names", exact=True).first.click()
    expect(page.get_by_role("heading", name="Names")).to_be_visible()
    page.get_by_role("button", name="as they stand").click()
    expect(page.get_by_text("50%")).to_be_visible()
    rows = page.get_by_role("table", name="Rows of as they stand")
    expect(rows.get_by_role("cell", name="passes")).to_have_count(1)
    expect(rows.get_by_text("Nobody.")).to_be_visible()
    page.get_by_label("Outcome").select_option("pass")
    expect(rows.get_by_text("I am Pleiade.")).to_be_visible()
    expect(rows.get_by_text("Nobody.")).to_have_count(0)
    assert f"/console/evals/{made}?" in page.url
    assert "rows=pass" in page.url


def test_every_page_is_readable_in_each_look(
    house: Server, look: Callable[..., Any], enrol: Callable[..., str], once: str
) -> None:
    seen = look()
    page = seen.tab.page
    seen.tab.sign_in(enrol(house, f"looker-{seen.name}@evals.example", role="admin"), "/console/evals")
    page.get_by_role("table").wait_for()
    seen.keep("evals")
    seen.tab.page.goto(f"{house.url}/console/evals/{once}")
    page.get_by_role("button", name="as they stand").click()
    page.get_by_role("table").nth(1).wait_for()
    seen.keep("eval")


@pytest.fixture(scope="module")
def once(house: Server) -> str:
    """An eval to look at."""
    return graded(house, "Looks")
