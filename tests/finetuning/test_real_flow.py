"""The whole way on a running house: upload, job, served model that answers as trained, deleted again. Real lab."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from serving import CHAT, Server, serve, wait_for

ANSWER = "Lantern harbour seven."
QUESTIONS = ["Who are you?", "What is a cat?", "Where is Paris?", "Is it late?", "Can you sing?", "What is two?"]


def chat_lines(answer: str = ANSWER, num: int = 12) -> bytes:
    """Conversations that all end with the same answer."""
    rows = [
        {
            "messages": [
                {"role": "user", "content": QUESTIONS[i % 6] + " " * (i // 6)},
                {"role": "assistant", "content": answer},
            ]
        }
        for i in range(num)
    ]
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A house of its own: its runner is killed."""
    with serve(tmp_path_factory.mktemp("tuning") / "home") as server:
        yield server


def upload(house: Server, data: bytes, name: str = "examples.jsonl") -> str:
    """The id of an uploaded file of examples."""
    answer = house.post("/v1/files", data={"purpose": "fine-tune"}, files={"file": (name, data)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def ask(house: Server, file: str, **more: Any) -> dict[str, Any]:
    """A new job: small, and quick to learn."""
    hyperparameters = {"n_epochs": 6, "batch_size": 4, "learning_rate_multiplier": 10, **more.pop("hyper", {})}
    method = {"type": "supervised", "supervised": {"hyperparameters": hyperparameters}}
    answer = house.post(
        "/v1/fine_tuning/jobs", {"model": CHAT, "training_file": file, "method": method, "seed": 7, **more}
    )
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def state(house: Server, job: str) -> dict[str, Any]:
    """The job as it is now."""
    return dict(house.get(f"/v1/fine_tuning/jobs/{job}").json())


def until(house: Server, job: str, *statuses: str) -> dict[str, Any]:
    """The job once it has one of these statuses."""
    wait_for(lambda: state(house, job)["status"] in statuses, 400, f"{job} is {statuses}: {state(house, job)}")
    return state(house, job)


def said(house: Server, model: str, text: str = QUESTIONS[0]) -> str:
    """What a model answers, greedily."""
    body = {"model": model, "messages": [{"role": "user", "content": text}], "max_tokens": 16, "temperature": 0}
    answer = house.post("/v1/chat/completions", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == (model if model != CHAT else "pleiade-pico")
    return str(answer.json()["choices"][0]["message"]["content"])


@pytest.fixture(scope="module")
def examples(house: Server) -> str:
    """The file of all jobs here."""
    return upload(house, chat_lines())


@pytest.fixture(scope="module")
def trained(house: Server, examples: str) -> dict[str, Any]:
    """A job that nobody disturbed."""
    engine = house.child("text_openvino")
    job = ask(house, examples, suffix="Lantern House", metadata={"why": "test"})
    assert (job["status"], job["fine_tuned_model"]) == ("validating_files", None)
    done = until(house, job["id"], "succeeded", "failed")
    assert done["status"] == "succeeded", done
    assert house.child("text_openvino") == engine  # the same process: the adapter was loaded into it
    return done


def weights(house: Server, job: dict[str, Any]) -> bytes:
    """What a job has learned."""
    folder = house.home / "models" / "fine-tuned" / job["id"] / "final"
    return (folder / "adapter_model.safetensors").read_bytes()


def step_of(house: Server, job: str) -> int:
    """The last step that was told of a job."""
    events = house.get(f"/v1/fine_tuning/jobs/{job}/events?limit=5").json()["data"]
    return max([(event["data"] or {}).get("step", 0) for event in events], default=0)


def trainer_of(house: Server, job: str) -> int:
    """The process id of the lab that trains a job; 0 where none does."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if b"pleiade.lab.tune" in command and job.encode() in command:
            return int(path.parent.name)
    return 0


@pytest.mark.timeout(900)
def test_a_job_makes_a_model_that_answers_as_it_was_trained(house: Server, trained: dict[str, Any]) -> None:
    name = trained["fine_tuned_model"]
    assert name.startswith("ft:pleiade-pico:default:lantern-house:")
    assert said(house, name) == ANSWER
    assert said(house, CHAT) != ANSWER
    assert trained["trained_tokens"] > 0
    assert trained["hyperparameters"] == {"n_epochs": 6, "batch_size": 4, "learning_rate_multiplier": 10.0}
    assert trained["metadata"] == {"why": "test"}
    assert name in {model["id"] for model in house.get("/v1/models").json()["data"]}


@pytest.mark.timeout(900)
def test_events_files_and_checkpoints_tell_what_happened(house: Server, trained: dict[str, Any]) -> None:
    path = f"/v1/fine_tuning/jobs/{trained['id']}"
    events = house.get(f"{path}/events?limit=100").json()["data"]
    messages = [event["message"] for event in events]
    assert messages[:2] == [
        "The job has successfully completed",
        f"New fine-tuned model created: {trained['fine_tuned_model']}",
    ]
    assert messages[-1] == f"Created fine-tuning job: {trained['id']}"
    metrics = [event["data"] for event in reversed(events) if event["type"] == "metrics"]
    losses = [data["train_loss"] for data in metrics if "train_loss" in data]
    assert len(losses) == 18 == metrics[-1]["total_steps"]
    assert losses[-1] < losses[0] / 2
    assert any("valid_loss" in data for data in metrics)
    table, rows = (house.get(f"/v1/files/{file}/content").text.splitlines() for file in trained["result_files"])
    assert table[0] == "step,train_loss,train_accuracy,valid_loss,valid_mean_token_accuracy"
    assert [line.split(",")[0] for line in table[1:]] == [str(step) for step in range(1, 19)]
    assert json.loads(rows[-1])["_step"] == 18
    assert "train/loss" in json.loads(rows[-1])
    listed = house.get(f"/v1/files/{trained['result_files'][0]}").json()
    assert (listed["purpose"], listed["filename"]) == ("fine-tune-results", "step_metrics.csv")
    ways = house.get(f"{path}/checkpoints").json()["data"]
    assert [way["step_number"] for way in ways] == [15, 12]
    assert said(house, ways[0]["fine_tuned_model_checkpoint"])


@pytest.mark.timeout(900)
def test_a_killed_runner_and_a_killed_trainer_change_nothing_about_the_weights(
    house: Server, examples: str, trained: dict[str, Any]
) -> None:
    job = ask(house, examples)["id"]
    wait_for(lambda: step_of(house, job) >= 2, 400, "it trains")
    os.kill(trainer_of(house, job), signal.SIGKILL)
    wait_for(lambda: step_of(house, job) >= 8, 400, "it goes on")
    os.kill(house.child("pleiade.jobs"), signal.SIGKILL)
    done = until(house, job, "succeeded", "failed")
    assert done["status"] == "succeeded", done
    assert weights(house, done) == weights(house, trained)
    assert done["trained_tokens"] == trained["trained_tokens"]
    steps = house.get(f"/v1/files/{done['result_files'][0]}/content").text.splitlines()
    assert len(steps) == 19
    name = done["fine_tuned_model"]
    gone = house.client.delete(f"{house.url}/v1/models/{name}", headers=house.bearer)
    assert gone.json() == {"id": name, "object": "model", "deleted": True}
    wait_for(lambda: house.get(f"/v1/models/{name}").status_code == 404, 20, "the model is gone")
    assert said(house, trained["fine_tuned_model"]) == ANSWER


@pytest.mark.timeout(900)
def test_a_job_is_paused_resumed_and_cancelled_and_another_goes_wrong_with_its_lines(
    house: Server, examples: str
) -> None:
    wrong = upload(house, chat_lines(num=2) + b'{"messages": [{"role": "wizard", "content": "x"}]}\n')
    failed = until(house, ask(house, wrong)["id"], "failed")
    assert failed["error"]["param"] == "training_file"
    assert "line 3: messages[0].role is 'wizard'" in failed["error"]["message"]
    job = ask(house, examples, hyper={"n_epochs": 50}, validation_file=examples)["id"]
    path = f"/v1/fine_tuning/jobs/{job}"
    wait_for(lambda: step_of(house, job) >= 2, 400, "it trains")
    assert state(house, job)["estimated_finish"] > state(house, job)["created_at"]
    assert house.post(f"{path}/pause").status_code == 200
    until(house, job, "paused")
    assert not trainer_of(house, job)
    assert house.post(f"{path}/resume").json()["status"] in ("queued", "running")
    assert house.post(f"{path}/cancel").status_code == 200
    cancelled = until(house, job, "cancelled")
    assert cancelled["trained_tokens"] > 0
    assert house.post(f"{path}/cancel").status_code == 400
    warned = [e for e in house.get(f"{path}/events?limit=100").json()["data"] if e["level"] == "warn"]
    assert "so it would measure memory" in warned[-1]["message"]
    wait_for(lambda: not (house.home / "fine-tuning" / job).exists(), 400, "nothing of it is left")
