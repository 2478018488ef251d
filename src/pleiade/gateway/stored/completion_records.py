"""Stored chat completions in the database: functions on a connection, always by project."""

import time
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.gateway.stored.paging import Page, list_object, lost_cursor
from pleiade.store.objects import chat_completion_metadata, chat_completions

Completion = dict[str, Any]
Message = dict[str, Any]

_table = chat_completions.c
_pairs = chat_completion_metadata.c


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which completions a listing wants: all conditions must hold."""

    model: str = ""
    metadata: dict[str, str] = {}


def insert(
    connection: sa.Connection, project: str, completion: Completion, messages: list[Message], owner: str = ""
) -> None:
    """Keep `completion` with the messages that it answered; one of the same id is replaced."""
    delete(connection, project, completion["id"])
    connection.execute(
        sa.insert(chat_completions).values(
            project=project,
            owner=owner,
            id=completion["id"],
            recorded=time.time_ns() // 1000,
            model=completion["model"],
            body=_encode(completion),
            messages=_encode(messages),
        )
    )
    _insert_pairs(connection, project, completion)


def find(connection: sa.Connection, project: str, identifier: str) -> Completion | None:
    """The completion of that id, None where this project has none."""
    row = _row(connection, project, identifier)
    return None if row is None else _decode(row.body)


def find_messages(connection: sa.Connection, project: str, identifier: str) -> list[Message] | None:
    """The messages that a completion answered, None where this project has no such completion."""
    row = _row(connection, project, identifier)
    return None if row is None else _decode(row.messages)


def set_metadata(
    connection: sa.Connection, project: str, identifier: str, metadata: dict[str, str]
) -> Completion | None:
    """Replace a completion's metadata and return it; None where this project has none of that id."""
    row = _row(connection, project, identifier)
    if row is None:
        return None
    completion: Completion = {**_decode(row.body), "metadata": metadata}
    connection.execute(
        sa.update(chat_completions)
        .where(_table.project == project, _table.id == identifier)
        .values(body=_encode(completion))
    )
    connection.execute(
        sa.delete(chat_completion_metadata).where(_pairs.project == project, _pairs.completion == identifier)
    )
    _insert_pairs(connection, project, completion)
    return completion


def delete(connection: sa.Connection, project: str, identifier: str) -> bool:
    """Forget a completion; False where this project has none of that id."""
    if "\0" in identifier:
        return False
    done = connection.execute(sa.delete(chat_completions).where(_table.project == project, _table.id == identifier))
    return done.rowcount > 0


def list_page(connection: sa.Connection, project: str, wanted: Filter, page: Page) -> dict[str, Any]:
    """One page of a project's completions, in the order in which they were made. Raises ApiError."""
    query = sa.select(chat_completions).where(_table.project == project)
    if wanted.model:
        query = query.where(_table.model == wanted.model)
    for key, value in wanted.metadata.items():
        query = query.where(
            sa.exists().where(
                _pairs.project == _table.project,
                _pairs.completion == _table.id,
                _pairs.key == key,
                _pairs.value == value,
            )
        )
    place = sa.tuple_(_table.recorded, _table.id)
    if page.after:
        last = _row(connection, project, page.after)
        if last is None:
            raise lost_cursor(page.after)
        mark = sa.tuple_(sa.literal(last.recorded), sa.literal(last.id))
        query = query.where(place < mark if page.descending else place > mark)
    order = [column.desc() if page.descending else column.asc() for column in (_table.recorded, _table.id)]
    rows = connection.execute(query.order_by(*order).limit(page.limit + 1)).all()
    return list_object([_decode(row.body) for row in rows[: page.limit]], has_more=len(rows) > page.limit)


def _row(connection: sa.Connection, project: str, identifier: str) -> sa.Row[Any] | None:
    if "\0" in identifier:
        return None
    return connection.execute(
        sa.select(chat_completions).where(_table.project == project, _table.id == identifier)
    ).first()


def _insert_pairs(connection: sa.Connection, project: str, completion: Completion) -> None:
    pairs = [
        {"project": project, "completion": completion["id"], "key": key, "value": value}
        for key, value in (completion.get("metadata") or {}).items()
    ]
    if pairs:
        connection.execute(sa.insert(chat_completion_metadata), pairs)


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _decode(text: str) -> Any:
    return msgspec.json.decode(text)
