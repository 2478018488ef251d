"""Lessons in the database: functions on a connection."""

import time
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.lessons.errors import InvalidError, NotFoundError
from pleiade.lessons.nouns import OVER, Lesson, LessonPlan, Stored, Wish
from pleiade.store.lessons import lessons

_row = lessons.c


def insert(connection: sa.Connection, stored: Stored) -> None:
    """Keep a new lesson. Raises InvalidError where its deployment has one that is not over."""
    lesson = stored.lesson
    busy = connection.scalar(sa.select(_row.id).where(_row.busy == lesson.deployment))
    if busy is not None:
        raise InvalidError(
            f"{lesson.deployment} has a lesson that is not over, {busy}: promote it or roll it back first.",
            "deployment",
            "lesson_under_way",
        )
    connection.execute(
        sa.insert(lessons).values(
            id=lesson.id,
            organisation=stored.organisation,
            project=lesson.project_id,
            deployment=lesson.deployment,
            created=time.time_ns() // 1000,
            state=lesson.state,
            wish="",
            busy=lesson.deployment,
            body=_text(lesson),
            plan=_text(stored.plan),
        )
    )


def load(connection: sa.Connection, identifier: str) -> Stored | None:
    """The lesson of that id, for whoever works on it."""
    row = connection.execute(sa.select(lessons).where(_row.id == identifier)).first()
    return None if row is None else _stored(row)


def find(connection: sa.Connection, organisation: str, identifier: str) -> Stored:
    """The organisation's lesson of that id. Raises NotFoundError."""
    row = None
    if len(identifier) <= 64 and "\0" not in identifier:
        mine = sa.and_(_row.id == identifier, _row.organisation == organisation)
        row = connection.execute(sa.select(lessons).where(mine)).first()
    if row is None:
        raise NotFoundError("Lesson", identifier)
    return _stored(row)


def list_page(
    connection: sa.Connection, organisation: str, *, limit: int, after: str = ""
) -> tuple[list[Lesson], bool]:
    """One page of the organisation's lessons, newest first, and whether there are more. Raises InvalidError."""
    query = sa.select(lessons).where(_row.organisation == organisation)
    if after:
        known = len(after) <= 64 and "\0" not in after
        last = connection.execute(query.where(_row.id == after)).first() if known else None
        if last is None:
            raise InvalidError(f"Invalid 'after': no lesson with id '{after[:100]}' is in this list.", "after")
        query = query.where(sa.tuple_(_row.created, _row.id) < sa.tuple_(sa.literal(last.created), sa.literal(last.id)))
    rows = connection.execute(query.order_by(_row.created.desc(), _row.id.desc()).limit(limit + 1)).all()
    return [_stored(row).lesson for row in rows[:limit]], len(rows) > limit


def change(connection: sa.Connection, identifier: str, *, plan: LessonPlan | None = None, **fields: Any) -> Lesson:
    """The lesson with those fields changed; one that is over sets its deployment free."""
    row = connection.execute(sa.select(lessons).where(_row.id == identifier).with_for_update()).one()
    lesson = msgspec.structs.replace(msgspec.json.decode(row.body, type=Lesson), **fields)
    values: dict[str, Any] = {"body": _text(lesson), "state": lesson.state}
    if plan is not None:
        values["plan"] = _text(plan)
    if lesson.state in OVER:
        values |= {"busy": None, "wish": ""}
    connection.execute(sa.update(lessons).where(_row.id == identifier).values(**values))
    return lesson


def decide(connection: sa.Connection, identifier: str, wish: Wish) -> bool:
    """Write down what shall become of a lesson; False where that was decided before, or it is over."""
    free = sa.and_(_row.id == identifier, _row.wish == "", _row.state.not_in(sorted(OVER)))
    return connection.execute(sa.update(lessons).where(free).values(wish=wish)).rowcount > 0


def _stored(row: sa.Row[Any]) -> Stored:
    return Stored(
        lesson=msgspec.json.decode(row.body, type=Lesson),
        plan=msgspec.json.decode(row.plan, type=LessonPlan),
        organisation=row.organisation,
        wish=row.wish,
    )


def _text(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
