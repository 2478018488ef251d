"""Profits by period: from a CSV file, and from the ledger's months."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from pleiade.settlement.agreement import Agreement
from pleiade.settlement.amounts import to_units
from pleiade.settlement.errors import SettlementError
from pleiade.settlement.periods import check_order, parse_period
from pleiade.settlement.settling import Profit

COLUMNS = ("period", "profit")
NANO = 9  # the ledger counts in 10^-9 of the currency
MAX_MONTHS = 1200
_MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])", re.ASCII)


def read_profits(data: bytes, agreement: Agreement, name: str) -> list[Profit]:
    """Profits of a CSV file: a heading `period,profit` (and `currency`, if you like), then a line for each period.

    Raises SettlementError, with `name` and the number of the line, for the first thing that is wrong.
    """
    try:
        text = data.decode("utf-8-sig")  # spreadsheets begin their files with a mark
    except UnicodeDecodeError as error:
        raise SettlementError(f"{name} is not UTF-8 text; save it as CSV in UTF-8") from error
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    profits: list[Profit] = []
    where: list[str] = []
    heading: list[str] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            line = f"{name}, line {reader.line_num}"
            if not heading:
                heading = _heading(row, line)
                continue
            profits.append(_profit(dict(zip(heading, _cells(row, heading, line), strict=True)), agreement, line))
            where.append(line)
    except csv.Error as error:
        raise SettlementError(
            f"{name}, line {reader.line_num}: not readable as CSV ({error}); mend this line"
        ) from error
    if not profits:
        raise SettlementError(f"{name} has no periods; write a heading `period,profit` and a line for each period")
    check_order([profit.period for profit in profits], where)
    return profits


def _heading(row: list[str], line: str) -> list[str]:
    names = [cell.strip().lower() for cell in row]
    if sorted(names) not in (sorted(COLUMNS), sorted((*COLUMNS, "currency"))):
        raise SettlementError(
            f"{line}: the heading is {','.join(row)!r}; write period,profit (and currency, if you like)"
        )
    return names


def _cells(row: list[str], heading: list[str], line: str) -> list[str]:
    if len(row) != len(heading):
        raise SettlementError(
            f"{line}: {len(row)} fields where the heading has {len(heading)}; "
            "write numbers without commas for thousands"
        )
    return [cell.strip() for cell in row]


def _profit(cells: dict[str, str], agreement: Agreement, line: str) -> Profit:
    currency = cells.get("currency", agreement.currency)
    if currency != agreement.currency:
        raise SettlementError(
            f"{line}: the profit is in {currency or 'no currency'}, the agreement in {agreement.currency}; "
            "convert it first"
        )
    try:
        return Profit(parse_period(cells["period"]), to_units(cells["profit"], agreement.digits, "the profit"))
    except SettlementError as error:
        raise SettlementError(f"{line}: {error}") from error


def months_of(text: str) -> list[str]:
    """The months that `text` names: "2026-01..2026-06", "2026-01,2026-02" or one. Raises SettlementError."""
    months: list[str] = []
    for piece in text.split(","):
        first, dots, last = (end.strip() for end in piece.partition(".."))
        begin, end = _month(first, text), _month(last if dots else first, text)
        if end < begin or end - begin >= MAX_MONTHS:
            raise SettlementError(
                f"months {text!r}: {piece.strip()} is no span of 1 to {MAX_MONTHS} months; turn it round"
            )
        months += [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(begin, end + 1)]
    return months


def _month(text: str, whole: str) -> int:
    match = _MONTH.fullmatch(text)
    if match is None:
        raise SettlementError(f"months {whole!r}: {text!r} is no month; write 2026-01..2026-06, or 2026-01,2026-02")
    return int(match[1]) * 12 + int(match[2]) - 1


def ledger_profits(
    rows: Sequence[tuple[str, int, str]],
    months: Sequence[str],
    agreement: Agreement,
    settled: Mapping[tuple[date, date], int] | None = None,
) -> tuple[list[Profit], int]:
    """The ledger's rows (month, profit in nano, currency) as profits of exactly `months`; and what came too late.

    Where the agreement's smallest unit is coarser than the ledger's, the sum since the first month is rounded (half
    to even), and a month is the difference of two such sums: over the months nothing is lost.
    A month that is settled already (`settled`: its first and last day, and profit) stays as it was: what the ledger has
    booked for it since comes into the first month that is not; where there is none, it is the answer's second part.
    Raises SettlementError for a month that the ledger does not have, or that is in another currency.
    """
    found = _by_month(rows, agreement)
    missing = [month for month in months if month not in found]
    if missing:
        raise SettlementError(
            f"the ledger has no profit in {agreement.currency} for {missing[0]}; name months that it has booked"
        )
    periods = [parse_period(month) for month in months]
    check_order(periods, [f"months, {month}" for month in months])
    stays = settled or {}
    profits: list[Profit] = []
    so_far = given = 0
    for month, period in zip(months, periods, strict=True):
        so_far += found[month]
        units = round(Fraction(so_far, 10 ** (NANO - agreement.digits))) - given
        profits.append(Profit(period, stays.get((period.first, period.last), units)))
        given += profits[-1].units
    return profits, round(Fraction(so_far, 10 ** (NANO - agreement.digits))) - given


def _by_month(rows: Sequence[tuple[str, int, str]], agreement: Agreement) -> dict[str, int]:
    """The agreement's currency by month, in nano; another one in which there is profit is refused."""
    found: dict[str, int] = {}
    for month, nano, currency in rows:
        if currency == agreement.currency:
            if month in found:
                raise SettlementError(f"the ledger gives the month {month} twice; run `pleiade ledger verify`")
            found[month] = nano
        elif nano:
            raise SettlementError(
                f"the ledger's profit of {month} is in {currency} too, the agreement in {agreement.currency}; settle "
                "each currency by an agreement of its own, with --only-its-currency"
            )
    return found
