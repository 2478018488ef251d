"""Jobs, events and checkpoints as clients see them (wire-contract §12.4), and what a job is made from."""

from typing import Any, Literal

import msgspec

Status = Literal["validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"]
Level = Literal["info", "warn", "error"]
ENDED = ("succeeded", "failed", "cancelled")
MethodName = Literal["supervised", "dpo", "reinforcement"]
# Ours -> the lab's.
LAB_METHODS = {"supervised": "sft", "dpo": "dpo", "reinforcement": "grpo"}

Number = int | float | Literal["auto"]


class JobError(msgspec.Struct, frozen=True, kw_only=True):
    """Why a job failed; `message` is a sentence to act on."""

    code: str
    message: str
    param: str | None = None


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A `fine_tuning.job` object."""

    id: str
    object: Literal["fine_tuning.job"] = "fine_tuning.job"
    created_at: int
    error: JobError | None = None
    fine_tuned_model: str | None = None
    finished_at: int | None = None
    hyperparameters: dict[str, Any] = {}
    model: str
    organization_id: str
    result_files: tuple[str, ...] = ()
    seed: int
    status: Status = "validating_files"
    trained_tokens: int | None = None
    training_file: str
    validation_file: str | None = None
    estimated_finish: int | None = None
    integrations: tuple[dict[str, Any], ...] = ()
    metadata: dict[str, str] | None = None
    method: dict[str, Any] = {}
    suffix: str | None = None  # ours: part of the name that the result will have
    created_by: str | None = None  # ours: the person or service account, else the key


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is made from and who asked for it: clients do not see it."""

    base: str  # id of the registered model that is served; an adapter's own base
    start: str  # id of the registered model to begin with: `base`, or an adapter of it
    engine: str  # that serves it
    method: MethodName
    hyperparameters: dict[str, Any]  # as asked, for the lab
    grader: dict[str, Any] | None = None
    full: bool = False  # the whole model, not an adapter
    user: str = ""
    key: str = ""
    sold: bool = False  # somebody pays for it, by training token
    queued: str = ""  # id of its piece of work in the queue of all jobs
    legacy: bool = False  # asked for in the words of January 2023


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A job as it is kept."""

    job: Job
    plan: Plan
    organisation: str
    project: str
    wish: str = ""
    place: str = ""
    trained: int = 0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A `fine_tuning.job.event`."""

    id: str
    object: Literal["fine_tuning.job.event"] = "fine_tuning.job.event"
    created_at: int
    level: Level
    message: str
    type: Literal["message", "metrics"] = "message"
    data: dict[str, Any] | None = None


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A `fine_tuning.job.checkpoint`: a model on the way, which can be called as the result can."""

    id: str
    object: Literal["fine_tuning.job.checkpoint"] = "fine_tuning.job.checkpoint"
    created_at: int
    fine_tuned_model_checkpoint: str
    fine_tuning_job_id: str
    metrics: dict[str, float]
    step_number: int


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """A `checkpoint.permission`: another project may call a model."""

    id: str
    object: Literal["checkpoint.permission"] = "checkpoint.permission"
    created_at: int
    project_id: str
