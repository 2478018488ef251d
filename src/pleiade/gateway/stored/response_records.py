"""Stored responses in the database: functions on a connection, always by project."""

import time
import zlib
from collections.abc import Sequence
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.store.objects import response_events, response_items, responses

Response = dict[str, Any]
Item = dict[str, Any]

CHAIN_LIMIT = 1000  # responses that one may follow
_ITEM_ID_LENGTH = 128


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A response at rest."""

    response: Response  # the Response object
    input: list[Item]  # its own input items, without those of the responses before it
    cancelling: bool
    alive: int  # Unix seconds: last sign of life while it is being made


def insert(
    connection: sa.Connection,
    project: str,
    response: Response,
    items: list[Item],
    frames: list[bytes],
    owner: str = "",
) -> None:
    """Keep `response` with its own input `items`, and its events, if streamed (`frames`, from number 0)."""
    connection.execute(
        sa.insert(responses).values(
            id=response["id"],
            project=project,
            owner=owner,
            created=response["created_at"],
            status=response["status"],
            previous=response["previous_response_id"] or "",
            body=_encode(response),
            input=_encode(items),
            cancelling=False,
            alive=int(time.time()),
        )
    )
    _index_items(connection, response["id"], [*items, *response["output"]])
    append_events(connection, response["id"], 0, frames)


def update(connection: sa.Connection, response: Response, first: int, frames: list[bytes]) -> bool:
    """Bring a response to its present state and add events from number `first` on.

    Returns whether its end was asked for meanwhile; also where it was deleted (then nothing is written).
    """
    row = connection.execute(
        sa.update(responses)
        .where(responses.c.id == response["id"])
        .values(status=response["status"], body=_encode(response), alive=int(time.time()))
        .returning(responses.c.cancelling)
    ).first()
    if row is None:
        return True
    _index_items(connection, response["id"], response["output"])
    append_events(connection, response["id"], first, frames)
    return bool(row.cancelling)


def append_events(connection: sa.Connection, response: str, first: int, frames: list[bytes]) -> None:
    """Keep events `first`, `first` + 1, …, as they were framed."""
    if frames:
        connection.execute(
            sa.insert(response_events).values(
                response=response,
                first=first,
                last=first + len(frames) - 1,
                frames=zlib.compress(b"".join(frames), 1),
            )
        )


def find(connection: sa.Connection, project: str, identifier: str) -> Record | None:
    """The response of that id, None where this project has none."""
    if "\0" in identifier:
        return None
    row = connection.execute(
        sa.select(responses).where(responses.c.id == identifier, responses.c.project == project)
    ).first()
    return None if row is None else _record(row)


def chain(connection: sa.Connection, project: str, identifier: str) -> list[Record] | None:
    """The response of that id and all that came before it, oldest first.

    None where the response, or one before it, is not there (any more).
    """
    if "\0" in identifier:
        return None
    start = (
        sa.select(responses.c.id, responses.c.previous, sa.literal(0).label("depth"))
        .where(responses.c.id == identifier, responses.c.project == project)
        .cte("chain", recursive=True)
    )
    before = sa.select(responses.c.id, responses.c.previous, start.c.depth + 1).where(
        responses.c.id == start.c.previous, responses.c.project == project, start.c.depth < CHAIN_LIMIT
    )
    links = start.union_all(before)
    rows = connection.execute(
        sa.select(responses).join(links, links.c.id == responses.c.id).order_by(links.c.depth.desc())
    ).all()
    if not rows or rows[0].previous:
        return None
    return [_record(row) for row in rows]


def events_after(connection: sa.Connection, response: str, after: int) -> list[bytes]:
    """The frames of the events whose number is above `after`."""
    rows = connection.execute(
        sa.select(response_events)
        .where(response_events.c.response == response, response_events.c.last > after)
        .order_by(response_events.c.first)
    ).all()
    frames = []
    for row in rows:
        parts = zlib.decompress(row.frames).split(b"\n\n")[:-1]
        frames += [part + b"\n\n" for number, part in enumerate(parts, row.first) if number > after]
    return frames


def find_items(connection: sa.Connection, project: str, identifiers: list[str]) -> dict[str, Item]:
    """Items of this project's responses, by id; those that are not there are missing."""
    wanted = [identifier for identifier in identifiers if "\0" not in identifier]
    rows = connection.execute(
        sa.select(responses.c.input, responses.c.body)
        .join(response_items, response_items.c.response == responses.c.id)
        .where(response_items.c.item.in_(wanted), responses.c.project == project)
        .distinct()
    ).all()
    found: dict[str, Item] = {}
    for row in rows:
        for item in [*_decode(row.input), *_decode(row.body)["output"]]:
            if item["id"] in wanted:
                found[item["id"]] = item
    return found


def ask_to_cancel(connection: sa.Connection, project: str, identifier: str) -> None:
    """Leave word for whoever makes this response that it shall end."""
    connection.execute(
        sa.update(responses).where(responses.c.id == identifier, responses.c.project == project).values(cancelling=True)
    )


def delete(connection: sa.Connection, project: str, identifier: str) -> bool:
    """Forget a response, its items and its events; False where this project has none of that id."""
    if "\0" in identifier:
        return False
    done = connection.execute(sa.delete(responses).where(responses.c.id == identifier, responses.c.project == project))
    return done.rowcount > 0


def forget(connection: sa.Connection, identifiers: Sequence[str]) -> None:
    """Forget responses by ids that we know from rows of ours, whosever they are."""
    for start in range(0, len(identifiers), 500):
        connection.execute(sa.delete(responses).where(responses.c.id.in_(identifiers[start : start + 500])))


def _index_items(connection: sa.Connection, response: str, items: list[Item]) -> None:
    known = set(connection.scalars(sa.select(response_items.c.item).where(response_items.c.response == response)))
    new = {item["id"] for item in items if len(item["id"]) <= _ITEM_ID_LENGTH and "\0" not in item["id"]} - known
    if new:
        connection.execute(sa.insert(response_items), [{"item": item, "response": response} for item in new])


def _record(row: sa.Row[Any]) -> Record:
    return Record(response=_decode(row.body), input=_decode(row.input), cancelling=row.cancelling, alive=row.alive)


def _encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _decode(text: str) -> Any:
    return msgspec.json.decode(text)
