"""Lessons of use in the Console: what would be learned, both models side by side, and the decision."""

import time
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from playwright.sync_api import expect

from pleiade.domain import DEFAULT_ORGANISATION, DEFAULT_PROJECT
from pleiade.lessons import records
from pleiade.lessons.nouns import Lesson, LessonData, LessonPlan, LessonSide, State, Stored
from pleiade.store import open_database, unit_of_work
from serving import Server

LEARNED = LessonData(
    examples=40,
    held_back=10,
    left_out={"no consent": 3, "said twice": 1},
    redacted={"email": 2},
    feedback_ids=(),
    training_file="file-of-training",
    gate_file="file-of-the-gate",
)
SERVES = LessonSide(
    deployment="pupil",
    model="pleiade-chat",
    gate=0.52,
    graded=10,
    flagged=0,
    up=9,
    down=6,
    down_low=0.2,
    down_high=0.64,
)
MIGHT = msgspec.structs.replace(
    SERVES, model="ft:pleiade-chat::1", gate=0.71, up=19, down=1, down_low=0.01, down_high=0.24
)


def learning(house: Server, deployment: str, state: State = "waiting", **more: Any) -> str:
    """A lesson that has come so far; its id."""
    lesson = Lesson(
        id=f"lesson_{deployment}",
        created_at=int(time.time()),
        project_id=DEFAULT_PROJECT,
        deployment=deployment,
        kind="preference",
        state=state,
        reason="It has its 20 ratings and is not clearly worse: promote it, or roll it back.",
        percent=20,
        margin=0.02,
        ratings=20,
        data=LEARNED,
        incumbent=SERVES,
        candidate=MIGHT,
        **more,
    )
    db = open_database(f"sqlite:///{house.home / 'pleiade.db'}")
    try:
        with unit_of_work(db) as connection:
            records.insert(
                connection, Stored(lesson=lesson, plan=LessonPlan(principal={}), organisation=DEFAULT_ORGANISATION)
            )
    finally:
        db.dispose()
    return lesson.id


def test_both_models_are_compared_and_the_candidate_is_taken_away(
    house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str]
) -> None:
    learning(house, "pupil-of-one")
    tab = open_tab()
    page = tab.page
    tab.sign_in(enrol(house, "teacher@lessons.example", role="admin"), "/console/lessons")
    page.get_by_role("link", name="pupil-of-one").click()
    both = page.get_by_role("table", name="Both models")
    expect(both.get_by_text("71% of 10")).to_be_visible()
    expect(both.get_by_text("5% [1% – 24%]")).to_be_visible()
    expect(page.get_by_text("left out: no consent")).to_be_visible()
    expect(page.get_by_role("button", name="Promote")).to_be_visible()
    page.get_by_role("button", name="Roll back").click()
    question = page.get_by_role("dialog", name="Take the candidate of pupil-of-one away?")
    expect(question).to_contain_text("ft:pleiade-chat::1 answers nobody any more")
    question.get_by_role("button", name="Roll back").click()
    expect(question).to_have_count(0)
    expect(page.get_by_text("Somebody rolled it back.")).to_be_visible()


def test_what_would_be_learned_is_told_before_anything_begins(
    house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str]
) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(enrol(house, "beginner@lessons.example", role="admin"), "/console/lessons")
    page.get_by_role("button", name="New lesson").click()
    form = page.get_by_role("dialog", name="Learn from what people thought")
    form.get_by_label("Deployment").select_option("pleiade-chat")
    expect(form.get_by_text("0 examples to learn from")).to_be_visible()
    expect(form.get_by_text("A lesson needs 8 at least.")).to_be_visible()
    expect(form.get_by_role("button", name="Begin")).to_be_disabled()


def test_a_developer_is_told_that_lessons_are_the_administrators(
    house: Server, open_tab: Callable[..., Any], enrol: Callable[..., str]
) -> None:
    tab = open_tab()
    tab.sign_in(enrol(house, "developer@lessons.example", role="developer"), "/console/lessons")
    expect(tab.page.get_by_text("admin").first).to_be_visible()
    expect(tab.page.get_by_role("table")).to_have_count(0)


@pytest.fixture(scope="module")
def seen_lesson(house: Server) -> str:
    """A lesson to look at."""
    return learning(house, "pupil-of-many")


def test_every_page_is_readable_in_each_look(
    house: Server, look: Callable[..., Any], enrol: Callable[..., str], seen_lesson: str
) -> None:
    seen = look()
    page = seen.tab.page
    seen.tab.sign_in(enrol(house, f"looker-{seen.name}@lessons.example", role="admin"), "/console/lessons")
    page.get_by_role("link", name="pupil-of-many").wait_for()
    seen.keep("lessons")
    page.goto(f"{house.url}/console/lessons/{seen_lesson}")
    page.get_by_role("table").wait_for()
    seen.keep("lesson")
