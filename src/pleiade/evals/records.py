"""Evals in the database: functions on a connection, always by project."""

from __future__ import annotations

import secrets
import time
import zlib
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from pleiade.evals.errors import InvalidError, NotFoundError
from pleiade.evals.nouns import OVER, Eval, EvalItem, EvalRun, RunStatus
from pleiade.store.evals import eval_items, eval_runs, evals

SECOND = 1_000_000
T = TypeVar("T")

_eval, _run, _item = evals.c, eval_runs.c, eval_items.c


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """What part of a list is wanted; `status` of runs or items, "" = any."""

    limit: int = 20
    after: str = ""
    descending: bool = False
    status: str = ""
    by_update: bool = False  # evals: by their last change instead of their creation


class RunRow(msgspec.Struct, frozen=True, kw_only=True):
    """A run, the job that runs it, and the project whose it is."""

    run: EvalRun
    job: str
    project: str


def new_id(prefix: str) -> str:
    """A fresh identifier: 128 random bits."""
    return f"{prefix}{secrets.token_hex(16)}"


def insert(connection: sa.Connection, project: str, value: Eval) -> None:
    """Keep a new eval."""
    now = _now()
    connection.execute(
        sa.insert(evals).values(id=value.id, project=project, created=now, updated=now, body=_text(value))
    )


def find(connection: sa.Connection, project: str, identifier: str) -> Eval:
    """The eval of that id. Raises NotFoundError."""
    return _decoded(_eval_row(connection, project, identifier).body, Eval)


def replace(connection: sa.Connection, project: str, value: Eval) -> None:
    """Its name or its metadata changed. Raises NotFoundError."""
    _eval_row(connection, project, value.id)
    connection.execute(sa.update(evals).where(_eval.id == value.id).values(updated=_now(), body=_text(value)))


def delete(connection: sa.Connection, project: str, identifier: str) -> list[str]:
    """Forget an eval with its runs; gives the jobs that may still run them. Raises NotFoundError."""
    _eval_row(connection, project, identifier)
    jobs = connection.execute(sa.select(_run.job).where(_run.eval == identifier)).scalars().all()
    connection.execute(sa.delete(evals).where(_eval.id == identifier))
    return list(jobs)


def list_evals(connection: sa.Connection, project: str, wanted: Listing) -> tuple[list[Eval], bool]:
    """One page of a project's evals, and whether there are more. Raises InvalidError for an unknown `after`."""
    order = _eval.updated if wanted.by_update else _eval.created
    rows, more = _page(connection, sa.select(evals).where(_eval.project == project), order, _eval.id, wanted)
    return [_decoded(row.body, Eval) for row in rows], more


def insert_run(connection: sa.Connection, run: EvalRun, job: str) -> None:
    """Keep a new run, which `job` runs."""
    connection.execute(
        sa.insert(eval_runs).values(
            id=run.id, eval=run.eval_id, job=job, created=_now(), status=run.status, body=_text(run)
        )
    )


def find_run(connection: sa.Connection, project: str, of_eval: str, identifier: str) -> RunRow:
    """The run of that id of that eval. Raises NotFoundError."""
    found = None
    if _plain(of_eval) and _plain(identifier):
        query = sa.select(eval_runs).join(evals, _eval.id == _run.eval)
        found = connection.execute(
            query.where(_eval.project == project, _run.eval == of_eval, _run.id == identifier)
        ).first()
    if found is None:
        raise NotFoundError("EvalRun", identifier)
    return RunRow(run=_decoded(found.body, EvalRun), job=found.job, project=project)


def run_of(connection: sa.Connection, identifier: str) -> tuple[EvalRun, Eval] | None:
    """A run with its eval, for whoever runs it; None where it was deleted."""
    query = sa.select(_run.body, _eval.body.label("of")).join(evals, _eval.id == _run.eval)
    row = connection.execute(query.where(_run.id == identifier)).first()
    return None if row is None else (_decoded(row.body, EvalRun), _decoded(row.of, Eval))


def list_runs(connection: sa.Connection, project: str, of_eval: str, wanted: Listing) -> tuple[list[EvalRun], bool]:
    """One page of an eval's runs. Raises NotFoundError, InvalidError."""
    _eval_row(connection, project, of_eval)
    query = sa.select(eval_runs).where(_run.eval == of_eval)
    if wanted.status:
        query = query.where(_run.status == wanted.status)
    rows, more = _page(connection, query, _run.created, _run.id, wanted)
    return [_decoded(row.body, EvalRun) for row in rows], more


def update_run(connection: sa.Connection, run: EvalRun) -> bool:
    """Bring a run to its present state; False where it is over already, or deleted: then nothing is written."""
    done = connection.execute(
        sa.update(eval_runs)
        .where(_run.id == run.id, _run.status.not_in(OVER))
        .values(status=run.status, body=_text(run))
    )
    return done.rowcount > 0


def delete_run(connection: sa.Connection, project: str, of_eval: str, identifier: str) -> str:
    """Forget a run; gives the job that may still run it. Raises NotFoundError."""
    found = find_run(connection, project, of_eval, identifier)
    connection.execute(sa.delete(eval_runs).where(_run.id == identifier))
    return found.job


def insert_item(connection: sa.Connection, item: EvalItem, usage: dict[str, dict[str, int]]) -> None:
    """Keep what became of a row; one that is there already stays as it is."""
    there = sa.select(_item.number).where(_item.run == item.run_id, _item.number == item.datasource_item_id)
    if connection.execute(there).first() is None:
        connection.execute(
            sa.insert(eval_items).values(
                run=item.run_id,
                number=item.datasource_item_id,
                id=item.id,
                status=item.status,
                usage=usage,
                body=zlib.compress(msgspec.json.encode(item)),
            )
        )


def numbers_done(connection: sa.Connection, run: str) -> set[int]:
    """Rows that are graded already."""
    return set(connection.execute(sa.select(_item.number).where(_item.run == run)).scalars())


def items_of(connection: sa.Connection, run: str) -> Iterable[tuple[EvalItem, dict[str, dict[str, int]]]]:
    """All items of a run in order, with the tokens that each used by model."""
    for row in connection.execute(sa.select(eval_items).where(_item.run == run).order_by(_item.number)):
        yield _unpacked(row.body), row.usage


def find_item(connection: sa.Connection, run: str, identifier: str) -> EvalItem:
    """One item of a run. Raises NotFoundError."""
    row = None
    if _plain(identifier):
        row = connection.execute(sa.select(eval_items).where(_item.run == run, _item.id == identifier)).first()
    if row is None:
        raise NotFoundError("EvalRunOutputItem", identifier)
    return _unpacked(row.body)


def list_items(connection: sa.Connection, run: str, wanted: Listing) -> tuple[list[EvalItem], bool]:
    """One page of a run's items, in the order of the data. Raises InvalidError."""
    query = sa.select(eval_items).where(_item.run == run)
    if wanted.status:
        query = query.where(_item.status == wanted.status)
    rows, more = _page(connection, query, _item.number, _item.id, wanted)
    return [_unpacked(row.body) for row in rows], more


def _eval_row(connection: sa.Connection, project: str, identifier: str) -> sa.Row[Any]:
    row = None
    if _plain(identifier):
        row = connection.execute(sa.select(evals).where(_eval.project == project, _eval.id == identifier)).first()
    if row is None:
        raise NotFoundError("Eval", identifier)
    return row


def _page(
    connection: sa.Connection, query: sa.Select[Any], order: sa.Column[int], key: sa.Column[str], wanted: Listing
) -> tuple[Sequence[sa.Row[Any]], bool]:
    place = sa.tuple_(order, key)
    if wanted.after:
        known = _plain(wanted.after)
        last = connection.execute(query.where(key == wanted.after)).first() if known else None
        if last is None:
            raise InvalidError(f"Invalid 'after': no item with id '{wanted.after[:100]}' is in this list.", "after")
        mark = sa.tuple_(sa.literal(last._mapping[order.name]), sa.literal(last._mapping[key.name]))
        query = query.where(place < mark if wanted.descending else place > mark)
    ordered = query.order_by(*(column.desc() if wanted.descending else column.asc() for column in (order, key)))
    rows = connection.execute(ordered.limit(wanted.limit + 1)).all()
    return rows[: wanted.limit], len(rows) > wanted.limit


def _plain(identifier: str) -> bool:
    """Whether it may be asked for: PostgreSQL knows no NUL in a text."""
    return len(identifier) <= 64 and "\0" not in identifier


def _unpacked(body: bytes) -> EvalItem:
    return _decoded(zlib.decompress(body), EvalItem)


def _decoded(body: str | bytes, kind: type[T]) -> T:
    return msgspec.json.decode(body, type=kind)


def _text(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()


def _now() -> int:
    return time.time_ns() // 1000


def is_over(status: RunStatus) -> bool:
    """Whether a run changes no more."""
    return status in OVER
