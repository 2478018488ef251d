"""Bodies of requests for fine-tuning."""

from typing import Any

import msgspec


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """What a job shall be (wire-contract §12.4). `full` is ours: train the whole model instead of an adapter."""

    model: str
    training_file: str
    validation_file: str | None = None
    suffix: str | None = None
    seed: int | None = None
    method: dict[str, Any] | None = None
    hyperparameters: dict[str, Any] | None = None
    metadata: dict[str, str] | None = None
    integrations: list[dict[str, Any]] | None = None
    full: bool = False


class NewFineTune(msgspec.Struct, frozen=True, kw_only=True):
    """What a fine-tune of January 2023 shall be (wire-contract §11.5)."""

    training_file: str
    model: str = ""
    validation_file: str | None = None
    suffix: str | None = None
    n_epochs: int | None = None
    batch_size: int | None = None
    learning_rate_multiplier: float | None = None
    prompt_loss_weight: float | None = None
    compute_classification_metrics: bool | None = None
    classification_n_classes: int | None = None
    classification_positive_class: str | None = None
    classification_betas: list[float] | None = None


class RunGrader(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to be graded."""

    grader: dict[str, Any]
    model_sample: str
    item: dict[str, Any] = {}


class CheckGrader(msgspec.Struct, frozen=True, kw_only=True):
    """A grader to be looked at."""

    grader: dict[str, Any]


class CheckpointShare(msgspec.Struct, frozen=True, kw_only=True):
    """Projects that shall be able to call a model, too."""

    project_ids: list[str]
