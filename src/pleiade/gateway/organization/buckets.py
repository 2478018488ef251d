"""Buckets of time, as OpenAI's usage and costs are told in: which ones a request asks for, a page at a time."""

import base64
import binascii
import time

import msgspec

from pleiade.gateway.errors import bad_request
from pleiade.gateway.organization.fields import Query

WIDTHS = {"1d": 86400, "1h": 3600, "1m": 60}
LATEST = 253_402_300_799  # 9999-12-31


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The buckets of one page, from `start` to before `end`, each `width` seconds; `next` begins the page after."""

    start: int  # Unix seconds
    end: int
    width: int
    next: str | None

    @property
    def starts(self) -> range:
        """Where each bucket begins."""
        return range(self.start, self.end, self.width)


def parse_window(query: Query, widths: tuple[str, ...], limits: dict[str, tuple[int, int]]) -> Window:
    """The page of buckets that `query` asks for; `limits` are the default and the most buckets of each width.

    Time before `start_time` or after `end_time` is in the first and last bucket all the same: buckets are those of
    the clock (UTC). Raises ApiError 400.
    """
    if not query.text("start_time"):
        raise bad_request(
            "Missing required parameter: 'start_time'.", param="start_time", code="missing_required_parameter"
        )
    name = query.choice("bucket_width", widths)
    width = WIDTHS[name]
    begin = _moment(query, "start_time", 0)
    end = _moment(query, "end_time", int(time.time()) + 1) or int(time.time()) + 1
    default, most = limits[name]
    limit = query.limit(most, default)
    first, last = begin - begin % width, -(-end // width) * width
    page = query.text("page")
    start = _start_of(page) if page else first
    if page and (start % width or not first <= start < max(last, first + 1)):
        raise _lost(page)
    stop = min(start + limit * width, last)
    return Window(start=start, end=stop, width=width, next=_page(stop) if stop < last else None)


def _moment(query: Query, name: str, default: int) -> int:
    moment = query.whole(name, default)
    if not 0 <= moment <= LATEST:
        raise bad_request(
            f"Invalid '{name}': expected Unix seconds from 0 to {LATEST}, but got {moment} instead.",
            param=name,
            code="invalid_value",
        )
    return moment


def _page(start: int) -> str:
    return "page_" + base64.urlsafe_b64encode(str(start).encode()).decode().rstrip("=")


def _start_of(page: str) -> int:
    try:
        text = page.removeprefix("page_")
        start = int(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, binascii.Error) as error:
        raise _lost(page) from error
    if _page(start) != page:
        raise _lost(page)
    return start


def _lost(page: str) -> Exception:
    return bad_request(
        f"Invalid 'page': '{page[:100]}' is no next_page of this request.", param="page", code="invalid_value"
    )
