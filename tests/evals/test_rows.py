"""The rows of a run: sent with it, in a file, or stored before; and what they become as questions and samples."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from pleiade.domain.graders.errors import GraderError
from pleiade.evals.asking import as_sample, chat_body, shown_messages, stored_sample
from pleiade.evals.checks import check_config
from pleiade.evals.errors import InvalidError
from pleiade.evals.nouns import Eval
from pleiade.evals.rows import Row, rows_of
from pleiade.files.contents import Contents
from pleiade.files.errors import InvalidError as InvalidFileError
from pleiade.files.errors import NotFoundError
from pleiade.files.making import make
from pleiade.gateway.stored import completion_records, response_records
from pleiade.store import unit_of_work

ITEM = {"type": "object", "properties": {"ask": {"type": "string"}}, "required": ["ask"]}


def an_eval(**config: Any) -> Eval:
    config = {"type": "custom", "item_schema": ITEM} | config
    return Eval(id="eval_1", created_at=1, name="", data_source_config=check_config(config), testing_criteria=[])


def read(db: sa.Engine, contents: Contents, source: dict[str, Any], of: Eval | None = None) -> list[Row]:
    return list(rows_of(db, contents, "mine", of or an_eval(), source))


def test_rows_that_came_with_the_run_are_checked_by_number(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    contents = Contents(str(tmp_path))
    good = {"item": {"ask": "?"}, "sample": {"output_text": "!"}}
    assert read(sqlite_db, contents, {"type": "file_content", "content": [good]}) == [Row({"ask": "?"}, good["sample"])]
    with pytest.raises(InvalidError, match=r"Row 2 does not keep .* at item\.ask"):
        read(sqlite_db, contents, {"type": "file_content", "content": [good, {"item": {"ask": 1}}]})


def test_rows_of_a_file_are_read_line_by_line(db: sa.Engine, tmp_path: Path) -> None:
    contents = Contents(str(tmp_path))

    def a_file(identifier: str, text: bytes) -> dict[str, Any]:
        make(db, contents, project="mine", identifier=identifier, filename="x", purpose="evals", pieces=[text])
        return {"type": "file_id", "id": identifier}

    lines = b'\xef\xbb\xbf{"item": {"ask": "a"}}\r\n\r\n{"item": {"ask": "b"}, "sample": {"output_text": "c"}}'
    assert [row.item["ask"] for row in read(db, contents, a_file("file-1", lines))] == ["a", "b"]
    with pytest.raises(InvalidFileError, match="Line 2 is no row of an eval"):
        read(db, contents, a_file("file-2", b'{"item": {"ask": "a"}}\n{"ask": "b"}'))
    with pytest.raises(NotFoundError):
        list(rows_of(db, contents, "yours", an_eval(), {"type": "file_id", "id": "file-1"}))


def test_stored_completions_are_found_by_model_metadata_and_time(db: sa.Engine, tmp_path: Path) -> None:
    for number, model in enumerate(("a", "a", "b")):
        completion = {
            "id": f"chatcmpl-{number}",
            "model": model,
            "metadata": {"case": str(number)},
            "choices": [{"index": 0, "message": {"role": "assistant", "content": f"answer {number}"}}],
        }
        with unit_of_work(db) as connection:
            completion_records.insert(connection, "mine", completion, [{"role": "user", "content": f"ask {number}"}])
    stored = an_eval(type="stored_completions")

    def found(**wanted: Any) -> list[str]:
        source = {"type": "stored_completions", **wanted}
        return [stored_sample(row)["output_text"] for row in read(db, Contents(str(tmp_path)), source, stored)]

    assert found() == ["answer 0", "answer 1", "answer 2"]
    assert found(model="a", limit=1) == ["answer 0"]
    assert found(metadata={"case": "2"}) == ["answer 2"]
    assert found(created_before=1) == found(created_after=4_000_000_000) == []
    (row, *_) = read(db, Contents(str(tmp_path)), {"type": "stored_completions"}, stored)
    again = chat_body({"model": "other"}, row)
    assert again == {"model": "other", "messages": [{"role": "user", "content": "ask 0"}]}


def test_stored_responses_are_found_too(sqlite_db: sa.Engine, tmp_path: Path) -> None:
    parts = [{"type": "output_text", "text": "four"}]
    response = {
        "id": "resp_1",
        "created_at": 10,
        "status": "completed",
        "previous_response_id": None,
        "model": "m",
        "metadata": {"case": "x"},
        "instructions": "Add up.",
        "output": [{"id": "msg_1", "type": "message", "role": "assistant", "content": parts}],
    }
    asked = [{"id": "msg_0", "type": "message", "role": "user", "content": [{"type": "input_text", "text": "2 + 2"}]}]
    with unit_of_work(sqlite_db) as connection:
        response_records.insert(connection, "mine", response, asked, [])
    logs = an_eval(type="logs")
    contents = Contents(str(tmp_path))
    (row,) = read(sqlite_db, contents, {"type": "responses", "instructions_search": "ADD"}, logs)
    assert stored_sample(row)["output_text"] == "four"
    assert chat_body({"model": "m"}, row)["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "2 + 2"}]}
    ]
    for miss in ({"model": "n"}, {"metadata": {"case": "y"}}, {"instructions_search": "subtract"}):
        assert read(sqlite_db, contents, {"type": "responses", **miss}, logs) == []


def test_a_template_becomes_the_conversation_that_is_asked() -> None:
    template = [
        {"role": "developer", "content": "Be brief."},
        {"type": "message", "role": "user", "content": {"type": "input_text", "text": "{{item.ask}}?"}},
    ]
    source = {
        "model": "m",
        "input_messages": {"type": "template", "template": template},
        "sampling_params": {"temperature": 0, "max_completion_tokens": 5, "text": {"format": {"type": "text"}}},
    }
    body = chat_body(source, Row({"ask": "2 + 2"}))
    assert body == {
        "model": "m",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "2 + 2?"}]},
        ],
        "temperature": 0,
        "max_completion_tokens": 5,
    }
    assert shown_messages(body)[0] == {"role": "developer", "content": "Be brief."}
    with pytest.raises(GraderError, match=r"item\.ask, which the example does not have"):
        chat_body(source, Row({}))
    reference = {"model": "m", "input_messages": {"type": "item_reference", "item_reference": "item.said"}}
    said = [{"role": "user", "content": "hello"}]
    assert chat_body(reference, Row({"said": said}))["messages"] == said
    with pytest.raises(GraderError, match="no list of messages"):
        chat_body(reference, Row({"said": "hello"}))


def test_an_answer_is_what_graders_call_a_sample() -> None:
    message = {"role": "assistant", "content": '{"sum": 4}', "tool_calls": [{"id": "call_1"}]}
    sample = as_sample({"model": "m", "choices": [{"message": message}]})
    assert (sample["output_text"], sample["output_json"]) == ('{"sum": 4}', {"sum": 4})
    assert (sample["model"], sample["output_tools"]) == ("m", [{"id": "call_1"}])
