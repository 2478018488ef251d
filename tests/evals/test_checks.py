"""What may be created as an eval or a run; what may not is told by its field."""

from typing import Any

import pytest

from pleiade.evals.checks import check_config, check_criteria, check_source
from pleiade.evals.errors import InvalidError
from pleiade.evals.schema import item_checker

SCHEMA = {"type": "object", "properties": {"ask": {"type": "string"}}, "required": ["ask"]}
CUSTOM = {"type": "custom", "item_schema": SCHEMA, "include_sample_schema": True}
STRING = {
    "type": "string_check",
    "name": "right",
    "input": "{{sample.output_text}}",
    "reference": "x",
    "operation": "eq",
}
TEMPLATE = {"type": "template", "template": [{"role": "user", "content": "{{item.ask}}"}]}
ROWS = {"type": "file_content", "content": [{"item": {"ask": "?"}}]}
ASKING = {"type": "completions", "source": ROWS, "model": "m", "input_messages": TEMPLATE}


def refused(check: Any, *arguments: Any) -> InvalidError:
    with pytest.raises(InvalidError) as told:
        check(*arguments)
    return told.value


def test_a_config_shows_the_schema_of_its_rows() -> None:
    shown = check_config(CUSTOM)
    assert shown["schema"]["properties"]["item"] == SCHEMA
    assert shown["schema"]["required"] == ["item", "sample"]
    assert "sample" not in check_config({**CUSTOM, "include_sample_schema": False})["schema"]["properties"]
    stored = check_config({"type": "stored_completions", "metadata": {"case": "a"}})
    assert stored["metadata"] == {"case": "a"}
    assert "input" in stored["schema"]["properties"]["item"]["properties"]


@pytest.mark.parametrize(
    ("config", "param"),
    [
        (None, "data_source_config"),
        ({}, "data_source_config.type"),
        ({"type": "s3"}, "data_source_config.type"),
        ({"type": "custom"}, "data_source_config.item_schema"),
        ({"type": "custom", "item_schema": {"type": "thing"}}, "data_source_config.item_schema"),
        ({"type": "custom", "item_schema": {"enum": ["x" * 300_000]}}, "data_source_config.item_schema"),
        ({"type": "logs", "metadata": []}, "data_source_config.metadata"),
    ],
)
def test_a_wrong_config_is_refused_by_its_field(config: Any, param: str) -> None:
    if isinstance(config, dict) and config.get("metadata") == []:
        config = {**config, "metadata": ["x"]}
    assert refused(check_config, config).param == param


@pytest.mark.parametrize(
    ("criteria", "param"),
    [
        ([], "testing_criteria"),
        ([STRING] * 40, "testing_criteria"),
        (["x"], "testing_criteria[0]"),
        ([{**STRING, "type": "multi"}], "testing_criteria[0].type"),
        ([{**STRING, "operation": "is"}], "testing_criteria[0]"),
        ([{**STRING, "name": ""}], "testing_criteria[0].name"),
        ([STRING, STRING], "testing_criteria[1].name"),
        ([{**STRING, "type": "text_similarity", "evaluation_metric": "bleu"}], "testing_criteria[0].pass_threshold"),
        ([{**STRING, "pass_threshold": True}], "testing_criteria[0].pass_threshold"),
        ([{"type": "python", "name": "p", "source": "def grade(s, i): return 1"}], "testing_criteria[0]"),
    ],
)
def test_wrong_criteria_are_refused_by_their_field(criteria: Any, param: str) -> None:
    told = refused(check_criteria, criteria, lambda: "no namespaces here")
    assert told.param == param


def test_python_is_a_criterion_where_it_can_be_run_safely() -> None:
    python = {"type": "python", "name": "p", "source": "def grade(s, i): return 1"}
    assert check_criteria([STRING, python], lambda: None) == [STRING, python]


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"type": "csv"}, "data_source.type"),
        ({"source": None}, "data_source.source"),
        ({"source": {"type": "responses"}}, "data_source.source.type"),
        ({"source": {"type": "file_content", "content": []}}, "data_source.source.content"),
        ({"source": {"type": "file_content", "content": [{"x": 1}]}}, "data_source.source.content[0].item"),
        ({"source": {"type": "file_id"}}, "data_source.source.id"),
        ({"source": {"type": "stored_completions"}}, "data_source.source.type"),
        ({"model": None}, "data_source.model"),
        ({"input_messages": None}, "data_source.input_messages"),
        ({"input_messages": {"type": "template", "template": []}}, "data_source.input_messages.template"),
        (
            {"input_messages": {"type": "template", "template": [{"role": "judge", "content": ""}]}},
            "data_source.input_messages.template[0].role",
        ),
        (
            {"input_messages": {"type": "template", "template": [{"role": "user", "content": "{{sample.x}}"}]}},
            "data_source.input_messages.template[0].content",
        ),
        (
            {"input_messages": {"type": "item_reference", "item_reference": "sample.x"}},
            "data_source.input_messages.item_reference",
        ),
        ({"sampling_params": 3}, "data_source.sampling_params"),
    ],
)
def test_a_wrong_data_source_is_refused_by_its_field(change: dict[str, Any], param: str) -> None:
    config = check_config(CUSTOM)
    assert check_source(ASKING, config) == ASKING
    told = refused(check_source, {**ASKING, **change}, config)
    assert str(told.param).startswith(param.removesuffix(".content"))


def test_stored_answers_are_graded_as_they_are_or_asked_anew() -> None:
    stored = check_config({"type": "stored_completions"})
    source = {"type": "completions", "source": {"type": "stored_completions"}}
    assert check_source(source, stored)
    assert check_source({**source, "model": "m"}, stored)
    assert refused(check_source, ASKING, stored).param == "data_source.source.type"


def test_an_item_that_does_not_keep_to_the_schema_is_told_by_its_place() -> None:
    problem = item_checker(SCHEMA)
    assert problem({"ask": "?"}) == ""
    assert "item.ask" in problem({"ask": 3})
    assert "'ask' is a required property" in problem({})


def test_a_schema_can_neither_fetch_anything_nor_hold_a_process() -> None:
    assert "cannot be checked" in item_checker({"$ref": "http://127.0.0.1:1/schema"})({"a": 1})
    endless = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}
    assert item_checker(endless)({"a": "a" * 60 + "!"}) == ""  # patterns are passed over
