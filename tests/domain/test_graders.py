"""Graders in OpenAI's form give the grades that their definitions give, and wrong ones are refused by field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.domain.graders import GraderError, calculate, check_grader, grade, similarity

CHECK = {"type": "string_check", "name": "x", "input": "{{sample.output_text}}", "reference": "{{ item.answer }}"}


@pytest.mark.parametrize(
    ("operation", "answer", "grade_"),
    [("eq", "Paris", 1), ("eq", "paris", 0), ("ne", "Rome", 1), ("like", "In Paris.", 1), ("ilike", "in PARIS", 1)],
)
def test_strings_are_compared(operation: str, answer: str, grade_: float) -> None:
    assert grade(check_grader({**CHECK, "operation": operation}), answer, {"answer": "Paris"}) == grade_


def test_fields_reach_into_objects_and_into_the_answers_json() -> None:
    wanted = {**CHECK, "operation": "eq", "input": "{{sample.output_json.sum}}", "reference": "{{item.right.sum}}"}
    assert grade(wanted, '{"sum": 4}', {"right": {"sum": 4}}) == 1
    assert grade(wanted, "no JSON", {"right": {"sum": 4}}) == 0
    with pytest.raises(GraderError, match=r"reads item\.right\.sum, which the example does not have"):
        grade(wanted, "{}", {"right": {}})


def test_similarities_are_what_their_names_say() -> None:
    assert similarity("kitten", "sitting", "fuzzy_match") == pytest.approx(8 / 13)  # "ittn" in both
    assert similarity("the cat sat", "The cat stood", "rouge_l") == pytest.approx(4 / 6)
    assert similarity("a b c d", "a b x d", "rouge_2") == pytest.approx(2 / 6)
    assert similarity("", "", "fuzzy_match") == 1


@given(st.text("abc", max_size=12), st.text("abc", max_size=12))
def test_the_common_part_is_that_of_the_textbook(a: str, b: str) -> None:
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, left in enumerate(a):
        for j, right in enumerate(b):
            longer = max(table[i][j + 1], table[i + 1][j])
            table[i + 1][j + 1] = table[i][j] + 1 if left == right else longer
    expected = 2 * table[-1][-1] / (len(a) + len(b)) if a or b else 1
    assert similarity(a, b, "fuzzy_match") == pytest.approx(expected)


def test_grades_are_put_together_by_arithmetic_alone() -> None:
    both = {
        "type": "multi",
        "graders": {"exact": {**CHECK, "operation": "eq"}, "near": {**CHECK, "operation": "ilike"}},
        "calculate_output": "0.75 * exact + min(near, 0.25)",
    }
    assert grade(check_grader(both), "In paris", {"answer": "Paris"}) == 0.25
    assert calculate("-(2 ** 3) / 4", {}) == -2
    for hostile in ("__import__('os')", "exact.real", "[1][0]", "exact if 1 else 0", "9 ** 9 ** 9", "max()"):
        with pytest.raises(GraderError):
            calculate(hostile, {"exact": 1.0})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "grader must be a JSON object"),
        ({"type": "nothing"}, "grader.type is 'nothing'"),
        ({**CHECK, "operation": "like it"}, "grader.operation must be one of eq, ne, like, ilike"),
        ({"type": "string_check", "reference": "x", "operation": "eq"}, "grader.input must be a string"),
        ({**CHECK, "type": "text_similarity", "evaluation_metric": "bleu"}, "evaluation_metric must be one of"),
        ({"type": "python", "source": "print(1)"}, "must define grade"),
        ({"type": "multi", "graders": {"a": {}}, "calculate_output": "a"}, "grader.graders.a.type"),
        ({"type": "multi", "graders": {"a": {**CHECK, "operation": "eq"}}, "calculate_output": "b"}, "names (a)"),
        ({"type": "score_model"}, "train a reward model"),
    ],
)
def test_a_wrong_grader_is_refused_by_its_field(value: Any, said: str) -> None:
    with pytest.raises(GraderError) as refused:
        check_grader(value)
    assert said in str(refused.value)
