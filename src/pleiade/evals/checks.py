"""What a client may create: an eval's data source and criteria, a run's data source. Wrong fields are told by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from pleiade.domain.graders.check import check_grader
from pleiade.domain.graders.errors import GraderError
from pleiade.domain.graders.questions import ROLES
from pleiade.domain.graders.templates import NAMESPACES, STEPS, fields_of
from pleiade.evals.errors import InvalidError
from pleiade.evals.schema import check_item_schema, row_schema

CONFIGS = ("custom", "logs", "stored_completions")
CRITERIA = ("label_model", "string_check", "text_similarity", "python", "score_model")
SOURCES = ("jsonl", "completions", "responses")
MOST_CRITERIA = 32
MOST_ROWS_INLINE = 10_000
LOGGED = {  # what rows of stored completions and responses hold
    "type": "object",
    "properties": {"input": {"type": "array", "items": {"type": "object"}}, "metadata": {"type": "object"}},
    "required": ["input"],
}


def check_config(value: Any) -> dict[str, Any]:
    """The data source config as it is kept and shown, with the schema of a row. Raises InvalidError."""
    config = _object(value, "data_source_config")
    kind = _one_of(config.get("type"), CONFIGS, "data_source_config.type")
    if kind == "custom":
        item = check_item_schema(config.get("item_schema"), "data_source_config.item_schema")
        return {"type": kind, "schema": row_schema(item, bool(config.get("include_sample_schema")))}
    metadata = _object(config.get("metadata") or {}, "data_source_config.metadata")
    return {"type": kind, "metadata": metadata, "schema": row_schema(LOGGED, True)}


def check_criteria(value: Any, python_refused: Callable[[], str | None]) -> list[dict[str, Any]]:
    """The criteria, each with a name of its own. `python_refused` says why no Python can be run here.

    Raises InvalidError that names the field at fault.
    """
    if not isinstance(value, list) or not value:
        raise InvalidError("Invalid 'testing_criteria': expected a list of graders.", "testing_criteria")
    if len(value) > MOST_CRITERIA:
        raise InvalidError(f"Invalid 'testing_criteria': at most {MOST_CRITERIA} graders.", "testing_criteria")
    names: set[str] = set()
    for number, criterion in enumerate(value):
        where = f"testing_criteria[{number}]"
        kind = _one_of(_object(criterion, where).get("type"), CRITERIA, f"{where}.type")
        try:
            check_grader(criterion, where, models=True)
        except GraderError as error:
            raise InvalidError(f"Invalid '{where}': {error}.", where) from error
        name = criterion.get("name")
        if not isinstance(name, str) or not name or len(name) > 200:
            raise InvalidError(f"Invalid '{where}.name': expected a name of 1 to 200 characters.", f"{where}.name")
        if name in names:
            raise InvalidError(f"Invalid '{where}.name': two graders are called {name!r}.", f"{where}.name")
        names.add(name)
        threshold = criterion.get("pass_threshold")
        if threshold is None and kind == "text_similarity":
            raise InvalidError(f"Missing required parameter: '{where}.pass_threshold'.", f"{where}.pass_threshold")
        if threshold is not None and (isinstance(threshold, bool) or not isinstance(threshold, int | float)):
            raise InvalidError(f"Invalid '{where}.pass_threshold': expected a number.", f"{where}.pass_threshold")
        if kind == "python" and (reason := python_refused()):
            raise InvalidError(f"Invalid '{where}': Python cannot be run safely here: {reason}.", where)
    return value


def check_source(value: Any, config: Mapping[str, Any]) -> dict[str, Any]:
    """The data source of a run of an eval with that config. Raises InvalidError that names the field at fault."""
    source = _object(value, "data_source")
    kind = _one_of(source.get("type"), SOURCES, "data_source.type")
    rows = _object(source.get("source"), "data_source.source")
    stored = {"jsonl": (), "completions": ("stored_completions",), "responses": ("responses",)}[kind]
    known = ("file_content", "file_id", *stored)
    from_where = _one_of(rows.get("type"), known, "data_source.source.type")
    if from_where == "file_content":
        _check_rows(rows.get("content"))
    if from_where == "file_id" and not isinstance(rows.get("id"), str):
        raise InvalidError("Missing required parameter: 'data_source.source.id'.", "data_source.source.id")
    asks = kind != "jsonl" and (source.get("model") is not None or from_where not in stored)
    if asks and (not isinstance(source.get("model"), str) or not source["model"]):
        raise InvalidError(
            "Missing required parameter: 'data_source.model': name the deployment that shall answer.",
            "data_source.model",
        )
    if source.get("input_messages") is not None:
        _check_messages(source["input_messages"])
    elif asks and from_where not in stored:
        raise InvalidError(
            "Missing required parameter: 'data_source.input_messages': a template, or a reference to the item's own.",
            "data_source.input_messages",
        )
    if source.get("sampling_params") is not None:
        _object(source["sampling_params"], "data_source.sampling_params")
    if (config["type"] == "custom") is (from_where in stored):
        wanted = "file_content or file_id" if config["type"] == "custom" else "stored completions or responses"
        raise InvalidError(
            f"Invalid 'data_source.source.type': the eval's data source is {config['type']}: rows come from {wanted}.",
            "data_source.source.type",
        )
    return source


def _check_rows(content: Any) -> None:
    where = "data_source.source.content"
    if not isinstance(content, list) or not content:
        raise InvalidError(f"Invalid '{where}': expected a list of rows.", where)
    if len(content) > MOST_ROWS_INLINE:
        raise InvalidError(f"Invalid '{where}': at most {MOST_ROWS_INLINE} rows; send a file for more.", where)
    for number, row in enumerate(content):
        _object(_object(row, f"{where}[{number}]").get("item"), f"{where}[{number}].item")
        if row.get("sample") is not None:
            _object(row["sample"], f"{where}[{number}].sample")


def _check_messages(value: Any) -> None:
    where = "data_source.input_messages"
    messages = _object(value, where)
    if _one_of(messages.get("type"), ("template", "item_reference"), f"{where}.type") == "item_reference":
        path = messages.get("item_reference")
        if not isinstance(path, str) or STEPS.findall(path)[:1] != ["item"]:
            raise InvalidError(
                f"Invalid '{where}.item_reference': expected a field such as 'item.messages'.",
                f"{where}.item_reference",
            )
        return
    template = messages.get("template")
    if not isinstance(template, list) or not template:
        raise InvalidError(f"Invalid '{where}.template': expected a list of messages.", f"{where}.template")
    for number, message in enumerate(template):
        place = f"{where}.template[{number}]"
        _one_of(_object(message, place).get("role"), ROLES, f"{place}.role")
        for path in fields_of(msgspec.json.encode(message.get("content")).decode()):
            if STEPS.findall(path)[:1] != [NAMESPACES[0]]:
                raise InvalidError(f"Invalid '{place}.content': it reads {path}; a template reads item.… only.", place)


def _object(value: Any, param: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidError(f"Invalid '{param}': expected an object.", param, "invalid_type")
    return value


def _one_of(value: Any, known: tuple[str, ...], param: str) -> str:
    if value is None:
        raise InvalidError(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")
    if value not in known:
        names = ", ".join(f"'{name}'" for name in known)
        raise InvalidError(f"Invalid value: {str(value)[:40]!r}. Supported values are: {names}.", param)
    return str(value)
