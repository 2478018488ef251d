"""Graders in OpenAI's form give the grades that their definitions give, and wrong ones are refused by field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.domain.graders.check import check_grader
from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.formula import calculate
from pleiade.domain.graders.grade import Means, grade, passes
from pleiade.domain.graders.questions import question
from pleiade.domain.graders.similarity import similarity
from pleiade.domain.graders.templates import filled, sample_of

CHECK = {"type": "string_check", "name": "x", "input": "{{sample.output_text}}", "reference": "{{ item.answer }}"}


@pytest.mark.parametrize(
    ("operation", "answer", "grade_"),
    [("eq", "Paris", 1), ("eq", "paris", 0), ("ne", "Rome", 1), ("like", "In Paris.", 1), ("ilike", "in PARIS", 1)],
)
def test_strings_are_compared(operation: str, answer: str, grade_: float) -> None:
    assert grade(check_grader({**CHECK, "operation": operation}), {"answer": "Paris"}, sample_of(answer)) == grade_


def test_fields_reach_into_objects_and_into_the_answers_json() -> None:
    wanted = {**CHECK, "operation": "eq", "input": "{{sample.output_json.sum}}", "reference": "{{item.right.sum}}"}
    assert grade(wanted, {"right": {"sum": 4}}, sample_of('{"sum": 4}')) == 1
    assert grade(wanted, {"right": {"sum": 4}}, sample_of("no JSON")) == 0
    with pytest.raises(GraderError, match=r"reads item\.right\.sum, which the example does not have"):
        grade(wanted, {"right": {}}, sample_of("{}"))


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


def test_bleu_and_gleu_of_the_papers_own_sentences() -> None:
    # Papineni et al. 2002, §2; the first number is also what nltk gives (smoothing method 2).
    candidate = "It is a guide to action which ensures that the military always obeys the commands of the party"
    reference = "It is a guide to action that ensures that the military will forever heed Party commands"
    assert similarity(candidate, reference, "bleu") == pytest.approx(0.45508704)
    assert similarity(candidate, reference, "gleu") == pytest.approx(5 / 11)
    assert similarity("the the the the the the the", "The cat is on the mat", "bleu") < 0.3  # counts are clipped
    for metric in ("bleu", "gleu"):
        assert similarity("one", "one", metric) == similarity("a b c d e", "a b c d e", metric) == 1
        assert similarity("", "one", metric) == similarity("x", "y", metric) == 0


SCORE = {
    "type": "score_model",
    "model": "judge",
    "input": [
        {"role": "system", "content": "Judge."},
        {"role": "user", "content": [{"type": "input_text", "text": "{{item.ask}} → {{sample.output_text}}"}]},
    ],
    "range": [1, 5],
    "sampling_params": {"max_completions_tokens": 9, "seed": 3},
}
LABEL = {**SCORE, "type": "label_model", "labels": ["good", "bad"], "passing_labels": ["good"], "range": None}


def test_a_model_is_asked_in_a_schema_and_its_answer_is_the_grade() -> None:
    asked: list[dict[str, Any]] = []

    def answering(text: str) -> Means:
        def ask(body: dict[str, Any]) -> str:
            asked.append(body)
            return text

        return Means(ask=ask)

    grader = check_grader(SCORE, models=True)
    assert grade(grader, {"ask": "2 + 2?"}, sample_of("4"), answering('{"result": 4.5}')) == 4.5
    (body,) = asked
    assert body["messages"][1] == {"role": "user", "content": "2 + 2? → 4"}
    assert (body["model"], body["max_completion_tokens"], body["seed"], body["temperature"]) == ("judge", 9, 3, 0)
    result = body["response_format"]["json_schema"]["schema"]["properties"]["result"]
    assert result == {"type": "number", "minimum": 1, "maximum": 5}
    assert grade(grader, {"ask": ""}, sample_of("4"), answering('{"result": 70}')) == 5  # kept in its range
    for nonsense in ("4", "", "[]", '{"result": "four"}'):
        with pytest.raises(GraderError, match="judge gave no grade but"):
            grade(grader, {"ask": ""}, sample_of("4"), answering(nonsense))

    labels = check_grader(LABEL, models=True)
    assert question(labels, {"ask": ""}, sample_of("4"))["response_format"]["json_schema"]["schema"]["properties"] == {
        "result": {"type": "string", "enum": ["good", "bad"]}
    }
    assert grade(labels, {"ask": ""}, sample_of("4"), answering('{"result": "good"}')) == 1
    assert grade(labels, {"ask": ""}, sample_of("4"), answering('{"result": "bad"}')) == 0
    with pytest.raises(GraderError, match="no label"):
        grade(labels, {"ask": ""}, sample_of("4"), answering('{"result": "fine"}'))
    with pytest.raises(GraderError, match="cannot be run here"):
        grade(labels, {"ask": ""}, sample_of("4"))


def test_cosine_is_that_of_the_embeddings() -> None:
    alike = {**CHECK, "type": "text_similarity", "evaluation_metric": "cosine"}
    embeddings = {"near": [3.0, 4.0], "Paris": [4.0, 3.0], "nothing": [0.0, 0.0]}
    means = Means(embed=lambda texts: [embeddings[text] for text in texts])
    assert grade(check_grader(alike, models=True), {"answer": "Paris"}, sample_of("near"), means) == pytest.approx(0.96)
    assert grade(alike, {"answer": "Paris"}, sample_of("nothing"), means) == 0
    with pytest.raises(GraderError):
        check_grader(alike)


def test_fields_are_found_in_lists_too_and_what_is_no_text_is_json() -> None:
    item = {"messages": [{"content": "hello"}], "n": 3, "list": [1, {"a": None}]}
    assert filled("{{item.messages[0].content}} {{ item.messages.0.content }} {{item.n}}", item, {}) == "hello hello 3"
    assert filled("{{item.list}}", item, {}) == '[1,{"a":null}]'
    assert filled("{{sample.output_text}}|{{sample.nothing}}", item, sample_of("é")) == "é|"
    with pytest.raises(GraderError, match=r"item\.messages\[4\]"):
        filled("{{item.messages[4].content}}", item, {})


@pytest.mark.parametrize(
    ("criterion", "value", "passed"),
    [
        ({"type": "string_check"}, 1, True),
        ({"type": "string_check"}, 0, False),
        ({"type": "text_similarity", "pass_threshold": 0.8}, 0.79, False),
        ({"type": "text_similarity", "pass_threshold": 0.8}, 0.8, True),
        ({"type": "score_model", "range": [1, 5]}, 3, True),
        ({"type": "score_model", "range": [1, 5]}, 2.9, False),
        ({"type": "python", "pass_threshold": 2.0}, 1.9, False),
    ],
)
def test_a_grade_passes_from_its_threshold_on(criterion: dict[str, Any], value: float, passed: bool) -> None:
    assert passes(criterion, value) is passed


def test_grades_are_put_together_by_arithmetic_alone() -> None:
    both = {
        "type": "multi",
        "graders": {"exact": {**CHECK, "operation": "eq"}, "near": {**CHECK, "operation": "ilike"}},
        "calculate_output": "0.75 * exact + min(near, 0.25)",
    }
    assert grade(check_grader(both), {"answer": "Paris"}, sample_of("In paris")) == 0.25
    assert calculate("-(2 ** 3) / 4", {}) == calculate("-(2 ^ 3) / 4", {}) == -2
    assert calculate("floor(1.5) + ceil(1.5) + sqrt(9) + log(exp(1))", {}) == 7
    for hostile in (
        "__import__('os')",
        "exact.real",
        "[1][0]",
        "exact if 1 else 0",
        "9 ** 9 ** 9",
        "max()",
        "log(0)",
        "sqrt(-1)",
    ):
        with pytest.raises(GraderError):
            calculate(hostile, {"exact": 1.0})


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([], "grader must be a JSON object"),
        ({"type": "nothing"}, "grader.type is 'nothing'"),
        ({**CHECK, "operation": "like it"}, "grader.operation must be one of eq, ne, like, ilike"),
        ({"type": "string_check", "reference": "x", "operation": "eq"}, "grader.input must be a string"),
        ({**CHECK, "type": "text_similarity", "evaluation_metric": "best"}, "evaluation_metric must be one of"),
        ({**CHECK, "type": "text_similarity", "evaluation_metric": "meteor"}, "use rouge_l or gleu"),
        ({**CHECK, "operation": "eq", "input": "{{answer}}"}, "grader.input reads answer: fields are item"),
        ({"type": "python", "source": "def grade(" + "#" * 300_000}, "larger than 256 KiB"),
        ({"type": "python", "source": "print(1)"}, "must define grade"),
        ({"type": "multi", "graders": {"a": {}}, "calculate_output": "a"}, "grader.graders.a.type"),
        ({"type": "multi", "graders": {"a": {**CHECK, "operation": "eq"}}, "calculate_output": "b"}, "names (a)"),
        ({"type": "score_model"}, "train a reward model"),
        ({"type": "multi", "graders": {"a": {"type": "multi"}}, "calculate_output": "a"}, "a multi grader in a multi"),
    ],
)
def test_a_wrong_grader_is_refused_by_its_field(value: Any, said: str) -> None:
    with pytest.raises(GraderError) as refused:
        check_grader(value)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model": ""}, "grader.model must be the name of a deployment"),
        ({"input": []}, "grader.input must be a list of messages"),
        ({"input": [{"role": "judge", "content": "x"}]}, "grader.input[0].role must be one of"),
        ({"input": [{"role": "user", "content": {"type": "input_image"}}]}, "grader.input[0].content must be text"),
        ({"range": [1]}, "grader.range must be two numbers"),
        ({"range": [5, 1]}, "must begin with the lower number"),
        ({"type": "label_model", "labels": ["a", "a"]}, "grader.labels must be a list of different strings"),
        (
            {"type": "label_model", "labels": ["a"], "passing_labels": ["b"]},
            "passing_labels must be some of the labels",
        ),
    ],
)
def test_a_wrong_question_to_a_model_is_refused_by_its_field(change: dict[str, Any], said: str) -> None:
    with pytest.raises(GraderError) as refused:
        check_grader({**SCORE, **change}, models=True)
    assert said in str(refused.value)
