"""The steps of a lesson on both databases, each broken off once before its last word and done again."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from records import a_run, ship

from pleiade.domain import OPERATOR, Model, ModelFormat, ModelKind, Principal, Role, Traffic
from pleiade.evals import records as evals
from pleiade.evals.nouns import EvalItem
from pleiade.feedback.giving import give
from pleiade.files.contents import Contents
from pleiade.files.errors import InvalidError
from pleiade.finetuning import records as jobs
from pleiade.finetuning.house import House
from pleiade.finetuning.nouns import JobError
from pleiade.jobs.bench import Bench
from pleiade.lessons import records
from pleiade.lessons.decided import decide
from pleiade.lessons.gate import REJECTED, WISHED
from pleiade.lessons.job import advance
from pleiade.lessons.nouns import Lesson
from pleiade.lessons.starting import Asked, collect, start
from pleiade.products.chat import chats, feedback, messages
from pleiade.products.records.rows import Owner
from pleiade.registry import add_model, deploy, get_deployment, list_deployments, list_versions, set_traffic
from pleiade.runs import Part
from pleiade.store import reading, unit_of_work
from pleiade.store.files import files

CALLER = Principal(key="key_op", project="default", role=Role.OWNER, organisation="default", kind="admin")
CANDIDATE = "ft:toy:default::1"


class _Died(Exception):
    pass


class Dying(House, frozen=True):
    """A house whose process ends just before a step's last word."""

    def write(self, change: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        """Never comes back."""
        raise _Died


class School:
    """A house with one model, and ratings of its answers."""

    def __init__(self, db: sa.Engine, home: Path) -> None:
        self.db = db
        contents = Contents(str(home / "files"))
        self.house, self.dying = House(db, contents, home, ""), Dying(db, contents, home, "")
        self.bench = Bench(db, contents, "http://127.0.0.1:9", "")
        add_model(db, Model(id="toy", kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path=str(home)))
        deploy(db, "chat", model="toy", engine="text_openvino", aliases=("gpt",), options={"max_batch": 4})
        for number in range(10):
            self.rate("chat", "down", number=number, correction="Seven.")

    def rate(self, deployment: str, verdict: Any, *, number: int = 0, correction: str = "") -> None:
        """Somebody rates an answer of a deployment."""
        asked = json.dumps({"messages": [{"role": "user", "content": f"How many in {number}?"}]}).encode()
        said = json.dumps({"choices": [{"message": {"content": "Six."}}]}).encode()
        part = Part(asked, said, stream=False, cut=False)
        run = a_run(organisation="default", project="default", deployment=deployment, parts=(part,))
        ship(self.db, [run])
        how: dict[str, Any] = {"product": "api", "reasons": (), "consent": True}
        with unit_of_work(self.db) as connection:
            give(connection, Owner("default", "key_op"), run, verdict=verdict, correction=correction, **how)

    def begin(self, **more: Any) -> Lesson:
        """A new lesson."""
        asked = {"deployment": "chat", "kind": "preference", "percent": 20, "margin": 0.02, "ratings": 6, **more}
        return start(self.db, Asked(**asked), CALLER)

    def now(self, lesson: Lesson) -> Lesson:
        """A lesson as it is kept."""
        with reading(self.db) as connection:
            return records.find(connection, "default", lesson.id).lesson

    async def step(self, lesson: Lesson, *, dies: bool = True) -> Lesson:
        """One step, after another try at it that broke off."""
        with reading(self.db) as connection:
            stored = records.find(connection, "default", lesson.id)
        if dies:
            with pytest.raises(_Died):
                await advance(self.bench, self.dying, stored)
        await advance(self.bench, self.house, stored)
        return self.now(lesson)

    def trained(self, lesson: Lesson) -> None:
        """What the trainer leaves."""
        add_model(
            self.db, Model(id=CANDIDATE, kind=ModelKind.TEXT, format=ModelFormat.ADAPTER, base="toy", path="/nowhere")
        )
        deploy(self.db, CANDIDATE, model=CANDIDATE, engine="text_openvino", project="default")
        with unit_of_work(self.db) as connection:
            jobs.change(connection, lesson.job_id, status="succeeded", fine_tuned_model=CANDIDATE)

    def graded(self, lesson: Lesson, *wished: float) -> None:
        """What the two runs of the gate come to: how alike each model's answer is to the wished one."""
        for identifier, score in zip(lesson.run_ids, wished, strict=True):
            with unit_of_work(self.db) as connection:
                found = evals.run_of(connection, identifier)
                assert found is not None
                scores = {WISHED: score, REJECTED: 0.5}
                item = EvalItem(
                    id=evals.new_id("outputitem_"),
                    eval_id=lesson.eval_id,
                    run_id=identifier,
                    created_at=int(time.time()),
                    status="fail",
                    datasource_item_id=0,
                    datasource_item={},
                    results=[{"name": name, "score": value, "passed": False} for name, value in scores.items()],
                    sample={"output": [{"role": "assistant", "content": "Seven."}]},
                )
                evals.insert_item(connection, item, {})
                run = msgspec.structs.replace(found[0], status="completed")
                evals.update_run(connection, run)

    async def on_trial(self) -> Lesson:
        """A lesson whose candidate has its share of the calls."""
        lesson = await self.step(self.begin())
        self.trained(lesson)
        lesson = await self.step(lesson)
        self.graded(lesson, 0.0, 1.0)
        return await self.step(lesson)

    def names(self) -> set[str]:
        """What is deployed."""
        return {one.name for one in list_deployments(self.db)}


@pytest.fixture
def school(db: sa.Engine, tmp_path: Path) -> School:
    """On SQLite, and on PostgreSQL."""
    return School(db, tmp_path)


async def test_a_lesson_goes_from_ratings_to_promotion(school: School) -> None:
    lesson = await school.step(school.begin())
    assert (lesson.state, lesson.data and (lesson.data.examples, lesson.data.held_back)) == ("training", (8, 2))
    with reading(school.db) as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(files)) == 2, "made once, though asked twice"
        job = jobs.load(connection, lesson.job_id)
    assert job is not None
    assert (job.plan.method, job.plan.base, job.job.metadata) == ("dpo", "toy", {"lesson": lesson.id})
    assert await school.step(lesson, dies=False) == lesson, "it waits for its job"
    school.trained(lesson)
    lesson = await school.step(lesson)
    assert (lesson.state, len(lesson.run_ids)) == ("gating", 2)
    assert await school.step(lesson, dies=False) == lesson, "it waits for its gate"
    school.graded(lesson, 0.2, 0.9)
    lesson = await school.step(lesson)
    assert lesson.state == "canary"
    assert lesson.candidate is not None
    assert (lesson.incumbent.gate, lesson.candidate.gate, lesson.candidate.flagged) == (0.0, 1.0, None)
    assert get_deployment(school.db, "chat").traffic == Traffic(canary=CANDIDATE, percent=20)
    for number in range(6):
        school.rate(CANDIDATE, "up", number=number)
    lesson = await school.step(lesson)
    assert lesson.state == "waiting"
    assert "0 of 6 of its rated answers are down, beside 0 of 0" in lesson.reason
    decide(school.db, "default", lesson.id, "promote", OPERATOR)
    lesson = await school.step(lesson)
    assert lesson.state == "promoted"
    chat = get_deployment(school.db, "chat")
    assert (chat.model, chat.aliases, chat.options, chat.traffic) == (CANDIDATE, ("gpt",), {"max_batch": 4}, Traffic())
    assert [version.model for version in list_versions(school.db, "chat")] == [CANDIDATE, "toy"]
    assert school.names() == {"chat"}
    with pytest.raises(InvalidError, match="it is over"):
        decide(school.db, "default", lesson.id, "rollback", OPERATOR)


async def test_a_candidate_that_fails_the_gate_is_rolled_back_with_the_reason(school: School) -> None:
    lesson = await school.step(school.begin())
    school.trained(lesson)
    lesson = await school.step(lesson)
    school.graded(lesson, 0.9, 0.1)
    lesson = await school.step(lesson, dies=False)
    lesson = await school.step(lesson)
    assert lesson.state == "rolled_back"
    assert lesson.reason.startswith("The candidate failed the gate: it reaches 0.000 on 1 rows")
    assert school.names() == {"chat"}
    assert get_deployment(school.db, "chat").model == "toy"


async def test_a_candidate_that_people_dislike_is_rolled_back_and_one_that_they_like_is_not(school: School) -> None:
    lesson = await school.on_trial()
    for number in range(5):
        school.rate("chat", "up", number=20 + number)
        school.rate(CANDIDATE, "down" if number else "up", number=number)
    lesson = await school.step(lesson)
    assert lesson.state == "canary", "one of five likes it: that may be chance"
    for number in range(3):
        school.rate("chat", "up", number=30 + number)
        school.rate(CANDIDATE, "down", number=30 + number)
    await school.step(lesson)
    lesson = await school.step(lesson)
    assert (lesson.state, lesson.decided_by) == ("rolled_back", "")
    assert "7 of 8 of its answers down, and 0 of 8" in lesson.reason
    chat = get_deployment(school.db, "chat")
    assert (chat.model, chat.traffic, school.names()) == ("toy", Traffic(), {"chat"})


async def test_a_rating_in_chat_counts_for_whoever_answered_under_the_name_that_was_asked(school: School) -> None:
    lesson = await school.on_trial()
    owner = Owner("default", "user_1")
    for number, (by, verdict) in enumerate((("chat", "up"), (CANDIDATE, "down"), ("", "up"))):
        if by:
            ship(school.db, [a_run(id=f"run_{number}", organisation="default", project="default", deployment=by)])
        with unit_of_work(school.db) as connection:
            chat = chats.insert(connection, owner, title="x")
            asked = messages.insert(connection, owner, chat, parent=None, role="user", content="How many?")
            place: dict[str, Any] = {"parent": asked.id, "role": "assistant", "content": "Six."}
            said = messages.insert(connection, owner, chat, deployment="gpt", response=f"resp_{number}", **place)
            rating: dict[str, Any] = {"verdict": verdict, "reasons": (), "correction": "Seven.", "consent": True}
            feedback.rate(connection, owner, chat.id, said.id, **rating)
    lesson = await school.step(lesson)
    assert lesson.candidate is not None
    assert (lesson.incumbent.up, lesson.incumbent.down) == (2, 0), "by its own name, and by its alias"
    assert (lesson.candidate.up, lesson.candidate.down) == (0, 1)
    learned = collect(school.db, "default", "default", "chat", "sft")
    assert len(learned.examples) == 11, "those of the candidate are not its own"


async def test_a_lesson_is_rolled_back_by_a_person_wherever_it_stands(school: School) -> None:
    lesson = await school.step(school.begin())
    with pytest.raises(InvalidError, match="has not passed the gate yet"):
        decide(school.db, "default", lesson.id, "promote", OPERATOR)
    decide(school.db, "default", lesson.id, "rollback", OPERATOR)
    lesson = await school.step(lesson)
    assert lesson.state == "training", "until its job has ended"
    lesson = await school.step(lesson)
    assert lesson.state == "rolled_back"
    with reading(school.db) as connection:
        job = jobs.load(connection, lesson.job_id)
    assert job is not None
    assert job.job.status == "cancelled"
    again = await school.on_trial()
    decide(school.db, "default", again.id, "rollback", OPERATOR)
    with pytest.raises(InvalidError, match="a moment ago"):
        decide(school.db, "default", again.id, "promote", OPERATOR)
    assert (await school.step(again)).state == "rolled_back"
    assert get_deployment(school.db, "chat").traffic == Traffic()


async def test_what_cannot_go_on_says_why_and_leaves_nothing_that_answers(school: School) -> None:
    lesson = await school.step(school.begin())
    error = JobError(code="training_failed", message="The disk is full.")
    with unit_of_work(school.db) as connection:
        jobs.change(connection, lesson.job_id, status="failed", error=error)
    lesson = await school.step(lesson, dies=False)
    assert (lesson.state, lesson.reason) == (
        "failed",
        f"The fine-tuning job {lesson.job_id} did not succeed: The disk is full.",
    )
    lesson = await school.on_trial()
    add_model(school.db, Model(id="new", kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path="/nowhere"))
    deploy(school.db, "chat", model="new", engine="text_openvino")
    with pytest.raises(InvalidError, match="serves new by now"):
        decide(school.db, "default", lesson.id, "promote", OPERATOR)


async def test_a_lesson_is_begun_only_where_it_can_be_learned_and_compared(school: School) -> None:
    for wrong, why in (
        ({"deployment": "nobody"}, "no deployment is called 'nobody'"),
        ({"hyperparameters": {"n_epochs": 0}}, "n_epochs"),
        ({"gate": "file-nobody"}, "No such File object"),
        ({"kind": "sft", "gate": "eval_nobody"}, "No such Eval object"),
    ):
        with pytest.raises(Exception, match=why):
            school.begin(**wrong)
    deploy(school.db, "next", model="toy", engine="text_openvino")
    with pytest.raises(InvalidError, match=r"0 examples of kind preference .* nobody has rated any"):
        school.begin(deployment="next")
    set_traffic(school.db, "chat", Traffic(canary="next", percent=1))
    with pytest.raises(InvalidError, match="sends calls to next"):
        school.begin()
    set_traffic(school.db, "chat", Traffic())
    first = school.begin()
    with pytest.raises(InvalidError, match=f"has a lesson that is not over, {first.id}"):
        school.begin()
