"""What a batch's lines have: answers of models, written down before they are paid for, and results.

The row of an answer is what makes a line be paid once: whoever cannot write it, because it is there already or because
the database is away, pays nothing.
"""

import zlib
from collections.abc import Iterator

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from pleiade.store.jobs import batch_lines

RESULT = ""  # the `part` of a line's result; answers of models have "@" and which of the line's calls it was
_CHUNK = 200  # rows that are read at once

_line = batch_lines.c


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How a line ended."""

    number: int
    custom_id: str
    status: int  # of the HTTP answer; 0 = there was none, and `body` says why
    request: str
    body: bytes  # JSON


def keep_answer(
    connection: sa.Connection, batch: str, number: int, part: str, request: str, body: bytes
) -> bytes | None:
    """Write down what a model answered; None, or the answer that was there before."""
    where = sa.and_(_line.batch == batch, _line.number == number, _line.part == f"@{part}")
    if _insert(
        connection, batch, Result(number=number, custom_id="", status=200, request=request, body=body), f"@{part}"
    ):
        return None
    there = connection.scalar(sa.select(_line.body).where(where))
    return zlib.decompress(there) if there is not None else body


def find_answer(connection: sa.Connection, batch: str, number: int, part: str) -> bytes | None:
    """What a model answered to a call of a line; None where it has not."""
    where = sa.and_(_line.batch == batch, _line.number == number, _line.part == f"@{part}")
    found = connection.scalar(sa.select(_line.body).where(where))
    return None if found is None else zlib.decompress(found)


def keep_result(connection: sa.Connection, batch: str, result: Result) -> bool:
    """Write down how a line ended; False where that is known already."""
    return _insert(connection, batch, result, RESULT)


def known(connection: sa.Connection, batch: str) -> dict[int, int]:
    """Statuses of the lines that have ended, by number."""
    rows = connection.execute(sa.select(_line.number, _line.status).where(_line.batch == batch, _line.part == RESULT))
    return {row.number: row.status for row in rows}


def results(connection: sa.Connection, batch: str) -> Iterator[Result]:
    """How the lines ended, in the order of the input, a few in memory at a time."""
    after = 0
    while True:
        rows = connection.execute(
            sa.select(batch_lines)
            .where(_line.batch == batch, _line.part == RESULT, _line.number > after)
            .order_by(_line.number)
            .limit(_CHUNK)
        ).all()
        for row in rows:
            yield Result(
                number=row.number,
                custom_id=row.custom_id,
                status=row.status,
                request=row.request,
                body=zlib.decompress(row.body),
            )
        if len(rows) < _CHUNK:
            return
        after = rows[-1].number


def forget(connection: sa.Connection, batch: str) -> None:
    """A batch is over: its files say what its lines had."""
    connection.execute(sa.delete(batch_lines).where(_line.batch == batch))


def _insert(connection: sa.Connection, batch: str, result: Result, part: str) -> bool:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    values = {**msgspec.structs.asdict(result), "batch": batch, "part": part, "body": zlib.compress(result.body, 1)}
    fresh = insert(batch_lines).values(values).on_conflict_do_nothing().returning(_line.number)
    return connection.execute(fresh).first() is not None
