"""Periods: a year, half, quarter, month, week or day, or a span of two of these."""

import re
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise

import msgspec

from pleiade.settlement.errors import SettlementError

_FORMS = "2026, 2026-H1, 2026-Q1, 2026-01, 2026-W05, 2026-01-31 or a span such as 2026-01..2026-03"
_LABEL = re.compile(r"(\d{4})(?:-(?:H([12])|Q([1-4])|W(\d\d)|(\d\d)(?:-(\d\d))?))?", re.ASCII)


class Period(msgspec.Struct, frozen=True):
    """A stretch of days, by the name that it has in its file."""

    label: str
    first: date
    last: date  # belongs to it

    @property
    def days(self) -> int:
        """How many days it has."""
        return (self.last - self.first).days + 1


def parse_period(text: str) -> Period:
    """The period that `text` names. Raises SettlementError for anything that is no stretch of the calendar."""
    label = text.strip()
    begin, dots, end = label.partition("..")
    try:
        first, last = _days(begin)[0], _days(end if dots else begin)[1]
    except (ValueError, OverflowError) as error:
        raise SettlementError(f"{text!r} is no period; write {_FORMS}") from error
    if last < first:
        raise SettlementError(f"the period {label!r} ends before it begins; turn its two dates round")
    return Period(label, first, last)


def _days(label: str) -> tuple[date, date]:
    """First and last day; ValueError where there is no such stretch."""
    match = _LABEL.fullmatch(label)
    if match is None:
        raise ValueError(label)
    year = int(match[1])
    half, quarter, week, month, day = (int(part) if part else 0 for part in match.groups()[1:])
    if match[4]:
        return date.fromisocalendar(year, week, 1), date.fromisocalendar(year, week, 7)
    if match[6]:
        return date(year, month, day), date(year, month, day)
    if match[5]:
        return _months(year, month, 1)
    if quarter:
        return _months(year, 3 * quarter - 2, 3)
    return _months(year, 6 * half - 5, 6) if half else _months(year, 1, 12)


def _months(year: int, month: int, count: int) -> tuple[date, date]:
    last = month + count - 1
    end = date(year, 12, 31) if last == 12 else date(year, last + 1, 1) - timedelta(days=1)
    return date(year, month, 1), end


def check_order(periods: Sequence[Period], where: Sequence[str]) -> None:
    """Refuse periods that come twice, out of order, or share days; `where` says of each where it stands.

    Raises SettlementError for the first one that is wrong.
    """
    seen: dict[tuple[date, date], int] = {}
    for number, period in enumerate(periods):
        earlier = seen.setdefault((period.first, period.last), number)
        if earlier != number:
            raise SettlementError(
                f"{where[number]}: the period {period.label} comes twice, first in {where[earlier]}; leave one out"
            )
        if not number:
            continue
        before = periods[number - 1]
        if period.last < before.first:
            raise SettlementError(
                f"{where[number]}: the period {period.label} stands after {before.label}; put periods in order of time"
            )
        if period.first <= before.last:
            raise SettlementError(
                f"{where[number]}: the periods {before.label} and {period.label} overlap; a day belongs to one period"
            )


def gaps(periods: Sequence[Period]) -> list[str]:
    """Stretches without a period between the first and the last one, as "2026-02-01..2026-02-28"."""
    missing = []
    for before, after in pairwise(periods):
        first, last = before.last + timedelta(days=1), after.first - timedelta(days=1)
        if first <= last:
            missing.append(f"{first}..{last}")
    return missing
