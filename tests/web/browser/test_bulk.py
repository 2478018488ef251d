"""Datasets and jobs in the Console: a file is looked at and run; a job's curves grow while it trains."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from pleiade.domain import DEFAULT_ORGANISATION, DEFAULT_PROJECT
from pleiade.finetuning import records
from pleiade.finetuning.nouns import Checkpoint, Job, Plan, Stored
from pleiade.store import open_database, unit_of_work
from serving import CHAT, Server, wait_for

ROUTE = "/v1/chat/completions"


def request_line(number: int, model: str = CHAT) -> str:
    """One request of a batch."""
    body = {"model": model, "messages": [{"role": "user", "content": f"Say {number}."}], "max_tokens": 4}
    return json.dumps({"custom_id": f"line-{number}", "method": "POST", "url": ROUTE, "body": body})


def batch_of(house: Server, lines: list[str]) -> str:
    """A batch that is over; its id."""
    data = "\n".join(lines).encode()
    file = house.post("/v1/files", data={"purpose": "batch"}, files={"file": ("requests.jsonl", data)}).json()["id"]
    asked = {"input_file_id": file, "endpoint": ROUTE, "completion_window": "24h"}
    made = str(house.post("/v1/batches", asked).json()["id"])
    wait_for(
        lambda: house.get(f"/v1/batches/{made}").json()["status"] in ("completed", "failed"), 120, "the batch is over"
    )
    return made


class Training:
    """A fine-tuning job as the trainer writes it down, without a trainer."""

    def __init__(self, house: Server, name: str) -> None:
        self.db = open_database(f"sqlite:///{house.home / 'pleiade.db'}")
        self.id = f"ftjob-{name}"
        job = Job(
            id=self.id,
            created_at=1_795_000_000,
            hyperparameters={"n_epochs": 2, "batch_size": 4, "learning_rate_multiplier": 1.0},
            model=CHAT,
            organization_id=DEFAULT_ORGANISATION,
            seed=7,
            status="running",
            training_file="file-gone",
            estimated_finish=1_795_000_600,
            method={"type": "supervised"},
        )
        plan = Plan(base=CHAT, start=CHAT, engine="text_openvino", method="supervised", hyperparameters={})
        stored = Stored(job=job, plan=plan, organisation=DEFAULT_ORGANISATION, project=DEFAULT_PROJECT)
        with unit_of_work(self.db) as connection:
            records.insert(connection, stored)

    def step(self, step: int, loss: float, last: int = 40) -> None:
        """One step is told."""
        data = {"step": step, "total_steps": last, "train_loss": loss, "train_mean_token_accuracy": 1 - loss / 4}
        said = f"Step {step}/{last}: training loss={loss:.2f}"
        with unit_of_work(self.db) as connection:
            records.tell(connection, self.id, said, data=data, step=step)

    def validation(self, step: int, loss: float) -> None:
        """What unseen examples say at a step."""
        data = {"step": step, "total_steps": 40, "valid_loss": loss, "valid_mean_token_accuracy": 0.5}
        with unit_of_work(self.db) as connection:
            records.tell(connection, self.id, f"Step {step}/40: validation", data=data, metrics=True)

    def succeed(self, model: str) -> None:
        """The job is over, with a model and a checkpoint."""
        checkpoint = Checkpoint(
            id=f"ftckpt-{self.id}",
            created_at=1_795_000_500,
            fine_tuned_model_checkpoint=f"{model}:ckpt-step-20",
            fine_tuning_job_id=self.id,
            metrics={"step": 20, "valid_loss": 1.25},
            step_number=20,
        )
        with unit_of_work(self.db) as connection:
            records.add_checkpoint(connection, checkpoint)
            records.change(connection, self.id, status="succeeded", fine_tuned_model=model, finished_at=1_795_000_600)

    def forget(self) -> None:
        """Nothing of it stays in a house that others use."""
        with unit_of_work(self.db) as connection:
            records.remove(connection, self.id)
        self.db.dispose()


@pytest.fixture(scope="module")
def worker(house: Server, enrol: Callable[..., str]) -> str:
    """A developer; her address."""
    return enrol(house, "worker@example.org", role="developer", name="Worker")


def test_a_file_is_brought_looked_at_run_and_deleted(
    house: Server, open_tab: Callable[..., Any], worker: str, tmp_path: Path
) -> None:
    tab = open_tab()
    page = tab.page
    tab.sign_in(worker, "/console/datasets")
    wrong, right = tmp_path / "wrong.jsonl", tmp_path / "right.jsonl"
    wrong.write_text(request_line(1) + "\n{half\n")
    right.write_text(request_line(1) + "\n" + request_line(2, model="nobody") + "\n")
    chooser = page.locator("input[type=file]")
    chooser.set_input_files(wrong)
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Purpose").select_option("batch")
    dialog.get_by_role("button", name="Upload").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Line 2 is not valid JSON")
    dialog.get_by_role("button", name="Cancel").click()
    chooser.set_input_files(right)
    dialog.get_by_label("Purpose").select_option("batch")
    dialog.get_by_label("Expires").select_option("7")
    dialog.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("heading", name="right.jsonl")).to_be_visible()
    expect(page.get_by_text("Say 2.")).to_be_visible()
    expect(page.get_by_text("2 rows, all of them.")).to_be_visible()
    file = page.url.rpartition("/")[2]
    with page.expect_download() as saved:
        page.get_by_role("link", name="Download").click()
    assert Path(saved.value.path()).read_text() == right.read_text()

    page.get_by_role("button", name="Run as a batch").click()
    expect(dialog.get_by_label("Its lines ask for")).to_have_value(ROUTE)
    dialog.get_by_role("button", name="Run as a batch").click()
    page.wait_for_url("**/console/jobs/batch_*")
    expect(page.get_by_text("completed", exact=True)).to_be_visible(timeout=120_000)
    failed = page.get_by_role("table", name="Lines that failed")
    expect(failed.get_by_role("cell", name="line-2")).to_be_visible()
    expect(failed.get_by_text("nobody")).to_be_visible()
    expect(page.get_by_text("Worker", exact=True)).to_be_visible()

    tab.go(f"/console/datasets/{file}")
    page.get_by_role("button", name="Delete").click()
    dialog.get_by_role("button", name="Delete").click()
    page.wait_for_url("**/console/datasets")
    assert house.get(f"/v1/files/{file}").status_code == 404


def test_curves_grow_while_a_job_trains_and_its_model_is_told(
    house: Server, open_tab: Callable[..., Any], worker: str
) -> None:
    training = Training(house, "growing")
    for step in (1, 2, 3):
        training.step(step, 3 - step / 10)
    tab = open_tab()
    page = tab.page
    tab.sign_in(worker, "/console/jobs")
    page.get_by_label("Kind").get_by_role("button", name="Fine-tuning").click()
    row = page.get_by_role("row").filter(has_text="training").filter(has_text=CHAT)
    row.first.get_by_role("link").click()
    chart = page.get_by_role("slider", name="Loss")
    expect(chart).to_have_attribute("aria-valuetext", re.compile("^3, training 2.7"))
    training.step(4, 2.0)
    training.validation(4, 2.25)
    expect(chart).to_have_attribute("aria-valuetext", "4, training 2, unseen 2.25")
    expect(page.get_by_text("4/40", exact=True)).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    wait_for(lambda: "pause" in wish_of(training), 30, "somebody asked for a pause")
    training.succeed("ft:pleiade-chat:org:grown")
    expect(page.get_by_text("ft:pleiade-chat:org:grown", exact=True)).to_be_visible()
    expect(page.get_by_text("ft:pleiade-chat:org:grown:ckpt-step-20")).to_be_visible()
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
    expect(page.get_by_text("Step 4/40: validation")).to_be_visible()
    training.forget()


def wish_of(training: Training) -> str:
    """What was asked of a job."""
    with training.db.connect() as connection:
        stored = records.load(connection, training.id)
    assert stored is not None
    return stored.wish


def test_an_input_that_is_wrong_is_told_by_line(house: Server, open_tab: Callable[..., Any], worker: str) -> None:
    made = batch_of(house, [request_line(1), request_line(1)])
    tab = open_tab()
    tab.sign_in(worker, f"/console/jobs/{made}")
    expect(tab.page.get_by_role("heading", name="Nothing ran: the input is wrong")).to_be_visible()
    expect(tab.page.get_by_role("alert")).to_contain_text("Line 2")


@pytest.fixture(scope="module")
def things(house: Server) -> Iterator[tuple[str, str, str]]:
    """A batch with a failed line, its input, and a job that trains."""
    batch = batch_of(house, [request_line(1), request_line(2, model="nobody"), request_line(3)])
    training = Training(house, "seen")
    for step in range(1, 25):
        training.step(step, 3 * 0.9**step)
        if step % 8 == 0:
            training.validation(step, 3 * 0.9**step + 0.2)
    yield batch, house.get(f"/v1/batches/{batch}").json()["input_file_id"], training.id
    training.forget()


def test_every_page_is_readable_in_each_look(
    look: Callable[..., Any], house: Server, enrol: Callable[..., str], things: tuple[str, str, str]
) -> None:
    seen = look()
    page = seen.tab.page
    batch, file, tune = things
    seen.tab.sign_in(enrol(house, f"{seen.name}@bulk.example", role="admin"), "/console/jobs")
    page.get_by_role("row").nth(2).wait_for()
    seen.keep("jobs")
    seen.tab.go(f"/console/jobs/{tune}")
    page.get_by_role("slider").first.wait_for()
    seen.keep("job-tune")
    seen.tab.go(f"/console/jobs/{batch}")
    page.get_by_role("table").get_by_text("line-2").wait_for()
    seen.keep("job-batch")
    seen.tab.go("/console/datasets")
    page.get_by_role("link", name="requests.jsonl").first.wait_for()
    seen.keep("datasets")
    seen.tab.go(f"/console/datasets/{file}")
    page.get_by_text("Say 3.").wait_for()
    seen.keep("dataset")
    page.get_by_role("button", name=re.compile("^(Run as a batch|Exécuter en lot)$")).click()
    page.get_by_role("dialog").wait_for()
    seen.keep("dataset-run")
