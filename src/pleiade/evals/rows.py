"""The rows of a run's data: sent with it, in a file, or from what the project has stored."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.evals.errors import InvalidError
from pleiade.evals.nouns import Eval
from pleiade.evals.schema import item_checker
from pleiade.files import records as files
from pleiade.files.contents import Contents
from pleiade.files.jsonl import lines, wrong_line
from pleiade.store import reading
from pleiade.store.objects import chat_completion_metadata, chat_completions, responses

MOST_STORED = 10_000
SECOND = 1_000_000


class Row(msgspec.Struct, frozen=True):
    """One row: what is asked about, and what was answered where that is known."""

    item: dict[str, Any]
    sample: dict[str, Any] | None = None


class _Line(msgspec.Struct):
    item: dict[str, Any]
    sample: dict[str, Any] | None = None


def rows_of(db: sa.Engine, contents: Contents, project: str, of: Eval, source: Mapping[str, Any]) -> Iterator[Row]:
    """The rows that a run's `data_source.source` names, each checked against the eval's schema.

    Raises InvalidError that names the row, files.errors.NotFoundError and InvalidError, ObjectsError, StoreError.
    """
    problem = item_checker(of.data_source_config["schema"]["properties"]["item"])
    for number, row in _raw_rows(db, contents, project, source):
        if trouble := problem(row.item):
            raise InvalidError(f"Row {number} {trouble}.", "data_source.source", "invalid_row")
        yield row


def _raw_rows(db: sa.Engine, contents: Contents, project: str, source: Mapping[str, Any]) -> Iterator[tuple[int, Row]]:
    match source["type"]:
        case "file_content":
            for number, row in enumerate(source["content"], 1):
                yield number, Row(row["item"], row.get("sample"))
        case "file_id":
            with reading(db) as connection:
                kept = files.find(connection, project, source["id"])
            with contents.open(kept) as stream:
                for number, line in lines(stream):
                    yield number, _row_in(number, line)
        case "stored_completions":
            with reading(db) as connection:
                yield from enumerate(_completions(connection, project, source), 1)
        case _:
            with reading(db) as connection:
                yield from enumerate(_responses(connection, project, source), 1)


def _row_in(number: int, line: bytes) -> Row:
    try:
        found = msgspec.json.decode(line, type=_Line)
    except (msgspec.DecodeError, RecursionError) as error:
        raise wrong_line(number, f'is no row of an eval ({error}): write {{"item": {{…}}}} on each line') from error
    return Row(found.item, found.sample)


def _completions(connection: sa.Connection, project: str, source: Mapping[str, Any]) -> Iterator[Row]:
    table, pairs = chat_completions.c, chat_completion_metadata.c
    query = sa.select(table.body, table.messages).where(table.project == project)
    if source.get("model"):
        query = query.where(table.model == source["model"])
    if source.get("created_after") is not None:
        query = query.where(table.recorded > int(source["created_after"]) * SECOND)
    if source.get("created_before") is not None:
        query = query.where(table.recorded < int(source["created_before"]) * SECOND)
    for key, value in (source.get("metadata") or {}).items():
        found = (pairs.project == table.project, pairs.completion == table.id, pairs.key == key, pairs.value == value)
        query = query.where(sa.exists().where(*found))
    most = min(int(source.get("limit") or MOST_STORED), MOST_STORED)
    for row in connection.execute(query.order_by(table.recorded, table.id).limit(most)):
        completion = msgspec.json.decode(row.body)
        message = completion["choices"][0]["message"]
        yield Row(
            {"input": msgspec.json.decode(row.messages), "metadata": completion.get("metadata") or {}},
            {
                "model": completion["model"],
                "choices": completion["choices"],
                "output_text": message.get("content") or "",
                "output_tools": message.get("tool_calls") or [],
            },
        )


def _responses(connection: sa.Connection, project: str, source: Mapping[str, Any]) -> Iterator[Row]:
    table = responses.c
    query = sa.select(table.body, table.input).where(table.project == project, table.status == "completed")
    if source.get("created_after") is not None:
        query = query.where(table.created > int(source["created_after"]))
    if source.get("created_before") is not None:
        query = query.where(table.created < int(source["created_before"]))
    for row in connection.execute(query.order_by(table.created, table.id).limit(MOST_STORED)):
        response = msgspec.json.decode(row.body)
        if _unwanted(response, source):
            continue
        texts = [
            part["text"]
            for item in response["output"]
            if item["type"] == "message"
            for part in item["content"]
            if part["type"] == "output_text"
        ]
        calls = [item for item in response["output"] if item["type"] == "function_call"]
        yield Row(
            {"input": msgspec.json.decode(row.input), "metadata": response.get("metadata") or {}},
            {"model": response["model"], "output_text": "".join(texts), "output_tools": calls},
        )


def _unwanted(response: Mapping[str, Any], source: Mapping[str, Any]) -> bool:
    metadata = response.get("metadata") or {}
    for name in ("model", "temperature", "top_p"):
        if source.get(name) is not None and response.get(name) != source[name]:
            return True
    search = source.get("instructions_search")
    if search and search.casefold() not in str(response.get("instructions") or "").casefold():
        return True
    return any(metadata.get(key) != value for key, value in (source.get("metadata") or {}).items())
