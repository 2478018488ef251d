"""A job in the words of whoever asks: OpenAI's, Azure's dated versions, January 2023."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from pleiade.files.nouns import File
from pleiade.finetuning.nouns import Event, Job
from pleiade.gateway.call import Call

# Azure's 2024-10-21 knows "pending" where OpenAI tells what is waited for (wire-contract §3).
AZURE = {"validating_files": "pending", "queued": "pending"}
OLD = {"validating_files": "pending", "queued": "pending", "paused": "pending"}
AUTO = -1  # Azure's word for it
# Fields that OpenAI's object does not have while they say nothing.
_OPTIONAL = ("suffix", "metadata", "created_by")


def dated(call: Call) -> bool:
    """Whether a caller speaks Azure's dated versions."""
    return call.dialect.name == "azure" and bool(call.api_version) and not call.path.startswith("/openai/v1/")


def job_shown(call: Call, job: Job) -> dict[str, Any]:
    """A job as this caller is told it."""
    shown: dict[str, Any] = msgspec.to_builtins(job)
    for name in _OPTIONAL:
        if shown[name] is None:
            del shown[name]
    if dated(call):
        shown["status"] = AZURE.get(job.status, job.status)
        shown["hyperparameters"] = {
            name: AUTO if value == "auto" else value for name, value in job.hyperparameters.items()
        }
    return shown


def list_shown(call: Call, jobs: Sequence[Job], *, more: bool) -> dict[str, Any]:
    """One page of jobs."""
    return {"object": "list", "data": [job_shown(call, job) for job in jobs], "has_more": more}


def old_job(job: Job, events: Iterable[Event] | None, files: dict[str, File]) -> dict[str, Any]:
    """A fine-tune of January 2023 (wire-contract §11.5); a list of them leaves the events out."""
    shown: dict[str, Any] = {
        "id": job.id,
        "object": "fine-tune",
        "model": job.model,
        "created_at": job.created_at,
        "fine_tuned_model": job.fine_tuned_model,
        "hyperparams": {
            **{name: None if value == "auto" else value for name, value in job.hyperparameters.items()},
            "prompt_loss_weight": 0.0,
        },
        "organization_id": job.organization_id,
        "result_files": [_file(files, one, "fine-tune-results") for one in job.result_files],
        "status": OLD.get(job.status, job.status),
        "training_files": [_file(files, job.training_file, "fine-tune-train")],
        "validation_files": [_file(files, one, "fine-tune-train") for one in (job.validation_file,) if one],
        "updated_at": job.finished_at or job.created_at,
    }
    if events is not None:
        shown["events"] = [old_event(event) for event in events]
    return shown


def old_event(event: Event) -> dict[str, Any]:
    """One of its events."""
    said = {"object": "fine-tune-event", "created_at": event.created_at, "level": event.level}
    return {**said, "message": event.message}


def _file(files: dict[str, File], identifier: str, purpose: str) -> dict[str, Any]:
    """A file as it stands in a fine-tune; of one that is gone, its id."""
    found = files.get(identifier)
    told = msgspec.to_builtins(found) if found is not None else {"id": identifier, "object": "file"}
    return {**told, "purpose": purpose}
