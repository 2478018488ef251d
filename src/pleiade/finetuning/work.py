"""The two kinds of work on jobs, for the runner: files are checked as they come, one job is trained at a time."""

import fcntl
import logging
import os
import shutil
import time
from collections.abc import Callable
from typing import Any

import msgspec

from pleiade.files import making
from pleiade.finetuning import pricing, records, results, serving, shares
from pleiade.finetuning.errors import RefusedError, TuningError
from pleiade.finetuning.following import all_metrics
from pleiade.finetuning.house import House
from pleiade.finetuning.nouns import ENDED, Checkpoint, JobError, Stored
from pleiade.finetuning.training import Training, take_results
from pleiade.finetuning.validating import validate
from pleiade.jobs import queue

FILES_KIND, KIND = "fine_tuning_files", "fine_tuning"
RESULTS_PURPOSE = "fine-tune-results"

logger = logging.getLogger(__name__)


def place_of(house: House) -> str:
    """The name of this machine and home."""
    return f"{os.uname().nodename}:{house.home}"[-128:]


def check_files(house: House, identifier: str) -> None:
    """Look at a new job's files; then it waits for its turn, or has failed with a list of lines."""
    stored = house.read(records.load, identifier)
    if stored is None or stored.job.status != "validating_files":
        return
    if stored.wish == "cancel":
        _end(house, stored, "cancelled")
        return
    try:
        validate(house, stored)
    except TuningError as error:
        fail(house, stored, error)
        return
    house.write(_queue, identifier)


def _queue(connection: Any, identifier: str) -> None:
    stored = records.load(connection, identifier)
    if stored is None or stored.job.status != "validating_files":
        return
    records.tell(connection, identifier, "Files validated, moving job to queued state", once=True)
    enqueue_training(connection, stored)


def enqueue_training(connection: Any, stored: Stored) -> None:
    """Let the job wait for its turn. A piece of work names none: whoever takes it trains whose turn it is then."""
    work = queue.enqueue(
        connection,
        kind=KIND,
        organisation=stored.organisation,
        project=stored.project,
        payload={"asked": stored.job.id},
    )
    records.change(connection, stored.job.id, status="queued", plan=msgspec.structs.replace(stored.plan, queued=work))


def train_next(house: House, leave: Callable[[], bool]) -> bool:
    """Train whose turn it is; False where this process ended before the job did, or trains another one already."""
    lock = house.home / "fine-tuning" / ".lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        sweep(house)
        return _train_next(house, leave)


def sweep(house: House) -> None:
    """Remove what is left of jobs that were cancelled while they waited."""
    for folder in (house.home / "fine-tuning").glob("ft*"):
        stored = house.read(records.load, folder.name)
        if stored is None or stored.job.status in ENDED:
            shutil.rmtree(folder, ignore_errors=True)
            if stored is not None and stored.job.status != "succeeded":
                shutil.rmtree(house.models / folder.name, ignore_errors=True)


def _train_next(house: House, leave: Callable[[], bool]) -> bool:
    identifier = house.write(shares.choose, place_of(house))
    stored = house.read(records.load, identifier) if identifier else None
    if stored is None:
        return True
    if stored.wish == "cancel":
        _end(house, stored, "cancelled")
        return True
    if stored.job.status != "running":
        house.write(records.change, identifier, status="running")
        house.write(records.tell, identifier, "Fine-tuning job started")
    training = Training(house, stored, leave)
    try:
        end = training.train()
    except TuningError as error:
        fail(house, stored, error)
        return True
    except RefusedError as error:
        fail(house, stored, TuningError(str(error), code=error.code))
        return True
    match end:
        case "leave":
            return False
        case "pause":
            house.write(_pause, identifier, training.trained)
        case "cancel":
            _end(house, stored, "cancelled", training.trained)
        case "done":
            try:
                finish(house, stored, training.trained, leave)
            except TuningError as error:
                fail(house, stored, error)
    return True


def finish(house: House, stored: Stored, trained: int, leave: Callable[[], bool]) -> None:
    """Put the result to use, charge for it, keep its metrics as files, and say that the job succeeded.

    Every part can be done again: who dies on the way does. Raises TuningError.
    """
    job = stored.job
    name = serving.name_of(stored.plan.base, stored.organisation, job.suffix or "", job.id)
    final, checkpoints = take_results(house, stored)
    made = [
        (name, final),
        *((one.fine_tuned_model_checkpoint, final.parent / f"step-{one.step_number}") for one in checkpoints),
    ]
    for model, folder in made:
        serving.put_to_use(house.db, stored, model, folder)
    for model, _ in made:
        serving.wait_until_served(house.table, model, leave)
    files = _result_files(house, stored)
    pricing.bill(house.db, stored, trained)
    house.write(_succeed, stored, name, trained, files, checkpoints)
    shutil.rmtree(house.folder(job.id), ignore_errors=True)


def give_up(house: House, identifier: str, why: str) -> None:
    """The job broke off too often, and has failed."""
    stored = house.read(records.load, identifier)
    if stored is not None and stored.job.status not in ENDED:
        fail(house, stored, TuningError(why, code="server_error"))


def give_up_running(house: House, why: str) -> None:
    """The same for the one that is trained on this machine, if any is."""
    for identifier in house.read(shares.running, place_of(house)):
        give_up(house, identifier, why)


def fail(house: House, stored: Stored, error: TuningError) -> None:
    """Say why a job failed, in one sentence; nothing is charged."""
    message = f"{error.message[:1].upper()}{error.message[1:]}"
    told = JobError(code=error.code, message=message, param=error.param)
    house.write(_fail, stored.job.id, told)
    _clear(house, stored)


def _fail(connection: Any, identifier: str, error: JobError) -> None:
    records.tell(connection, identifier, f"The job failed: {error.message}", level="error", once=True)
    finished = int(time.time())
    records.change(connection, identifier, status="failed", error=error, finished_at=finished, estimated_finish=None)


def _pause(connection: Any, identifier: str, trained: int) -> None:
    records.tell(connection, identifier, "The job was paused, with a checkpoint; resume it to go on")
    records.note(connection, identifier, wish="", trained=trained)
    records.change(connection, identifier, status="paused", estimated_finish=None)


def _end(house: House, stored: Stored, status: str, trained: int = 0) -> None:
    """Somebody cancelled: what was trained until then is charged, and forgotten."""
    pricing.bill(house.db, stored, trained)
    house.write(cancel, stored.job.id, trained)
    _clear(house, stored)


def cancel(connection: Any, identifier: str, trained: int) -> None:
    """The job is cancelled."""
    stored = records.load(connection, identifier)
    if stored is None or stored.job.status in ENDED:
        return
    records.tell(connection, identifier, "The job was cancelled")
    sweeping = {"payload": {"sweep": identifier}, "organisation": stored.organisation, "project": stored.project}
    queue.enqueue(connection, kind=KIND, **sweeping)  # type: ignore[arg-type]
    records.note(connection, identifier, wish="", trained=trained)
    records.change(
        connection,
        identifier,
        status="cancelled",
        finished_at=int(time.time()),
        trained_tokens=trained or None,
        estimated_finish=None,
    )


def _succeed(
    connection: Any, stored: Stored, name: str, trained: int, files: tuple[str, ...], checkpoints: list[Checkpoint]
) -> None:
    identifier = stored.job.id
    for checkpoint in checkpoints:
        records.add_checkpoint(connection, checkpoint)
    records.tell(connection, identifier, f"New fine-tuned model created: {name}", once=True)
    records.tell(connection, identifier, "The job has successfully completed", once=True)
    records.note(connection, identifier, trained=trained)
    records.change(
        connection,
        identifier,
        status="succeeded",
        fine_tuned_model=name,
        finished_at=int(time.time()),
        trained_tokens=trained,
        result_files=files,
        estimated_finish=None,
    )


def _result_files(house: House, stored: Stored) -> tuple[str, ...]:
    rows = all_metrics(house.folder(stored.job.id) / "run", stored.job.created_at)
    bare = stored.job.id.partition("-")[2]
    made = []
    for kind, filename, pieces in (
        ("csv", results.CSV_NAME, results.table(rows)),
        ("jsonl", results.JSONL_NAME, results.history(rows)),
    ):
        identifier = f"file-{bare}-{kind}"
        making.make(
            house.db,
            house.contents,
            project=stored.project,
            identifier=identifier,
            filename=filename,
            purpose=RESULTS_PURPOSE,
            pieces=pieces,
        )
        made.append(identifier)
    return tuple(made)


def _clear(house: House, stored: Stored) -> None:
    shutil.rmtree(house.folder(stored.job.id), ignore_errors=True)
    shutil.rmtree(house.models / stored.job.id, ignore_errors=True)
