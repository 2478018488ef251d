"""What may be asked of a job, and whose turn it is: pure."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.files.errors import InvalidError
from pleiade.finetuning.rules import read_integrations, read_metadata, read_method, read_seed, read_suffix
from pleiade.finetuning.serving import name_of
from pleiade.finetuning.shares import Waiting, next_job

AUTO = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}
GRADER = {"type": "string_check", "name": "g", "input": "{{sample.output_text}}", "reference": "x", "operation": "eq"}
THINKING = {"reasoning_effort": "high"}


def test_supervised_with_everything_auto_is_what_nobody_has_to_ask_for() -> None:
    asked = read_method(None, None)
    assert (asked.name, asked.hyperparameters, asked.grader) == ("supervised", AUTO, None)
    assert asked.shown({"n_epochs": 3}) == {
        "type": "supervised",
        "supervised": {"hyperparameters": {**AUTO, "n_epochs": 3}},
    }


def test_the_older_place_of_hyperparameters_holds_where_the_newer_one_says_nothing() -> None:
    assert read_method(None, {"n_epochs": 2}).hyperparameters["n_epochs"] == 2
    newer = {"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 5}}}
    assert read_method(newer, {"n_epochs": 2}).hyperparameters["n_epochs"] == 5


@pytest.mark.parametrize(
    ("method", "param"),
    [
        ({"type": "magic"}, "method.type"),
        ({"type": "supervised", "supervised": 3}, "method.supervised"),
        ({"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 0}}}, "n_epochs"),
        ({"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 51}}}, "n_epochs"),
        ({"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": 1.5}}}, "n_epochs"),
        ({"type": "supervised", "supervised": {"hyperparameters": {"batch_size": 257}}}, "batch_size"),
        ({"type": "supervised", "supervised": {"hyperparameters": {"batch_size": True}}}, "batch_size"),
        ({"type": "supervised", "supervised": {"hyperparameters": {"beta": 1}}}, "beta"),
        ({"type": "dpo", "dpo": {"hyperparameters": {"beta": 2.1}}}, "beta"),
        ({"type": "dpo", "dpo": {"hyperparameters": {"sft_weight": 101}}}, "sft_weight"),
        ({"type": "dpo", "dpo": {"hyperparameters": {"learning_rate_multiplier": 0}}}, "learning_rate_multiplier"),
        ({"type": "reinforcement", "reinforcement": {}}, "grader"),
        ({"type": "reinforcement", "reinforcement": {"grader": {"type": "score_model"}}}, "grader"),
        ({"type": "reinforcement", "reinforcement": {"grader": GRADER, "hyperparameters": THINKING}}, "reasoning"),
    ],
)
def test_what_is_wrong_with_a_method_is_told_by_its_field(method: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidError) as error:
        read_method(method, None)
    assert param in str(error.value.param)


def test_a_grader_and_its_numbers_are_kept_as_they_were_asked() -> None:
    numbers = {"compute_multiplier": 0.5, "reasoning_effort": "default", "eval_samples": "auto"}
    asked = read_method(
        {"type": "reinforcement", "reinforcement": {"grader": GRADER, "hyperparameters": numbers}}, None
    )
    assert asked.grader == GRADER
    assert asked.hyperparameters == {**AUTO, "compute_multiplier": 0.5, "eval_samples": "auto"}
    assert asked.shown({})["reinforcement"]["grader"] == GRADER


def test_a_suffix_becomes_what_can_stand_in_a_name() -> None:
    assert read_suffix("My Model, v2!") == "my-model-v2"
    assert read_suffix(None) == ""
    for wrong in ("x" * 65, "…"):
        with pytest.raises(InvalidError):
            read_suffix(wrong)


def test_only_what_is_no_sending_is_an_integration() -> None:
    wandb = {"type": "wandb", "wandb": {"project": "p"}}
    assert read_integrations([wandb]) == (wandb,)
    for wrong in ({"type": "mlflow"}, {"type": "wandb"}, {"type": "wandb", "wandb": {}}):
        with pytest.raises(InvalidError, match="integrations"):
            read_integrations([wrong])


def test_metadata_and_seeds_have_their_bounds() -> None:
    assert read_metadata({"a": "b"}) == {"a": "b"}
    assert (read_seed(None, 9), read_seed(0, 9)) == (9, 0)
    for wrong in ({str(n): "" for n in range(17)}, {"k" * 65: ""}, {"k": "v" * 513}):
        with pytest.raises(InvalidError):
            read_metadata(wrong)
    with pytest.raises(InvalidError):
        read_seed(-1, 9)


def test_a_name_tells_base_organisation_suffix_and_job() -> None:
    assert name_of("org/Big Model", "acme", "support", "ftjob-0123456789abcdef") == "ft:Big-Model:acme:support:01234567"
    assert name_of("pico", "acme", "", "ft-0123456789abcdef") == "ft:pico:acme::01234567"


def test_the_project_that_had_least_goes_next_and_what_was_under_way_before_all() -> None:
    jobs = [Waiting("a1", "a", 1), Waiting("a2", "a", 2), Waiting("b1", "b", 3), Waiting("c1", "c", 4)]
    assert next_job(jobs, {}) == "a1"
    assert next_job(jobs, {"a": 10, "c": 5}) == "b1"
    assert next_job(jobs, {"a": 10, "b": 10, "c": 5}) == "c1"
    assert next_job([*jobs, Waiting("d1", "d", 9, begun=True)], {"d": 100}) == "d1"
    assert next_job([], {}) == ""


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30), st.integers(1, 5))
def test_nobody_waits_for_ever_behind_one_who_asks_much(projects: list[str], each: int) -> None:
    waiting = [Waiting(f"{n}", project, n) for n, project in enumerate(projects)]
    had: dict[str, int] = {}
    while waiting:
        chosen = next(one for one in waiting if one.id == next_job(waiting, had))
        assert had.get(chosen.project, 0) == min(had.get(one.project, 0) for one in waiting)
        had[chosen.project] = had.get(chosen.project, 0) + each
        waiting.remove(chosen)
