"""One row graded by every criterion, and the sums over a run's rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.grade import Means, grade, passes
from pleiade.evals.nouns import CriterionResult, EvalCounts, EvalItem, ItemStatus, ModelUsage

Usage = dict[str, dict[str, int]]  # by model: the numbers of ModelUsage


def grade_row(
    criteria: Sequence[Mapping[str, Any]], item: Mapping[str, Any], sample: Mapping[str, Any], means: Means
) -> tuple[ItemStatus, list[dict[str, Any]]]:
    """Whether a row passes every criterion, and each one's result. A grader that fails makes the row an error."""
    results: list[dict[str, Any]] = []
    failed = False
    for criterion in criteria:
        result = {"name": criterion["name"], "type": criterion["type"].replace("_", "-") + "-grader"}
        try:
            score = grade(criterion, item, sample, means)
        except GraderError as error:
            failed = True
            results.append({**result, "passed": False, "score": 0.0, "sample": {"error": str(error)[:2000]}})
        else:
            results.append({**result, "passed": passes(criterion, score), "score": score})
    return "error" if failed else "pass" if all(result["passed"] for result in results) else "fail", results


def add_usage(usage: Usage, model: str, told: Mapping[str, Any] | None) -> None:
    """Count one call of `model` whose answer told `told`."""
    told = told or {}
    details = told.get("prompt_tokens_details") or {}
    of_model = usage.setdefault(model, dict.fromkeys(_NUMBERS, 0))
    for name, count in (
        ("invocation_count", 1),
        ("prompt_tokens", told.get("prompt_tokens") or 0),
        ("completion_tokens", told.get("completion_tokens") or 0),
        ("cached_tokens", details.get("cached_tokens") or 0),
        ("total_tokens", told.get("total_tokens") or 0),
    ):
        of_model[name] += count


def summed(
    criteria: Sequence[Mapping[str, Any]], items: Iterable[tuple[EvalItem, Usage]]
) -> tuple[EvalCounts, list[CriterionResult], list[ModelUsage]]:
    """What a run's items say together."""
    counts = {"pass": 0, "fail": 0, "error": 0}
    passed = {str(criterion["name"]): [0, 0] for criterion in criteria}
    usage: Usage = {}
    for item, used in items:
        counts[item.status] += 1
        for result in item.results:
            passed[result["name"]][not result["passed"]] += 1
        for model, numbers in used.items():
            of_model = usage.setdefault(model, dict.fromkeys(_NUMBERS, 0))
            for name, number in numbers.items():
                of_model[name] += number
    total = sum(counts.values())
    return (
        EvalCounts(total=total, errored=counts["error"], failed=counts["fail"], passed=counts["pass"]),
        [CriterionResult(testing_criteria=name, passed=yes, failed=no) for name, (yes, no) in passed.items()],
        [ModelUsage(model_name=model, **numbers) for model, numbers in usage.items()],
    )


_NUMBERS = tuple(field.name for field in msgspec.structs.fields(ModelUsage) if field.name != "model_name")
