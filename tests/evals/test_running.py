"""A run grades each row once, goes on after its runner died, stops when it is asked to, and tells what it cannot do."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pleiade.evals import records
from pleiade.evals.checks import check_config
from pleiade.evals.job import give_up_eval
from pleiade.evals.nouns import Eval, EvalCounts, EvalItem, EvalRun
from pleiade.evals.records import Listing
from pleiade.evals.running import KIND, Refused, Runner
from pleiade.files.contents import Contents
from pleiade.jobs import queue
from pleiade.jobs.bench import Bench
from pleiade.store import reading, unit_of_work

ITEM = {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]}
RIGHT = {
    "type": "string_check",
    "name": "right",
    "input": "{{sample.output_text}}",
    "reference": "{{item.sum}}",
    "operation": "eq",
}
PYTHON = {
    "type": "python",
    "name": "python",
    "source": "def grade(sample, item):\n    return 1.0 if int(sample['output_text']) == item['a'] + 1 else 0.0",
}
JUDGE = {
    "type": "score_model",
    "name": "judge",
    "model": "judge",
    "input": [{"role": "user", "content": "{{sample.output_text}}"}],
    "pass_threshold": 0.5,
}
ALIKE = {**RIGHT, "type": "text_similarity", "name": "alike", "evaluation_metric": "cosine", "pass_threshold": 0.9}


class House:
    """Answers as deployments would: "adder" adds one, "judge" gives 0.75, "embed" embeds; it keeps what was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.gate: asyncio.Event | None = None  # after the fourth, answers wait for it
        self.waiting = asyncio.Event()

    async def __call__(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        if path == "/v1/embeddings":
            return {"data": [{"embedding": [1.0, float(len(text))]} for text in body["input"]], "usage": {}}
        said = body["messages"][-1]["content"]
        self.asked.append((body["model"], said))
        if self.gate is not None and len(self.asked) > 4:
            self.waiting.set()
            await self.gate.wait()
        if said == "13":
            raise Refused(400, "thirteen is refused")
        text = '{"result": 0.75}' if body["model"] == "judge" else str(int(said) + 1)
        usage = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
        return {
            "model": body["model"],
            "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": usage,
        }


def begin(db: sa.Engine, items: list[dict[str, Any]], criteria: list[dict[str, Any]], **source: Any) -> EvalRun:
    of = Eval(
        id=records.new_id("eval_"),
        created_at=1,
        name="",
        data_source_config=check_config({"type": "custom", "item_schema": ITEM}),
        testing_criteria=criteria,
    )
    template = {"type": "template", "template": [{"role": "user", "content": "{{item.a}}"}]}
    rows = {"type": "file_content", "content": [{"item": item} for item in items]}
    data = {"type": "completions", "source": rows, "model": "adder", "input_messages": template, **source}
    run = EvalRun(
        id=records.new_id("evalrun_"),
        eval_id=of.id,
        created_at=1,
        name="",
        model=data.get("model", ""),
        data_source=data,
    )
    with unit_of_work(db) as connection:
        records.insert(connection, "mine", of)
        records.insert_run(connection, run, "job_1")
    return run


def result(db: sa.Engine, run: EvalRun) -> tuple[EvalRun, list[EvalItem]]:
    with reading(db) as connection:
        found = records.find_run(connection, "mine", run.eval_id, run.id).run
        items, _ = records.list_items(connection, run.id, Listing(limit=100))
    return found, items


def a_runner(db: sa.Engine, tmp_path: Path, house: House) -> Runner:
    return Runner(db, Contents(str(tmp_path)), "mine", house, "embed")


async def test_rows_are_asked_graded_and_summed(db: sa.Engine, tmp_path: Path) -> None:
    items = [{"a": 1, "sum": "2"}, {"a": 2, "sum": "5"}, {"a": 13, "sum": "14"}]
    run = begin(db, items, [RIGHT, PYTHON, JUDGE, ALIKE])
    await a_runner(db, tmp_path, House()).run(run.id)
    found, graded = result(db, run)
    assert found.status == "completed"
    assert found.result_counts == EvalCounts(total=3, passed=1, failed=1, errored=1)
    assert [(one.testing_criteria, one.passed, one.failed) for one in found.per_testing_criteria_results] == [
        ("right", 1, 1),
        ("python", 2, 0),
        ("judge", 2, 0),
        ("alike", 2, 0),
    ]
    used = {one.model_name: (one.invocation_count, one.total_tokens) for one in found.per_model_usage}
    assert used == {"adder": (2, 6), "judge": (2, 6), "embed": (2, 0)}
    assert [item.status for item in graded] == ["pass", "fail", "error"]
    assert graded[0].sample["output"] == [{"role": "assistant", "content": "2"}]
    assert graded[0].sample["input"] == [{"role": "user", "content": "1"}]
    assert "thirteen is refused" in graded[2].sample["error"]["message"]


async def test_who_takes_over_a_run_asks_only_for_what_is_left(db: sa.Engine, tmp_path: Path) -> None:
    run = begin(db, [{"a": number, "sum": str(number + 1)} for number in range(12)], [RIGHT])
    first = House()
    first.gate = asyncio.Event()
    dying = asyncio.create_task(a_runner(db, tmp_path, first).run(run.id))
    await first.waiting.wait()
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    kept = {item.datasource_item["a"] for item in result(db, run)[1]}
    assert 0 < len(kept) < 12
    second = House()
    await a_runner(db, tmp_path, second).run(run.id)
    assert not {int(said) for _, said in second.asked} & kept
    found, graded = result(db, run)
    assert (found.status, found.result_counts) == ("completed", EvalCounts(total=12, passed=12))
    assert [item.datasource_item_id for item in graded] == list(range(12))


async def test_a_run_that_is_over_is_left_alone(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    run = begin(sqlite_db, [{"a": 1}], [RIGHT])
    with unit_of_work(sqlite_db) as connection:
        records.update_run(connection, EvalRun(**{**_fields(run), "status": "canceled"}))
    house = House()
    await a_runner(sqlite_db, tmp_path, house).run(run.id)
    await a_runner(sqlite_db, tmp_path, house).run("evalrun_deleted")
    assert house.asked == []
    assert result(sqlite_db, run)[0].status == "canceled"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            {"type": "file_content", "content": [{"item": {"a": "one"}}]},
            "Row 1 does not keep to the eval's item_schema",
        ),
        ({"type": "file_id", "id": "file-gone"}, "No such File object: file-gone"),
    ],
)
async def test_data_that_cannot_be_read_fails_the_run_in_a_sentence(
    sqlite_db: sa.Engine, tmp_path: Path, source: dict[str, Any], said: str
) -> None:
    run = begin(sqlite_db, [], [RIGHT], source=source)
    await a_runner(sqlite_db, tmp_path, House()).run(run.id)
    found, _ = result(sqlite_db, run)
    assert found.status == "failed"
    assert found.error is not None
    assert said in found.error.message


async def test_graders_that_loop_or_open_sockets_are_errors_of_their_rows(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    source = "import socket\ndef grade(sample, item):\n    socket.create_connection(('127.0.0.1', 80), 1)\n    return 1"
    run = begin(sqlite_db, [{"a": 1}], [{**PYTHON, "source": source}, RIGHT])
    await a_runner(sqlite_db, tmp_path, House()).run(run.id)
    found, graded = result(sqlite_db, run)
    assert (found.status, found.result_counts.errored) == ("completed", 1)
    assert "grade() failed" in graded[0].results[0]["sample"]["error"]


async def test_answers_that_are_there_are_graded_without_asking(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    rows = {"type": "file_content", "content": [{"item": {"a": 1, "sum": "2"}, "sample": {"output_text": "2"}}]}
    run = begin(sqlite_db, [], [RIGHT], type="jsonl", source=rows, model="")
    house = House()
    await a_runner(sqlite_db, tmp_path, house).run(run.id)
    found, graded = result(sqlite_db, run)
    assert (house.asked, found.result_counts.passed) == ([], 1)
    assert graded[0].sample["output"] == [{"role": "assistant", "content": "2"}]


def _fields(run: EvalRun) -> dict[str, Any]:
    return {name: getattr(run, name) for name in run.__struct_fields__}


async def test_a_run_that_its_runner_gives_up_says_why(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    run = begin(sqlite_db, [{"a": 1, "sum": "2"}], [RIGHT])
    bench = Bench(sqlite_db, Contents(str(tmp_path)), "http://127.0.0.1:9", "")
    with unit_of_work(sqlite_db) as connection:
        payload = {"run": run.id, "principal": {}}
        queue.enqueue(connection, kind=KIND, organisation="o", project="mine", payload=payload, identifier="job_1")
        job = queue.find(connection, "job_1")
    assert job is not None
    await give_up_eval(job, bench, "The job broke off 12 times")
    found, _ = result(sqlite_db, run)
    assert found.status == "failed"
    assert found.error is not None
    assert (found.error.code, found.error.message) == ("server_error", "The job broke off 12 times")
