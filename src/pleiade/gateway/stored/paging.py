"""Cursor paging, the same for every list: `limit`, `after`, `order` in, a page with `has_more` out."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs

import msgspec

from pleiade.gateway.errors import bad_request

DEFAULT_LIMIT, MAX_LIMIT = 20, 100


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What part of a list is wanted."""

    limit: int = DEFAULT_LIMIT
    after: str = ""  # id of the last item that the caller has
    descending: bool = False


def parse_page(query: bytes, *, descending: bool, default: int = DEFAULT_LIMIT, most: int = MAX_LIMIT) -> Page:
    """The page that a query string asks for; `descending` is the list's default order. Raises ApiError."""
    values = parse_qs(query.decode("latin-1"))
    limit_text = values.get("limit", [str(default)])[-1]
    try:
        limit = int(limit_text)
    except ValueError:
        raise bad_request(
            f"Invalid type for 'limit': expected an integer, but got '{limit_text[:40]}' instead.",
            param="limit",
            code="invalid_type",
        ) from None
    if not 0 <= limit <= most:
        raise bad_request(
            f"Invalid 'limit': expected an integer from 1 to {most}, but got {limit} instead.",
            param="limit",
            code="invalid_value",
        )
    order = values.get("order", [""])[-1]
    if order not in ("", "asc", "desc"):
        raise bad_request(
            f"Invalid value: '{order[:40]}'. Supported values are: 'asc', 'desc'.",
            param="order",
            code="invalid_value",
        )
    return Page(
        limit=limit,
        after=values.get("after", [""])[-1],
        descending=order == "desc" if order else descending,
    )


def page_of(items: list[dict[str, Any]], page: Page) -> dict[str, Any]:
    """The page of `items` (oldest first, each with an id) as a list object. Raises ApiError."""
    ordered = items[::-1] if page.descending else items
    start = 0
    if page.after:
        places = [index for index, item in enumerate(ordered) if item["id"] == page.after]
        if not places:
            raise lost_cursor(page.after)
        start = places[0] + 1
    return list_object(ordered[start : start + page.limit], has_more=start + page.limit < len(ordered))


def list_object(data: Sequence[Any], *, has_more: bool) -> dict[str, Any]:
    """OpenAI's list object around one page."""
    return {
        "object": "list",
        "data": data,
        "first_id": _id_of(data[0]) if data else None,
        "last_id": _id_of(data[-1]) if data else None,
        "has_more": has_more,
    }


def _id_of(item: Any) -> str:
    found: str = item["id"] if isinstance(item, dict) else item.id
    return found


def lost_cursor(after: str) -> Exception:
    """400: `after` names nothing in this list."""
    return bad_request(
        f"Invalid 'after': no item with id '{after[:100]}' is in this list.",
        param="after",
        code="invalid_value",
    )
