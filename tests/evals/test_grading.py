"""Rows pass where every criterion says so; a grader that fails makes the row an error and no other."""

from typing import Any

from pleiade.domain.graders.grade import Means
from pleiade.domain.graders.templates import sample_of
from pleiade.evals.grading import add_usage, grade_row, summed
from pleiade.evals.nouns import CriterionResult, EvalCounts, EvalItem, ModelUsage

EQUAL = {
    "type": "string_check",
    "name": "equal",
    "input": "{{sample.output_text}}",
    "reference": "{{item.right}}",
    "operation": "eq",
}
NEAR = {**EQUAL, "type": "text_similarity", "name": "near", "evaluation_metric": "fuzzy_match", "pass_threshold": 0.5}
PYTHON = {"type": "python", "name": "python", "source": "def grade(sample, item): return 1", "pass_threshold": 0.9}


def test_a_row_passes_where_every_criterion_does() -> None:
    status, results = grade_row([EQUAL, NEAR], {"right": "four"}, sample_of("four"), Means())
    assert status == "pass"
    assert results == [
        {"name": "equal", "type": "string-check-grader", "passed": True, "score": 1.0},
        {"name": "near", "type": "text-similarity-grader", "passed": True, "score": 1.0},
    ]
    status, results = grade_row([EQUAL, NEAR], {"right": "four"}, sample_of("fours"), Means())
    assert status == "fail"
    assert [result["passed"] for result in results] == [False, True]


def test_a_grader_that_fails_is_an_error_and_the_others_are_told() -> None:
    status, results = grade_row([EQUAL, PYTHON], {"right": "x"}, sample_of("x"), Means())
    assert status == "error"
    assert results[0]["passed"]
    assert "cannot be run here" in results[1]["sample"]["error"]
    status, _ = grade_row([PYTHON], {}, sample_of("x"), Means(run_python=lambda *_: 0.95))
    assert status == "pass"


def test_sums_are_those_of_the_rows() -> None:
    used: dict[str, dict[str, int]] = {}
    told = {
        "prompt_tokens": 5,
        "completion_tokens": 2,
        "total_tokens": 7,
        "prompt_tokens_details": {"cached_tokens": 4},
    }
    add_usage(used, "m", told)
    add_usage(used, "m", None)  # a call that told nothing is a call all the same

    def item(number: int, answer: str) -> EvalItem:
        status, results = grade_row([EQUAL, NEAR], {"right": "four"}, sample_of(answer), Means())
        fields: dict[str, Any] = {"datasource_item": {}, "results": results, "sample": {}}
        return EvalItem(
            id=str(number), eval_id="e", run_id="r", created_at=1, status=status, datasource_item_id=number, **fields
        )

    rows = [(item(0, "four"), used), (item(1, "fours"), used), (item(2, "x"), {})]
    counts, criteria, usage = summed([EQUAL, NEAR], rows)
    assert counts == EvalCounts(total=3, passed=1, failed=2)
    assert criteria == [
        CriterionResult(testing_criteria="equal", passed=1, failed=2),
        CriterionResult(testing_criteria="near", passed=2, failed=1),
    ]
    assert usage == [
        ModelUsage(
            model_name="m",
            invocation_count=4,
            prompt_tokens=10,
            completion_tokens=4,
            cached_tokens=8,
            total_tokens=14,
        )
    ]
