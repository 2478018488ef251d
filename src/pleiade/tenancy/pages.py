"""Long lists, a page at a time, by the id of the last item seen: a page costs the same wherever it lies."""

from typing import Generic, TypeVar

import msgspec
import sqlalchemy as sa

from pleiade.tenancy.checks import storable
from pleiade.tenancy.errors import InvalidError, not_found

T = TypeVar("T")
MOST = 10_000


class Page(msgspec.Struct, Generic[T], frozen=True):
    """Some items of a list, and whether more follow."""

    items: tuple[T, ...]
    more: bool = False


def checked_limit(limit: int) -> int:
    """How many items a page shall have, 1 to 10,000. Raises InvalidError."""
    if not 1 <= limit <= MOST:
        raise InvalidError(f"the limit {limit} is not between 1 and {MOST}", param="limit")
    return limit


def page_rows(
    connection: sa.Connection,
    query: sa.Select[tuple[object, ...]],
    *,
    id: sa.ColumnElement[str],
    created: sa.ColumnElement[int],
    what: str,
    after: str = "",
    limit: int = 100,
    newest_first: bool = False,
) -> Page[sa.RowMapping]:
    """Rows of `query` in the order of their making, from right after the one whose `id` is `after`.

    Raises NotFoundError where `query` has no such row, InvalidError for an impossible limit.
    """
    limit = checked_limit(limit)
    if after:
        begin = None
        if storable(after):
            begin = connection.execute(
                query.with_only_columns(created.label("c"), id.label("i")).where(id == after)
            ).one_or_none()
        if begin is None:
            raise not_found(what, after)
        here, then = sa.tuple_(created, id), sa.tuple_(sa.literal(begin.c), sa.literal(begin.i))
        query = query.where(here < then if newest_first else here > then)
    order = (created.desc(), id.desc()) if newest_first else (created.asc(), id.asc())
    rows = connection.execute(query.order_by(*order).limit(limit + 1)).mappings().all()
    return Page(tuple(rows[:limit]), len(rows) > limit)
