"""Jobs over HTTP: asked for, told in each dialect, stopped in every state, nobody else's business; graders tried."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from scripted_files import AZURE, Owner

from pleiade.files.contents import Contents
from pleiade.finetuning import records, sharing
from pleiade.finetuning.house import house_of
from pleiade.finetuning.nouns import JobError
from pleiade.finetuning.work import enqueue_training, give_up, give_up_running, place_of
from pleiade.jobs import queue
from pleiade.settings import Settings
from pleiade.store import unit_of_work
from pleiade.store.jobs import jobs as work

LINE = b'{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n'
CHECK = {"type": "string_check", "name": "same", "input": "{{sample.output_text}}", "operation": "eq"}
ASKS = {"type": "score_model", "model": "chat"}


async def asked(owner: Owner, *, status: int = 200, **more: Any) -> Any:
    """A job on a file of one line."""
    file = more.pop("training_file", None) or (await owner.send(LINE, "fine-tune"))["id"]
    prefix, path = more.pop("prefix", "/v1"), more.pop("path", "/fine_tuning/jobs")
    body = {"model": "chat", "training_file": file, **more}
    return await owner.ask("POST", path, json=body, status=status, prefix=prefix)


def put(db: sa.Engine, job: str, **fields: Any) -> None:
    """The job as if its runner had brought it there."""
    with unit_of_work(db) as connection:
        records.change(connection, job, **fields)


async def test_a_job_is_told_as_openai_tells_it_and_work_waits_for_it(owner: Owner, db: sa.Engine) -> None:
    job = await asked(owner, suffix="My Model", seed=42, metadata={"a": "b"})
    assert (job["object"], job["status"], job["model"], job["seed"]) == (
        "fine_tuning.job",
        "validating_files",
        "chat",
        42,
    )
    assert job["hyperparameters"] == {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
    assert job["method"] == {"type": "supervised", "supervised": {"hyperparameters": job["hyperparameters"]}}
    assert (job["suffix"], job["metadata"], job["result_files"], job["error"]) == ("my-model", {"a": "b"}, [], None)
    assert await owner.get(f"/fine_tuning/jobs/{job['id']}") == job
    listed = await owner.get("/fine_tuning/jobs?metadata[a]=b")
    assert (listed["data"], listed["has_more"]) == ([job], False)
    assert (await owner.get("/fine_tuning/jobs?metadata[a]=c"))["data"] == []
    with db.connect() as connection:
        (row,) = connection.execute(sa.select(work)).all()
    assert (row.kind, row.payload, row.project) == ("fine_tuning_files", {"job": job["id"]}, "default")


async def test_azures_dated_versions_answer_201_with_a_place_and_their_own_words(owner: Owner) -> None:
    file = (await owner.send(LINE, "fine-tune"))["id"]
    body = {"model": "chat", "training_file": file}
    job = await owner.ask("POST", f"/fine_tuning/jobs{AZURE}", json=body, prefix="/openai", status=201)
    assert (job["status"], job["hyperparameters"]["n_epochs"]) == ("pending", -1)
    assert owner.told["location"].endswith(f"/openai/fine_tuning/jobs/{job['id']}{AZURE}")
    await owner.ask("DELETE", f"/fine_tuning/jobs/{job['id']}{AZURE}", prefix="/openai", status=400)
    await owner.ask("POST", f"/fine_tuning/jobs/{job['id']}/cancel{AZURE}", prefix="/openai")
    url = f"{owner.served.url}/openai/fine_tuning/jobs/{job['id']}{AZURE}"
    async with owner.served.client.delete(url, headers=owner.headers) as answer:
        assert (answer.status, await answer.read()) == (204, b"")
    await owner.get(f"/fine_tuning/jobs/{job['id']}", status=404)


@pytest.mark.parametrize(
    ("more", "status", "said"),
    [
        ({"model": "nothing"}, 404, "does not exist"),
        ({"model": "quick"}, 400, "safetensors"),
        ({"model": "vectors"}, 400, "write text"),
        ({"training_file": "file-none"}, 404, "No such File"),
        ({"validation_file": "file-none"}, 404, "No such File"),
        ({"suffix": "x" * 65}, 400, "65 characters"),
        ({"integrations": [{"type": "mlflow"}]}, 400, "'wandb' is, as a file"),
        ({"hyperparameters": {"n_epochs": 99}}, 400, "up to 50"),
        ({"method": {"type": "reinforcement", "reinforcement": {"grader": ASKS}}}, 400, "asks a model"),
    ],
)
async def test_what_is_wrong_with_a_request_is_told_before_anything_is_kept(
    owner: Owner, more: dict[str, Any], status: int, said: str
) -> None:
    error = (await asked(owner, status=status, **more))["error"]
    assert said in error["message"]
    assert (await owner.get("/fine_tuning/jobs"))["data"] == []


async def test_a_file_for_something_else_is_not_trained_on(owner: Owner) -> None:
    file = (await owner.send(LINE, "batch"))["id"]
    assert "purpose 'batch'" in (await asked(owner, training_file=file, status=400))["error"]["message"]


async def test_without_a_lab_a_job_is_refused_with_the_command_that_adds_it(
    owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pleiade.finetuning.lab.NEEDED", ("no_such_package",))
    monkeypatch.setattr("pleiade.finetuning.lab.BESIDE", ())
    error = (await asked(owner, status=503))["error"]
    assert error["code"] == "lab_missing"
    assert "make install-lab" in error["message"]


async def test_every_state_can_be_stopped_and_none_twice(owner: Owner, db: sa.Engine) -> None:
    job = (await asked(owner))["id"]
    path = f"/fine_tuning/jobs/{job}"
    assert "wait until it is queued" in (await owner.post(f"{path}/pause", status=400))["error"]["message"]
    with unit_of_work(db) as connection:
        enqueue_training(connection, records.find(connection, "default", job))
    assert (await owner.post(f"{path}/pause"))["status"] == "paused"
    assert (await owner.post(f"{path}/pause"))["status"] == "paused"
    assert (await owner.post(f"{path}/resume"))["status"] == "queued"
    put(db, job, status="running")
    for verb in ("pause", "resume", "cancel"):  # whoever trains it hears of it
        assert (await owner.post(f"{path}/{verb}"))["status"] == "running"
    with db.connect() as connection:
        assert records.find(connection, "default", job).wish == "cancel"
        assert queue.claim(connection, "nobody", ["fine_tuning"]) is not None
    put(db, job, status="paused")
    assert (await owner.post(f"{path}/cancel"))["status"] == "cancelled"
    for verb in ("pause", "resume", "cancel"):
        assert "cancelled" in (await owner.post(f"{path}/{verb}", status=400))["error"]["message"]


async def test_events_come_newest_first_page_by_page_and_metrics_once(owner: Owner, db: sa.Engine) -> None:
    job = (await asked(owner))["id"]
    with unit_of_work(db) as connection:
        for step in (1, 2, 2, 1, 3):
            records.tell(connection, job, f"Step {step}", data={"step": step}, step=step)
    path = f"/fine_tuning/jobs/{job}/events"
    told = await owner.get(path)
    assert [event["message"] for event in told["data"]] == [
        "Step 3",
        "Step 2",
        "Step 1",
        f"Created fine-tuning job: {job}",
    ]
    assert [event["type"] for event in told["data"]] == ["metrics"] * 3 + ["message"]
    first = await owner.get(f"{path}?limit=2")
    rest = await owner.get(f"{path}?limit=2&after={first['last_id']}")
    assert first["data"] + rest["data"] == told["data"]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    await owner.get(f"{path}?after=ftevent-none", status=400)


async def test_another_project_sees_neither_the_job_nor_its_model(owner: Owner) -> None:
    job, other = (await asked(owner))["id"], owner.other()
    for path in ("", "/events", "/checkpoints"):
        await other.get(f"/fine_tuning/jobs/{job}{path}", status=404)
    await other.post(f"/fine_tuning/jobs/{job}/cancel", status=401)
    assert (await other.get("/fine_tuning/jobs"))["data"] == []
    mine = "ft:pico-1:default:mine:1"
    body = {"model": mine, "messages": [{"role": "user", "content": "x"}]}
    assert (await owner.get(f"/models/{mine}"))["parent"] == "pico-1"
    await owner.post("/chat/completions", body)
    await other.post("/chat/completions", body, status=404)
    await other.get(f"/models/{mine}", status=404)
    assert mine not in {model["id"] for model in (await other.get("/models"))["data"]}
    assert mine not in str((await (await owner.served.get("/readyz")).json())["deployments"])


async def test_a_model_is_shared_and_taken_back_and_deleted_by_the_project_that_made_it(
    owner: Owner, db: sa.Engine
) -> None:
    mine, job = "ft:pico-1:default:mine:1", (await asked(owner))["id"]
    await owner.ask("DELETE", f"/models/{mine}", status=403)  # no job of this project made it
    put(db, job, status="succeeded", fine_tuned_model=mine)
    path = f"/fine_tuning/checkpoints/{mine}/permissions"
    await owner.post(path, {"project_ids": ["nowhere"]}, status=404)
    with unit_of_work(db) as connection:
        assert sharing.owned(connection, "default", mine)
        assert not sharing.owned(connection, "other-project", mine)
    gone = await owner.ask("DELETE", f"/models/{mine}")
    assert gone == {"id": mine, "object": "model", "deleted": True}
    await owner.ask("DELETE", "/models/chat", status=403)


async def test_the_words_of_january_2023(owner: Owner, db: sa.Engine) -> None:
    tune = await asked(owner, path="/fine-tunes", n_epochs=2, suffix="old")
    assert (tune["object"], tune["status"], tune["hyperparams"]["n_epochs"]) == ("fine-tune", "pending", 2)
    assert tune["events"][-1]["message"] == "Job enqueued. Waiting for jobs ahead to complete. Queue number: 0."
    assert tune["training_files"][0]["purpose"] == "fine-tune-train"
    assert tune["id"].startswith("ft-")
    listed = (await owner.get("/fine-tunes"))["data"]
    assert [one["id"] for one in listed] == [tune["id"]]
    assert "events" not in listed[0]
    assert (await owner.get("/fine_tuning/jobs"))["data"] == []
    put(db, tune["id"], status="failed", error=JobError(code="x", message="why"), finished_at=9)
    told = await owner.get(f"/fine-tunes/{tune['id']}/events?stream=true")
    lines = told.decode().split("\n\n")
    assert all(line.startswith("data: ") for line in lines if line)
    assert lines[-2] == "data: [DONE]"
    error = (await asked(owner, path="/fine-tunes", compute_classification_metrics=True, status=400))["error"]
    assert error["param"] == "compute_classification_metrics"
    assert (await asked(owner, path="/fine-tunes", model="", status=400))["error"]["param"] == "model"


async def test_graders_are_looked_at_and_tried(owner: Owner) -> None:
    grader = {**CHECK, "reference": "{{item.answer}}"}
    base = "/fine_tuning/alpha/graders"
    assert await owner.post(f"{base}/validate", {"grader": grader}) == {"grader": grader}
    wrong = (await owner.post(f"{base}/validate", {"grader": {**grader, "operation": "near"}}, status=400))["error"]
    assert "grader.operation" in wrong["message"]
    ran = await owner.post(f"{base}/run", {"grader": grader, "model_sample": "4", "item": {"answer": "4"}})
    assert (ran["reward"], ran["metadata"]["scores"]) == (1.0, {"same": 1.0})
    missing = await owner.post(f"{base}/run", {"grader": grader, "model_sample": "4"})
    assert (missing["reward"], missing["metadata"]["errors"]["invalid_variable_error"]) == (0.0, True)
    python = {
        "type": "python",
        "name": "p",
        "source": "def grade(sample, item):\n    return len(sample['output_text'])",
    }
    both = {"type": "multi", "name": "m", "graders": {"a": grader, "b": python}, "calculate_output": "a + b"}
    ran = await owner.post(f"{base}/run", {"grader": both, "model_sample": "4", "item": {"answer": "4"}})
    assert (ran["reward"], ran["sub_rewards"]) == (2.0, {"a": 1.0, "b": 1.0})
    broken = {**python, "source": "def grade(sample, item):\n    return 1 / 0"}
    ran = await owner.post(f"{base}/run", {"grader": broken, "model_sample": "4"})
    assert ran["metadata"]["errors"]["python_grader_runtime_error"] is True
    assert "division" in ran["metadata"]["errors"]["python_grader_runtime_error_details"]


async def test_a_job_that_its_runner_gives_up_says_why(owner: Owner, db: sa.Engine, tmp_path: Path) -> None:
    house = house_of(Settings(home=str(tmp_path)), db, Contents(str(tmp_path / "files")))
    checked, trained, waiting = [await asked(owner) for _ in range(3)]
    give_up(house, checked["id"], "The job broke off 12 times")
    put(db, trained["id"], status="running")
    with unit_of_work(db) as connection:
        records.note(connection, trained["id"], place=place_of(house))
    put(db, waiting["id"], status="queued")
    give_up_running(house, "The job broke off 12 times")
    for job in (checked, trained):
        found = await owner.get(f"/fine_tuning/jobs/{job['id']}")
        assert (found["status"], found["error"]["code"]) == ("failed", "server_error")
        assert found["error"]["message"] == "The job broke off 12 times"
    assert (await owner.get(f"/fine_tuning/jobs/{waiting['id']}"))["status"] == "queued"
