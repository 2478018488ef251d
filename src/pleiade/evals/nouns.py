"""Evals, their runs and the runs' items, as clients see them (Eval, EvalRun and EvalRunOutputItem of OpenAI's)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

RunStatus = Literal["queued", "in_progress", "completed", "canceled", "failed"]
ItemStatus = Literal["pass", "fail", "error"]
OVER: frozenset[RunStatus] = frozenset({"completed", "canceled", "failed"})


class Eval(msgspec.Struct, frozen=True, kw_only=True):
    """What is graded, and by what."""

    id: str
    object: Literal["eval"] = "eval"
    created_at: int
    name: str
    data_source_config: dict[str, Any]
    testing_criteria: list[dict[str, Any]]
    metadata: dict[str, str] | None = None


class EvalApiError(msgspec.Struct, frozen=True):
    """Why something could not be done (EvalApiError)."""

    code: str
    message: str


class EvalCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many items a run has, by what became of them."""

    total: int = 0
    errored: int = 0
    failed: int = 0
    passed: int = 0


class CriterionResult(msgspec.Struct, frozen=True, kw_only=True):
    """How many items one criterion let pass."""

    testing_criteria: str
    passed: int = 0
    failed: int = 0


class ModelUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What a run used of one model, graders' questions included."""

    model_name: str
    invocation_count: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    total_tokens: int = 0


class EvalRun(msgspec.Struct, frozen=True, kw_only=True):
    """One pass of an eval over data."""

    id: str
    object: Literal["eval.run"] = "eval.run"
    eval_id: str
    created_at: int
    status: RunStatus = "queued"
    name: str
    model: str
    data_source: dict[str, Any]
    report_url: str = ""
    error: EvalApiError | None = None
    metadata: dict[str, str] | None = None
    result_counts: EvalCounts = EvalCounts()
    per_model_usage: list[ModelUsage] = []
    per_testing_criteria_results: list[CriterionResult] = []


class EvalItem(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a run's data: what was asked and answered, and what each criterion says of it."""

    id: str
    object: Literal["eval.run.output_item"] = "eval.run.output_item"
    eval_id: str
    run_id: str
    created_at: int
    status: ItemStatus
    datasource_item_id: int
    datasource_item: dict[str, Any]
    results: list[dict[str, Any]]
    sample: dict[str, Any]
